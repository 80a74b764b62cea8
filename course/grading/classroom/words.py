"""What the terminal says while a class is graded."""

from __future__ import annotations

from collections.abc import Iterable

from course.grading.classroom import lateness
from course.grading.classroom.book import Book
from course.grading.classroom.exports import number
from course.grading.classroom.files import TEXT_LENGTH, printable
from course.grading.classroom.journal import Record
from course.grading.classroom.marks import Entry
from course.grading.classroom.people import folded
from course.grading.results import Status

SHOWN = 20
"""Names that one line lists."""
WIDTH = 200


def line(record: Record) -> str:
    """Return the one line about a hand-in that the terminal shows."""
    failures = (test for each in record.exercises for test in each.failures)
    about = record.note or next(
        (f"{test.name}: {first_line(test.message)}" for test in failures), ""
    )
    points = f"{number(record.score) or '-'}/{record.possible:g}"
    name = printable(record.origin.student)
    about = printable(about, TEXT_LENGTH) if about else ""
    seconds = f"{record.seconds:.2f} s"
    return f"{name:24} {points:>9}  {seconds:>8}  {record.status:12} {about}"[:WIDTH].rstrip()


def first_line(message: str) -> str:
    """Return the first line of a message that says something."""
    return next((each.strip() for each in message.splitlines() if each.strip()), "")


def rate(done: int, total: int, seconds: float) -> str:
    """Return progress in words: ``37/120, 12.4/s, 7 s left``."""
    speed = done / max(seconds, 0.001)
    return f"{done}/{total}, {speed:.1f}/s, {(total - done) / speed:.0f} s left"


def late_warnings(entries: Iterable[Entry], book: Book) -> list[str]:
    """Return what is odd about the times: names that no one has, students without a time."""
    warnings = []
    names: set[str] = set()
    timeless = []
    for entry in entries:
        origin = entry.record.origin
        own = (entry.name, origin.student, *origin.names, *origin.numbers)
        names.update(own)
        has_time = (
            origin.submitted
            or origin.who in book.arrived
            or any(folded(name) in book.times for name in own)
        )
        if entry.record.status is Status.MISSING or has_time:
            continue
        if origin.late:
            warnings.append(
                f"{entry.name}: Canvas says late, without a time; counted as one day. --times "
                "says more."
            )
        else:
            timeless.append(entry.name)
    if unknown := lateness.unknown(book.times, names):
        warnings.append(f"--times names students without a hand-in: {listed(unknown)}.")
    if timeless:
        warnings.append(f"No time is known, so nothing is taken off: {listed(timeless)}.")
    return warnings


def listed(names: Iterable[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    every = [printable(name) for name in names]
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return ", ".join(every[:SHOWN]) + more
