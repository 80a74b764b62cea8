"""Write what an instructor keeps: the table of marks, feedback, and the formats of other tools."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from course.grading.intake import printable

Record = dict[str, Any]

COLUMNS = ("student", "status", "raw", "penalty", "score", "max", "seconds", "note")


class GradebookError(Exception):
    """A date, a rule or a file that cannot be understood; the text names it and the way out."""


# -- late work -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lateness:
    """When work is due, what a late day costs, and how long nobody looks at the clock."""

    due: datetime
    share: float = 0.0
    """Part of the marks taken off for each day begun, 0 to 1."""
    grace: timedelta = timedelta()

    def penalty(self, submitted: datetime | None) -> float:
        """Return the part of the marks (0 to 1) that is taken off."""
        if submitted is None or submitted <= self.due + self.grace:
            return 0.0
        days = -((self.due - submitted) // timedelta(days=1))  # a day begun counts
        return min(1.0, days * self.share)


def moment(text: str) -> datetime:
    """Read a point in time (ISO 8601, with its offset from UTC)."""
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError:
        raise GradebookError(f"{text!r} is no time such as 2026-03-01T23:59+08:00.") from None
    if value.tzinfo is None:
        raise GradebookError(f"{text!r} does not say its time zone, such as +08:00 or +00:00.")
    return value


def lateness(due: str, late: str, grace: str) -> Lateness:
    """Read ``--due``, ``--late 10%/day`` and ``--grace 15m``."""
    rule = re.fullmatch(r"(\d+(?:\.\d+)?)%/day", late)
    if not rule or float(rule[1]) > 100:
        raise GradebookError(f"--late: {late!r} is not of the form 10%/day.")
    span = re.fullmatch(r"(\d+)([mhd])", grace)
    if not span:
        raise GradebookError(f"--grace: {grace!r} is not of the form 15m, 2h or 1d.")
    unit = {"m": "minutes", "h": "hours", "d": "days"}[span[2]]
    return Lateness(moment(due), float(rule[1]) / 100, timedelta(**{unit: int(span[1])}))


def read_times(path: Path) -> dict[str, datetime]:
    """Read when each student handed in: a CSV file with the columns student and submitted."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"student", "submitted"} <= rows[0].keys():
        raise GradebookError(f"{path} must have the columns student and submitted.")
    return {row["student"]: moment(row["submitted"]) for row in rows}


def with_penalty(
    record: Record, rule: Lateness | None, times: Mapping[str, datetime]
) -> tuple[float, float | None]:
    """Return the part taken off and the mark that is left; None where nothing was graded."""
    part = rule.penalty(times.get(record["student"])) if rule else 0.0
    raw = record["score"]
    return part, None if raw is None else round(raw * (1 - part), 2)


# -- files -----------------------------------------------------------------------------------


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula (CSV injection, OWASP)."""
    text = printable(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def file_name(student: str, taken: set[str]) -> str:
    """Return a file name made of a student's name, for all systems, each only once."""
    name = re.sub(r"[^\w.-]+", "_", printable(student)).strip("._")[:60] or "student"
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name):
        name = f"_{name}"
    unique, number = name, 1
    while unique.casefold() in taken:
        number += 1
        unique = f"{name}-{number}"
    taken.add(unique.casefold())
    return unique


def write_grades(
    path: Path, records: Iterable[Record], marks: Mapping[str, tuple[float, float | None]]
) -> None:
    """Write ``grades.csv``: a line for each student, names safe for spreadsheets."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for record in records:
            part, score = marks[record["key"]]
            writer.writerow(
                [
                    safe_cell(record["student"]),
                    record["status"],
                    _number(record["score"]),
                    f"{part:.0%}" if part else "",
                    _number(score),
                    _number(record["max"]),
                    f"{record['seconds']:.2f}",
                    safe_cell(record["note"]) if record["note"] else "",
                ]
            )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def write_feedback(
    folder: Path, records: Iterable[Record], marks: Mapping[str, tuple[float, float | None]]
) -> None:
    """Write ``feedback/<student>.md``: tasks, messages and hints; of hidden tests the points."""
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    for record in records:
        text = feedback(record, *marks[record["key"]])
        (folder / f"{file_name(record['student'], taken)}.md").write_text(text, "utf-8")


def feedback(record: Record, part: float, score: float | None) -> str:
    """Return what a student reads about their submission, as Markdown."""
    lines = [f"# {_plain(record['student'])}", ""]
    if score is None:
        lines.append("This could not be graded, for a reason that is not yours. It will be.")
    else:
        late = f", after {part:.0%} for lateness" if part else ""
        lines.append(f"**{score:g} of {record['max']:g} points**{late} ({record['status']}).")
    if record["status"] == "missing" and record["note"]:
        lines += ["", _plain(record["note"])]
    for exercise in record["exercises"]:
        points = "-" if exercise["score"] is None else f"{exercise['score']:g}"
        lines += ["", f"## {exercise['exercise']}: {points} of {exercise['max']:g}", ""]
        if exercise["status"] == "missing":
            lines.append("Not handed in.")
        told: set[str] = set()
        for cases in _by_function(exercise["tests"]):
            first = next((test for test in cases if test["outcome"] != "passed"), cases[0])
            mark = "x" if first["outcome"] == "passed" else " "
            earned, most = (round(sum(t[n] for t in cases), 3) for n in ("score", "points"))
            about = "a hidden test" if first["hidden"] else _plain(first["about"])
            lines.append(f"- [{mark}] {about} ({earned:g} of {most:g})")
            if not first["hidden"] and first["message"] and first["message"] not in told:
                told.add(first["message"])
                lines += ["", *_fenced(first["message"]), ""]
                if first["hint"]:
                    lines += [f"  Hint: {_plain(first['hint'])}", ""]
    return "\n".join(lines) + "\n"


def _by_function(tests: list[Record]) -> list[list[Record]]:
    """Return the tests in their order, the cases of one test function together."""
    together: dict[str, list[Record]] = {}
    for test in tests:
        together.setdefault(test["test"].partition("[")[0], []).append(test)
    return list(together.values())


def _plain(text: str) -> str:
    """Return a text as one line in which Markdown and HTML see nothing to obey."""
    return re.sub(r"([\\`*_\[\]<>#|&!])", r"\\\1", " ".join(printable(text).split()))


def _fenced(text: str) -> list[str]:
    lines = ["".join(c if c.isprintable() else "?" for c in line) for line in text.splitlines()]
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"  {line}" for line in (f"{fence}text", *lines[:60], fence)]


def write_gradescope(
    folder: Path, records: Iterable[Record], marks: Mapping[str, tuple[float, float | None]]
) -> None:
    """Write Gradescope's ``results.json`` for each student.

    https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
    """
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    for record in records:
        _, score = marks[record["key"]]
        if score is None:
            continue
        tests = [
            {
                "name": f"{exercise['exercise']} {test['test']}",
                "number": str(test["task"] or ""),
                "score": round(test["score"], 3),
                "max_score": round(test["points"], 3),
                "status": test["outcome"],
                "output": "" if test["hidden"] else test["message"],
                "visibility": "hidden" if test["hidden"] else "visible",
            }
            for exercise in record["exercises"]
            for test in exercise["tests"]
        ]
        result = {
            "score": score,
            "execution_time": record["seconds"],
            "output": record["note"],
            "visibility": "visible",
            "stdout_visibility": "hidden",
            "tests": tests,
        }
        name = file_name(record["student"], taken)
        (folder / f"{name}.json").write_text(json.dumps(result, indent=1), "utf-8")


def write_junit(path: Path, records: Iterable[Record]) -> None:
    """Write one JUnit file: a suite for each student, a case for each test."""
    root = ET.Element("testsuites")
    for record in records:
        tests = [(e, t) for e in record["exercises"] for t in e["tests"]]
        failures = sum(test["outcome"] == "failed" for _, test in tests)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=printable(record["student"]),
            tests=str(len(tests)),
            failures=str(failures),
            errors=str(int(record["status"] == "grader-error")),
            time=f"{record['seconds']:.3f}",
        )
        for exercise, test in tests:
            case = ET.SubElement(
                suite,
                "testcase",
                classname=exercise["exercise"],
                name=printable(test["test"]),
                time=f"{test['seconds']:.3f}",
            )
            if test["outcome"] == "failed":
                failure = ET.SubElement(case, "failure", message=test["kind"])
                failure.text = "\n".join(map(printable, test["message"].splitlines()[:60]))
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


# -- rosters ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Roster:
    """The file that an LMS exported; one column of it is filled, all else stays as it came."""

    path: Path
    header: list[str]
    rows: list[list[str]]
    kind: str
    column: int

    @property
    def is_moodle(self) -> bool:
        """Whether it is Moodle's grading worksheet (else Canvas's gradebook)."""
        return self.kind == "moodle"


def read_roster(path: Path, column: str | None) -> Roster:
    """Read Moodle's grading worksheet or Canvas's exported gradebook.

    ``column`` names the column to be filled; without it Moodle's ``Grade``, or Canvas's only
    assignment. A column that is not there is never made: Canvas would make an assignment of it.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    if not rows:
        raise GradebookError(f"{path} is empty.")
    header = rows[0]
    if "Student" in header and "ID" in header:
        found = [name for name in header if re.search(r" \(\d+\)$", name)]
        chosen = column or (found[0] if len(found) == 1 else "")
        kind = "canvas"
    elif "Identifier" in header or "Email address" in header:
        found, chosen, kind = ["Grade"], column or "Grade", "moodle"
    else:
        raise GradebookError(
            f"{path} is neither Moodle's grading worksheet (columns Identifier, Grade) nor "
            "Canvas's gradebook (columns Student, ID)."
        )
    if chosen not in header:
        there = ", ".join(found) or "none"
        raise GradebookError(f"{path} has no column {chosen!r}; say --column and one of: {there}.")
    return Roster(path, header, rows[1:], kind, header.index(chosen))


def match(roster: Roster, records: Iterable[Record]) -> dict[int, Record]:
    """Return the record of each row, found by number first, then by an exact name.

    A name that two students share finds nobody: a wrong mark is worse than none.
    """
    by_number: dict[str, Record] = {}
    by_name: dict[str, list[Record]] = {}
    for record in records:
        by_number |= dict.fromkeys(record["numbers"], record)
        by_name.setdefault(_folded(record["student"]), []).append(record)
    found = {}
    for place, row in enumerate(roster.rows):
        cells = dict(zip(roster.header, row, strict=False))
        if roster.is_moodle:
            numbers = re.findall(r"\d+", cells.get("Identifier", ""))
            names = [
                cells.get(n, "") for n in ("Email address", "ID number", "Username", "Full name")
            ]
        else:
            numbers = [cells.get("ID", "")]
            last, _, first = cells.get("Student", "").partition(", ")
            names = [cells.get(n, "") for n in ("SIS Login ID", "SIS User ID", "Student")]
            names += [f"{first} {last}".strip(), f"{last}{first}"]
        hit = next((by_number[n] for n in numbers if n in by_number), None)
        for name in names if hit is None else ():
            hits = by_name.get(_folded(name), []) if name else []
            if len(hits) == 1:
                hit = hits[0]
                break
        if hit is not None:
            found[place] = hit
    return found


def _folded(name: str) -> str:
    return "".join(name.casefold().split())


def fill(
    roster: Roster, found: Mapping[int, Record], marks: Mapping[str, tuple[float, float | None]]
) -> list[list[str]]:
    """Return the rows with the column filled, scaled to the LMS's own maximum where it says one.

    Rows of nobody and of grader errors stay as they were.
    """
    points = None
    if not roster.is_moodle:
        for row in roster.rows[:2]:
            if row and row[0].strip() == "Points Possible":
                points = _float(row[roster.column])
    filled = []
    for place, row in enumerate(roster.rows):
        record = found.get(place)
        score = marks[record["key"]][1] if record else None
        if record is not None and score is not None:
            most = points
            if roster.is_moodle and "Maximum Grade" in roster.header:
                most = _float(row[roster.header.index("Maximum Grade")])
            scaled = score * most / record["max"] if most and record["max"] else score
            row = [*row]
            row[roster.column] = f"{round(scaled, 2):g}"
            if roster.is_moodle and "Feedback comments" in roster.header:
                row[roster.header.index("Feedback comments")] = summary(record)
        filled.append(row)
    return filled


def _float(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def summary(record: Record) -> str:
    """Return feedback of one line, as an LMS has room for it."""
    parts = [
        f"{e['exercise']} {'-' if e['score'] is None else format(e['score'], 'g')}/{e['max']:g}"
        for e in record["exercises"]
    ]
    return f"{record['status']}: {', '.join(parts)}"


def write_roster(path: Path, roster: Roster, rows: list[list[str]]) -> None:
    """Write the filled export."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(roster.header)
        writer.writerows(rows)


def now() -> str:
    """Return the time of the report, UTC, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
