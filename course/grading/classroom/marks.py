"""From what the judges found to the gradebook: attempts, groups, lateness, an instructor's word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from course.grading.classroom.files import (
    TEXT_LENGTH,
    ClassroomError,
    printable,
    read_table,
)
from course.grading.classroom.intake import Origin
from course.grading.classroom.journal import Record
from course.grading.classroom.lateness import Lateness
from course.grading.classroom.people import People, Person, column, folded, near, told_apart
from course.grading.results import Status

CHANGES = "changes.csv"
CHANGES_HEADER = ("student", "exercise", "score", "comment")


class Attempts(StrEnum):
    """Which of several attempts of one student counts."""

    BEST = "best"
    LAST = "last"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Change:
    """An instructor's word about a mark, a line of ``changes.csv``."""

    line: int
    student: str
    exercise: str = ""
    """Its id or plain name; empty for the whole mark."""
    score: float | None = None
    """None for a comment alone."""
    relative: bool = False
    """Whether the score is added to what was there."""
    comment: str = ""

    def applied(self, score: float | None) -> float | None:
        """Return the score after the change, never below 0."""
        if self.score is None:
            return score
        if not self.relative:
            return max(self.score, 0.0)
        return None if score is None else max(round(score + self.score, 3), 0.0)

    def text(self) -> str:
        """Return the change in words."""
        what = self.exercise or "mark"
        words = "" if self.score is None else f"{what} {self.score:+g}"
        if self.score is not None and not self.relative:
            words = f"{what} set to {self.score:g}"
        comment = printable(self.comment, TEXT_LENGTH) if self.comment else ""
        return ": ".join(part for part in (words, comment) if part)


@dataclass(frozen=True)
class Mark:
    """What a student gets, and how it came about."""

    raw: float | None
    """What the judge says; None where it could not grade."""
    penalty: float
    """The part taken off for lateness, 0 to 1."""
    score: float | None
    possible: float
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A student's line in the gradebook."""

    key: str
    name: str
    """Unique in the gradebook."""
    record: Record
    mark: Mark
    notes: tuple[str, ...] = ()
    is_member: bool = False
    """Whether the mark is that of a group."""

    def summary(self) -> str:
        """Return feedback of one line, as an LMS has room for it."""
        parts = [
            f"{e.exercise} {'-' if e.score is None else format(e.score, 'g')}/{e.possible:g}"
            for e in self.record.exercises
        ]
        words = [f"{self.record.status}: {', '.join(parts)}"]
        if self.mark.penalty:
            words.append(f"late: -{self.mark.penalty:.0%}")
        words += [f"changed by hand: {change.text()}" for change in self.mark.changes]
        return printable("; ".join(words), TEXT_LENGTH)


@dataclass(frozen=True)
class Rules:
    """What turns records into marks."""

    lateness: Lateness | None = None
    attempts: Attempts = Attempts.BEST
    people: People = field(default_factory=People)
    times: Mapping[str, datetime] = field(default_factory=dict)
    """When a student handed in, by folded name or number; wins over ``arrived``."""
    arrived: Mapping[str, datetime] = field(default_factory=dict)
    """When a hand-in came, by its ``who``, as an LMS says it."""
    changes: tuple[Change, ...] = ()


def gradebook(records: Iterable[Record], rules: Rules) -> tuple[list[Entry], list[str]]:
    """Return the students' lines, by name, and what an instructor should look at."""
    every = list(records)
    behind = rules.people.of(record.origin for record in every)
    attempts: dict[str, list[tuple[Record, Person]]] = {}
    for record in every:
        for person in behind[record.origin]:
            attempts.setdefault(person.key, []).append((record, person))
    shown = told_apart(pairs[0][1] for pairs in attempts.values())
    index = _index(attempts, shown)
    changes, warnings = _assigned(rules.changes, index)
    entries = []
    for key, pairs in attempts.items():
        name = shown[key]
        own = [r for r, _ in pairs]
        is_member = len(behind[own[0].origin]) > 1
        candidates = [
            Entry(key, name, record, _mark(record, pairs[0][1], rules, changes.get(key, ()), index))
            for record in own
        ]
        entries.append(replace(_chosen(candidates, rules.attempts), is_member=is_member))
    for entry in entries:
        having = {each.exercise for each in entry.record.exercises}
        for change in entry.mark.changes:
            if change.exercise and change.exercise not in having:
                warnings.append(
                    f"{CHANGES}, line {change.line}: {change.exercise} was not graded for "
                    f"{entry.name}; the change has no effect."
                )
    return sorted(entries, key=lambda entry: entry.name.casefold()), warnings


def _index(
    attempts: Mapping[str, list[tuple[Record, Person]]], shown: Mapping[str, str]
) -> dict[str, set[str]]:
    """Return the students' keys by every name and number that a file may use for them."""
    index: dict[str, set[str]] = {}
    for key, pairs in attempts.items():
        names = {shown[key]}
        for record, person in pairs:
            origin = record.origin
            names |= {person.name, origin.student, *origin.names, *origin.numbers}
        for name in names:
            index.setdefault(folded(name), set()).add(key)
    return index


def _assigned(
    changes: Iterable[Change], index: Mapping[str, set[str]]
) -> tuple[dict[str, tuple[Change, ...]], list[str]]:
    found: dict[str, tuple[Change, ...]] = {}
    warnings = []
    for change in changes:
        keys = index.get(folded(change.student), set())
        if len(keys) == 1:
            [key] = keys
            found[key] = (*found.get(key, ()), change)
        else:
            why = "more than one student is called" if keys else "there is no student"
            warnings.append(
                f"{CHANGES}, line {change.line}: {why} {printable(change.student)}; the change has "
                f"no effect.{near(folded(change.student), index) if not keys else ''}"
            )
    return found, warnings


def submitted(
    origin: Origin, name: str, rules: Rules, index: Mapping[str, set[str]]
) -> datetime | None:
    """Return when an attempt came: as ``--times`` says, else as the LMS says."""
    for each in (name, origin.student, *origin.names, *origin.numbers):
        if len(index.get(folded(each), ())) == 1 and folded(each) in rules.times:
            return rules.times[folded(each)]
    return rules.arrived.get(origin.who, origin.submitted)


def _mark(
    record: Record,
    person: Person,
    rules: Rules,
    changes: tuple[Change, ...],
    index: Mapping[str, set[str]],
) -> Mark:
    changes = tuple(_full(change, record) for change in changes)
    scores = {each.exercise: each.score for each in record.exercises}
    for change in changes:
        if change.exercise in scores:
            scores[change.exercise] = change.applied(scores[change.exercise])
    known = [score for score in scores.values() if score is not None]
    is_whole = len(known) == len(scores) and (record.score is not None or bool(known))
    penalty = 0.0
    if rules.lateness and record.status is not Status.MISSING:
        when = submitted(record.origin, person.name, rules, index)
        penalty = rules.lateness.penalty(when, late=record.origin.late)
    score = round(sum(known) * (1 - penalty), 2) if is_whole else None
    for change in changes:
        if not change.exercise:
            score = change.applied(score)
    return Mark(record.score, penalty, score, record.possible, changes)


def _full(change: Change, record: Record) -> Change:
    """Return the change with the exercise's id in place of its plain name."""
    for each in record.exercises:
        if change.exercise in {each.exercise, each.exercise.partition("/")[2]}:
            return replace(change, exercise=each.exercise)
    return change


def _chosen(entries: list[Entry], policy: Attempts) -> Entry:
    """Return the attempt that counts, with a note about the others."""
    real = [entry for entry in entries if entry.record.status is not Status.MISSING]
    real.sort(key=lambda entry: _order(entry.record.origin))
    if not real:
        return entries[-1]
    notes = [
        f"Not graded: {printable(entry.record.origin.attempt)}. {entry.record.note}".strip()
        for entry in entries
        if entry not in real
    ]
    if len(real) == 1:
        return replace(real[0], notes=tuple(notes))
    names = ", ".join(f"{_label(entry)} ({_points(entry.mark)})" for entry in real)
    if policy is Attempts.REFUSE:
        note = f"{len(real)} attempts, and none is graded with --attempts refuse: {names}."
        record = replace(real[-1].record, status=Status.GRADER_ERROR, score=None, note=note)
        mark = replace(real[-1].mark, raw=None, score=None)
        for change in mark.changes:
            if not change.exercise:
                mark = replace(mark, score=change.applied(mark.score))
        return replace(real[-1], record=record, mark=mark, notes=tuple(notes))
    if policy is Attempts.LAST:
        best = real[-1]
    else:
        newest_first = real[::-1]
        best = max(newest_first, key=lambda e: -1.0 if e.mark.score is None else e.mark.score)
    note = f"{_label(best)} counts, the {policy} of {len(real)} attempts: {names}."
    return replace(best, notes=(note, *notes))


def _order(origin: Origin) -> tuple[int, float, str]:
    when = origin.submitted.timestamp() if origin.submitted else 0.0
    return origin.order, when, origin.attempt


def _label(entry: Entry) -> str:
    return printable(entry.record.origin.attempt or entry.record.origin.student)


def _points(mark: Mark) -> str:
    return "-" if mark.score is None else f"{mark.score:g}"


def read_changes(path: Path) -> tuple[Change, ...]:
    """Read ``changes.csv``: student, exercise (or nothing), score (``8``, ``+1``, ``-2``), comment.

    A score without an exercise is the mark to give: nothing is taken off it any more. Raises
    ``ClassroomError`` that names the line.
    """
    if not path.exists():
        return ()
    table = read_table(path)
    for name in CHANGES_HEADER[:3]:
        column(table, (name,))
    found = []
    for number, row in table.numbered():
        text = row["score"].replace(",", ".").replace("\N{MINUS SIGN}", "-")
        if text and not re.fullmatch(r"[+-]?\d{1,6}(\.\d{1,6})?", text):
            raise ClassroomError(
                f"{path}, line {number}: {row['score']!r} is not a score such as 8, +1 or -2."
            )
        if row["student"]:
            found.append(
                Change(
                    line=number,
                    student=row["student"],
                    exercise=row["exercise"],
                    score=float(text) if text else None,
                    relative=text.startswith(("+", "-")),
                    comment=row.get("comment", ""),
                )
            )
    return tuple(found)
