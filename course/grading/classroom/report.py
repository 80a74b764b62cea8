"""``report.html``: the class on one page that can be mailed and printed.

It needs nothing from elsewhere. Without JavaScript everything can be read; the script filters and
sorts. What submissions say is escaped, and a policy in the page lets no other script run.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Template

from course import catalogue
from course.grading.classroom.book import Book
from course.grading.classroom.exports import by_function, told
from course.grading.classroom.files import printable, write_whole
from course.grading.classroom.gallery import Texts
from course.grading.classroom.marks import Entry
from course.grading.classroom.similarity import Group
from course.grading.results import ExerciseResult, Outcome, Status, TestResult

BARS = 10
HARDEST = 12
ACROSS = 4
"""Files of a group that are shown side by side."""
LINES = 600
COLUMNS = 300
"""Lines of a file, and characters of a line, that the page shows."""
MESSAGE = 4000
TEMPLATES = Path(__file__).parent / "templates"

FIRST = (Status.GRADER_ERROR, Status.IMPORT_ERROR, Status.PARTIAL, Status.MISSING, Status.GRADED)
"""The order of the rows: first what needs a look."""


@dataclass(frozen=True)
class Cell:
    """What a student earned in one task; ``most`` is None where nothing was handed in."""

    earned: float = 0.0
    most: float | None = None

    @property
    def level(self) -> str:
        """Return ``none``, ``part`` or ``full``; nothing without a hand-in."""
        if self.most is None:
            return ""
        if self.earned >= self.most:
            return "full"
        return "part" if self.earned > 0 else "none"


@dataclass(frozen=True)
class Column:
    """A task of an exercise; ``number`` is 0 for tests that belong to no task."""

    exercise: str
    number: int
    title: str


@dataclass(frozen=True)
class Line:
    """A line of a student's file."""

    text: str
    is_shared: bool = False


@dataclass(frozen=True)
class Row:
    """A student on the page."""

    id: str
    entry: Entry
    cells: tuple[Cell, ...]
    notes: tuple[str, ...]
    code: tuple[tuple[str, tuple[Line, ...]], ...]
    """Exercise and lines."""

    @property
    def share(self) -> float:
        """Return the part of the points, 0 to 1; -1 without a mark."""
        mark = self.entry.mark
        return -1.0 if mark.score is None else mark.score / (mark.possible or 1)

    @property
    def needs_a_look(self) -> bool:
        """Whether it is late, changed by hand or not plainly graded."""
        mark = self.entry.mark
        is_plain = self.entry.record.status is Status.GRADED
        return not is_plain or bool(mark.penalty or mark.changes) or mark.score is None


@dataclass(frozen=True)
class Side:
    """One student's file in a group of look-alikes."""

    name: str
    lines: tuple[Line, ...]


def write_report(
    path: Path,
    entries: Sequence[Entry],
    groups: Sequence[Group],
    texts: Texts,
    book: Book,
    warnings: Sequence[str],
) -> None:
    """Write the page."""
    columns = columns_of(entries)
    rows = [row(n, entry, columns, texts) for n, entry in enumerate(entries, 1)]
    rows.sort(key=lambda each: (FIRST.index(each.entry.record.status), -each.entry.mark.penalty))
    shares = [each.share for each in rows if each.entry.mark.score is not None]
    counts = Counter(min(int(share * BARS), BARS - 1) for share in shares)
    statuses = Counter(entry.record.status for entry in entries)
    by_name = {each.entry.name: each for each in rows}
    script = (TEMPLATES / "report.js").read_text("utf-8")
    policy = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text = template().render(
        when=now(),
        rows=rows,
        columns=columns,
        spans=Counter(column.exercise for column in columns),
        statuses=[(status, statuses[status]) for status in FIRST if statuses[status]],
        late=sum(bool(entry.mark.penalty) for entry in entries),
        changed=sum(bool(entry.mark.changes) for entry in entries),
        mean=sum(shares) / len(shares) if shares else None,
        bars=[(n * 100 // BARS, (n + 1) * 100 // BARS, counts[n]) for n in range(BARS)],
        highest=max(counts.values(), default=1),
        hardest=hardest(entries),
        groups=[(group, sides(group, by_name, texts)) for group in groups],
        ids={name: each.id for name, each in by_name.items()},
        book=book,
        warnings=warnings,
        script=script,
        policy=policy,
        by_function=by_function,
        message=message,
    )
    write_whole(path, text)


@cache
def template() -> Template:
    """Return the page's template; compiling it takes longer than filling it in."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["printable"] = printable
    return environment.get_template("report.html")


def row(number: int, entry: Entry, columns: Sequence[Column], texts: Texts) -> Row:
    """Return a student's row."""
    sums: dict[tuple[str, int], tuple[float, float]] = {}
    for exercise, test in tests_of([entry]):
        earned, most = sums.get((exercise.exercise, test.task or 0), (0.0, 0.0))
        sums[exercise.exercise, test.task or 0] = earned + test.score, most + test.points
    cells = tuple(
        Cell(*(round(each, 3) for each in sums[column.exercise, column.number]))
        if (column.exercise, column.number) in sums
        else Cell()
        for column in columns
    )
    code = tuple((name, lines(text)) for name, text in texts.get(entry.record.key, {}).items())
    return Row(f"s{number}", entry, cells, tuple(told(entry)), code)


def columns_of(entries: Iterable[Entry]) -> list[Column]:
    """Return the tasks that the tests of the class belong to, in the order of the course."""
    found = {(exercise.exercise, test.task or 0) for exercise, test in tests_of(entries)}
    titles = {
        (lesson.id, number): title
        for lesson in catalogue.lessons()
        if lesson.id in {name for name, _ in found}
        for number, title in lesson.tasks()
    }
    return [Column(name, number, titles.get((name, number), "")) for name, number in sorted(found)]


def tests_of(entries: Iterable[Entry]) -> list[tuple[ExerciseResult, TestResult]]:
    """Return all tests of some students, with their exercises."""
    exercises = [each for entry in entries for each in entry.record.exercises]
    return [(exercise, test) for exercise in exercises for test in exercise.tests]


def hardest(entries: Iterable[Entry]) -> list[tuple[str, str, float, int]]:
    """Return exercise, what is checked, share of passes and tries; the hardest first.

    The cases of one test function count together.
    """
    passed: Counter[tuple[str, str]] = Counter()
    tried: Counter[tuple[str, str]] = Counter()
    about: dict[tuple[str, str], str] = {}
    for exercise, test in tests_of(entries):
        name = (exercise.exercise, test.name.partition("[")[0])
        about[name] = test.about
        tried[name] += 1
        passed[name] += test.outcome is Outcome.PASSED
    rows = [(n[0], about[n], passed[n] / count, count) for n, count in tried.items()]
    return sorted((each for each in rows if each[2] < 1), key=lambda each: each[2])[:HARDEST]


def lines(text: str, shared: frozenset[int] = frozenset()) -> tuple[Line, ...]:
    """Return a file's lines as the page shows them, without anything that a page would obey."""
    every = text.splitlines()
    found = [
        Line("".join(c if c.isprintable() else " " for c in each[:COLUMNS]), number in shared)
        for number, each in enumerate(every[:LINES], 1)
    ]
    if len(every) > LINES:
        found.append(Line(f"... and {len(every) - LINES} more lines"))
    return tuple(found)


def sides(group: Group, by_name: dict[str, Row], texts: Texts) -> tuple[Side, ...]:
    """Return the first files of a group, with the shared lines marked."""
    found = []
    for name, shared in list(zip(group.students, group.lines, strict=True))[:ACROSS]:
        text = texts[by_name[name].entry.record.key][group.exercise]
        found.append(Side(name, lines(text, shared)))
    return tuple(found)


def message(text: str) -> str:
    """Return a test's message for the page."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text[:MESSAGE])


def now() -> str:
    """Return the time of the report, UTC, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
