"""Whose marks they are: names mapped to the roster's names, groups, students told apart."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from course.grading.classroom.files import ClassroomError, Table, printable, read_table
from course.grading.classroom.intake import Origin

NAME_COLUMNS = ("name", "github_username", "github", "login", "username")
STUDENT_COLUMNS = ("student", "identifier", "full name")


@dataclass(frozen=True)
class Person:
    """A student: ``key`` stays the same from call to call, ``name`` is what the files say."""

    key: str
    name: str


@dataclass(frozen=True)
class People:
    """Who is behind a hand-in.

    ``names`` maps folded names of hand-ins to students; ``groups`` maps folded names of groups to
    their members.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, origins: Iterable[Origin]) -> dict[Origin, tuple[Person, ...]]:
        """Return the students that get the mark of each hand-in; several for a group's.

        A member or a mapped name is the student with a hand-in of exactly that name, if there is
        one.
        """
        every = list(origins)
        prefix = _prefix(every)
        plain = {each.who: folded(each.student) for each in every}
        counts = Counter(plain.values())
        keys = {name: who for who, name in plain.items() if counts[name] == 1}
        found: dict[Origin, tuple[Person, ...]] = {}
        for origin in every:
            called = self._mapped(origin, prefix)
            members = self._members(origin, called)
            if not members and called is None:
                found[origin] = (Person(origin.who, origin.student),)
                continue
            names = members or (called or origin.student,)
            found[origin] = tuple(
                Person(keys.get(folded(name), f"student:{folded(name)}"), name) for name in names
            )
        return found

    def _mapped(self, origin: Origin, prefix: str) -> str | None:
        every = (origin.student, origin.student.removeprefix(prefix), origin.attempt, *origin.names)
        return next((self.names[folded(n)] for n in every if folded(n) in self.names), None)

    def _members(self, origin: Origin, called: str | None) -> tuple[str, ...]:
        every = (called or "", origin.student, *origin.names)
        hits = (self.groups[folded(name)] for name in every if folded(name) in self.groups)
        return next(hits, origin.members)


def _prefix(origins: list[Origin]) -> str:
    """Return what the names of all plain hand-ins begin with, as GitHub Classroom names them."""
    names = [origin.student for origin in origins if not origin.system]
    if len(set(names)) < 2:
        return ""
    first, last = min(names), max(names)
    same = next(
        (n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first)
    )
    head, dash, _ = first[:same].rpartition("-")
    return head + dash


def folded(name: str) -> str:
    """Return a name for comparison: without case and spaces."""
    return "".join(name.casefold().split())


def told_apart(people: Iterable[Person]) -> dict[str, str]:
    """Return the names to show, by key: two students who share a name get what differs, too."""
    shown = {each.key: printable(each.name) for each in people}
    for _ in range(3):
        counts = Counter(name.casefold() for name in shown.values())
        for key, name in shown.items():
            if counts[name.casefold()] > 1:
                number = key.split(":")[1] if key.startswith(("moodle:", "canvas:")) else key
                shown[key] = f"{name} ({printable(number)})"
    return shown


def near(name: str, names: Iterable[str]) -> str:
    """Return a hint with the names that look like one that is unknown."""
    close = difflib.get_close_matches(name, list(names), n=3)
    return f" Did you mean {' or '.join(map(printable, close))}?" if close else ""


def read_names(path: Path) -> dict[str, str]:
    """Read ``--names``: columns ``name`` (or ``github_username``) and ``student``."""
    table = read_table(path)
    name, student = column(table, NAME_COLUMNS), column(table, STUDENT_COLUMNS)
    return {folded(r[name]): r[student] for r in table.records() if r[name] and r[student]}


def read_groups(path: Path) -> dict[str, tuple[str, ...]]:
    """Read ``--groups``: columns ``group`` and ``student``, a line for each member."""
    table = read_table(path)
    group, student = column(table, ("group",)), column(table, STUDENT_COLUMNS)
    found: dict[str, tuple[str, ...]] = {}
    for row in table.records():
        if row[group] and row[student]:
            found[folded(row[group])] = (*found.get(folded(row[group]), ()), row[student])
    return found


def column(table: Table, names: tuple[str, ...]) -> str:
    """Return the first of these columns that a table has, in lower case.

    Raises ``ClassroomError`` that names what the file has.
    """
    having = [name.strip().casefold() for name in table.header]
    for name in names:
        if name in having:
            return name
    raise ClassroomError(
        f"{table.path} has no column {' or '.join(names)}; it has: {', '.join(table.header)}."
    )
