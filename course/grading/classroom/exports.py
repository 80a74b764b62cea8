"""Write what an instructor keeps: the table of marks, feedback, and the formats of other tools."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from pathlib import Path

from course.grading.classroom.files import (
    TEXT_LENGTH,
    printable,
    safe_cell,
    table_text,
    write_whole,
)
from course.grading.classroom.marks import Entry
from course.grading.results import ExerciseResult, Outcome, Status, TestResult

COLUMNS = ("student", "status", "raw", "penalty", "score", "max", "seconds", "changed", "note")
MESSAGE_LINES = 60


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


def write_grades(path: Path, entries: Iterable[Entry]) -> None:
    """Write ``grades.csv``: a line for each student, texts safe for spreadsheets."""
    rows = [
        [
            safe_cell(entry.name),
            entry.record.status,
            number(entry.mark.raw),
            f"{entry.mark.penalty:.0%}" if entry.mark.penalty else "",
            number(entry.mark.score),
            number(entry.mark.possible),
            f"{entry.record.seconds:.2f}",
            cell("; ".join(change.text() for change in entry.mark.changes)),
            cell(" ".join(told(entry))),
        ]
        for entry in entries
    ]
    write_whole(path, "\ufeff" + table_text(COLUMNS, rows))


def cell(text: str) -> str:
    """Return a text as a cell; an empty one stays empty."""
    return safe_cell(text) if text else ""


def number(value: float | None) -> str:
    """Return a number for a table; nothing for None."""
    return "" if value is None else f"{value:g}"


def told(entry: Entry) -> list[str]:
    """Return what instructor and student should know about how it was graded."""
    record = entry.record
    every = (
        record.note,
        *entry.notes,
        *record.notes,
        *(n for e in record.exercises for n in e.notes),
    )
    return list(dict.fromkeys(note for note in every if note))


def write_feedback(folder: Path, entries: Iterable[Entry]) -> None:
    """Write ``feedback/<student>.md``: tasks, messages and hints; of hidden tests the points."""
    _write_each(folder, ".md", [(entry.name, feedback(entry)) for entry in entries])


def _write_each(folder: Path, suffix: str, texts: Sequence[tuple[str, str]]) -> None:
    """Write a file for each student and remove those of names that no one has any more."""
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    written = set()
    for student, text in texts:
        path = folder / f"{file_name(student, taken)}{suffix}"
        write_whole(path, text, sync=False)
        written.add(path.name)
    for path in folder.glob(f"*{suffix}"):
        if path.name not in written:
            path.unlink()


def feedback(entry: Entry) -> str:
    """Return what a student reads about their submission, as Markdown."""
    record, mark = entry.record, entry.mark
    lines = [f"# {plain(entry.name)}", ""]
    if mark.score is None:
        lines.append("This could not be graded, for a reason that is not yours.")
    else:
        late = f", after {mark.penalty:.0%} for lateness" if mark.penalty else ""
        lines.append(f"**{mark.score:g} of {mark.possible:g} points**{late} ({record.status}).")
    lines += [line for change in mark.changes for line in ("", f"By hand: {plain(change.text())}.")]
    lines += [line for note in told(entry) for line in ("", plain(note))]
    for exercise in record.exercises:
        lines += _of_exercise(exercise)
    if record.digest:
        lines += ["", f"Graded: {plain(record.origin.attempt)}, SHA-256 {record.digest[:16]}."]
    return "\n".join(lines) + "\n"


def _of_exercise(exercise: ExerciseResult) -> list[str]:
    points = "-" if exercise.score is None else f"{exercise.score:g}"
    lines = ["", f"## {exercise.exercise}: {points} of {exercise.possible:g}", ""]
    if exercise.status is Status.MISSING:
        return [*lines, "Not handed in."]
    if exercise.files:
        lines += [f"Files: {plain(', '.join(exercise.files[:20]))}.", ""]
    said: set[str] = set()
    for cases in by_function(exercise.tests):
        first = next((test for test in cases if test.outcome is not Outcome.PASSED), cases[0])
        box = "x" if first.outcome is Outcome.PASSED else " "
        earned, most = (
            round(sum(each), 3) for each in zip(*((t.score, t.points) for t in cases), strict=True)
        )
        about = "a hidden test" if first.hidden else plain(first.about)
        lines.append(f"- [{box}] {about} ({earned:g} of {most:g})")
        if not first.hidden and first.message and first.message not in said:
            said.add(first.message)
            lines += ["", *_fenced(first.message), ""]
            if first.hint:
                lines += [f"  Hint: {plain(first.hint)}", ""]
    return lines


def by_function(tests: Iterable[TestResult]) -> list[list[TestResult]]:
    """Return the tests in their order, the cases of one test function together."""
    together: dict[str, list[TestResult]] = {}
    for test in tests:
        together.setdefault(test.name.partition("[")[0], []).append(test)
    return list(together.values())


def plain(text: str) -> str:
    """Return a text as one line in which Markdown and HTML see nothing to obey."""
    one_line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return re.sub(r"([\\`*_\[\]<>#|&!~])", r"\\\1", one_line[:1000])


def _fenced(text: str) -> list[str]:
    lines = ["".join(c if c.isprintable() else "?" for c in line) for line in text.splitlines()]
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"  {line}" for line in (f"{fence}text", *lines[:MESSAGE_LINES], fence)]


def write_gradescope(folder: Path, entries: Iterable[Entry]) -> None:
    """Write Gradescope's ``results.json`` for each student who has a mark.

    https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
    """
    texts = []
    for entry in entries:
        if entry.mark.score is None:
            continue
        tests = [
            {
                "name": f"{exercise.exercise} {test.name}",
                "number": str(test.task or ""),
                "score": round(test.score, 3),
                "max_score": round(test.points, 3),
                "status": test.outcome,
                "output": "" if test.hidden else test.message,
                "visibility": "hidden" if test.hidden else "visible",
            }
            for exercise in entry.record.exercises
            for test in exercise.tests
        ]
        by_hand = [f"By hand: {change.text()}." for change in entry.mark.changes]
        result = {
            "score": entry.mark.score,
            "execution_time": entry.record.seconds,
            "output": "\n".join([*by_hand, *(printable(n, TEXT_LENGTH) for n in told(entry))]),
            "visibility": "visible",
            "stdout_visibility": "hidden",
            "tests": tests,
        }
        texts.append((entry.name, json.dumps(result, indent=1)))
    _write_each(folder, ".json", texts)


def write_junit(path: Path, entries: Iterable[Entry]) -> None:
    """Write one JUnit file: a suite for each student, a case for each test."""
    root = ET.Element("testsuites")
    for entry in entries:
        record = entry.record
        tests = [(each, test) for each in record.exercises for test in each.tests]
        failures = sum(test.outcome is Outcome.FAILED for _, test in tests)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=printable(entry.name),
            tests=str(len(tests)),
            failures=str(failures),
            errors=str(int(record.status is Status.GRADER_ERROR)),
            time=f"{record.seconds:.3f}",
        )
        for exercise, test in tests:
            case = ET.SubElement(
                suite,
                "testcase",
                classname=exercise.exercise,
                name=printable(test.name),
                time=f"{test.seconds:.3f}",
            )
            if test.outcome is Outcome.FAILED:
                failure = ET.SubElement(case, "failure", message=test.kind or "")
                lines = test.message.splitlines()[:MESSAGE_LINES]
                failure.text = "\n".join(printable(line, TEXT_LENGTH) for line in lines)
    ET.indent(root)
    write_whole(path, ET.tostring(root, encoding="utf-8", xml_declaration=True))
