"""Write what an instructor keeps: the table of marks, feedback, and the formats of other tools."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from course.grading.classroom.intake import printable

Record = dict[str, Any]

COLUMNS = ("student", "status", "raw", "penalty", "score", "max", "seconds", "note")


# -- late work -------------------------------------------------------------------------------


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


def summary(record: Record) -> str:
    """Return feedback of one line, as an LMS has room for it."""
    parts = [
        f"{e['exercise']} {'-' if e['score'] is None else format(e['score'], 'g')}/{e['max']:g}"
        for e in record["exercises"]
    ]
    return f"{record['status']}: {', '.join(parts)}"


def now() -> str:
    """Return the time of the report, UTC, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
