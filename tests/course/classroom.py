"""What tests of the classroom share: made-up results, records and gradebooks, without a judge."""

import csv
import shutil
import zipfile
from dataclasses import replace

from course.catalogue import EXERCISE as FILE
from course.grading.classroom.intake import Origin
from course.grading.classroom.journal import Record
from course.grading.classroom.marks import Rules, gradebook
from course.grading.results import ExerciseResult, Kind, Outcome, Status, TestResult
from course.grading.submission import TESTS

NAME = "day01/custom_converter"
SOLUTION = TESTS / NAME / "solution.py"


def a_test(name, score, message="", *, hidden=False, points=6.0, task=1):
    """Return the result of one test; it passed if it has full points."""
    passed = score == points
    return TestResult(
        name=name,
        about=f"What {name} is about.",
        outcome=Outcome.PASSED if passed else Outcome.FAILED,
        score=score,
        points=points,
        task=task,
        hint="A hint.",
        hidden=hidden,
        kind=None if passed else Kind.WRONG,
        message=message,
        seconds=0.1,
    )


def an_exercise(score=6.0, *, name="day01/x", status=Status.GRADED, tests=None, **more):
    """Return the result of an exercise of 12 points."""
    if tests is None:
        tests = (a_test("test_one", 6.0), a_test("test_two", 0.0, "Sent: x\nCame back: y"))
    return ExerciseResult(name, status, score, 12.0, tuple(tests), **more)


def record(student="ann", *, score=6.0, status=Status.GRADED, exercises=None, key=None, **more):
    """Return a record; further arguments belong to its ``Origin`` or to it."""
    if exercises is None:
        exercises = (an_exercise(score, status=status, tests=more.pop("tests", None)),)
    of_record = {n: more.pop(n) for n in ("note", "notes", "digest", "when") if n in more}
    origin = Origin(student, **({"who": f"class/{student}", "attempt": student} | more))
    return Record(
        key=key or f"key of {origin.who} {origin.attempt}",
        origin=origin,
        status=status,
        score=score,
        possible=12.0,
        seconds=0.5,
        exercises=exercises,
        **of_record,
    )


def entries(*records, **rules):
    """Return the gradebook's lines; ``rules`` are those of ``marks.Rules``."""
    return gradebook(records, Rules(**rules))[0]


def entry(*records, **rules):
    """Return the only line of a gradebook."""
    [found] = entries(*records, **rules)
    return found


def renamed(found, **more):
    """Return a record with another origin."""
    return replace(found, origin=replace(found.origin, **more))


def hand_in(folder, source=SOLUTION):
    """Lay out a submission of one exercise: a file's copy, or a text."""
    place = folder / NAME
    place.mkdir(parents=True)
    if isinstance(source, str):
        (place / FILE).write_text(source)
    else:
        shutil.copy(source, place / FILE)
    return folder


def zipped(path, files):
    """Write a zip file of names and contents."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def table(path, text, encoding="utf-8"):
    """Write a CSV file."""
    path.write_bytes(text.encode(encoding))
    return path


def rows(path):
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def grades(out):
    """Return the lines of ``grades.csv`` by student."""
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}
