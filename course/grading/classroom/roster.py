"""The files that Moodle and Canvas export, and the one column of them that is filled."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from course.grading.classroom.files import (
    ClassroomError,
    Table,
    printable,
    read_table,
    table_text,
    write_whole,
)
from course.grading.classroom.intake import Origin
from course.grading.classroom.lateness import moodle_time
from course.grading.classroom.marks import Entry
from course.grading.classroom.people import folded

MODIFIED = "Last modified (submission)"


@dataclass(frozen=True)
class Roster:
    """The file that an LMS exported; one column of it is filled, all else stays as it came."""

    table: Table
    kind: str
    column: int

    @property
    def is_moodle(self) -> bool:
        """Whether it is Moodle's grading worksheet (else Canvas's gradebook)."""
        return self.kind == "moodle"

    def cell(self, row: list[str], name: str) -> str:
        """Return a row's value in a column; an empty text where there is no such column."""
        header = self.table.header
        return row[header.index(name)].strip() if name in header else ""

    def numbers(self, row: list[str]) -> list[str]:
        """Return the LMS's numbers of a row's student."""
        if self.is_moodle:
            return re.findall(r"\d+", self.cell(row, "Identifier"))
        return [self.cell(row, "ID")]

    def names(self, row: list[str]) -> list[str]:
        """Return the names of a row's student, the surest first."""
        if self.is_moodle:
            columns = ("Email address", "ID number", "Username", "Full name")
            return [name for each in columns if (name := self.cell(row, each))]
        last, _, first = self.cell(row, "Student").partition(", ")
        found = [self.cell(row, each) for each in ("SIS Login ID", "SIS User ID", "Student")]
        return [name for name in (*found, f"{first} {last}".strip(), f"{last}{first}") if name]


def read_roster(path: Path, column: str | None) -> Roster:
    """Read Moodle's grading worksheet or Canvas's exported gradebook.

    ``column`` names the column to be filled; without it Moodle's ``Grade``, or Canvas's only
    assignment. A column that is not there is never made: Canvas would make an assignment of it.
    """
    table = read_table(path)
    header = table.header
    if "Student" in header and "ID" in header:
        found = [name for name in header if re.search(r" \(\d+\)$", name)]
        chosen = column or (found[0] if len(found) == 1 else "")
        kind = "canvas"
    elif "Identifier" in header or "Email address" in header:
        found, chosen, kind = ["Grade"], column or "Grade", "moodle"
    else:
        raise ClassroomError(
            f"{path} is neither Moodle's grading worksheet (columns Identifier, Grade) nor "
            f"Canvas's gradebook (columns Student, ID). Its columns are: {', '.join(header)}."
        )
    if chosen not in header:
        there = ", ".join(found) or "none"
        raise ClassroomError(f"{path} has no column {chosen!r}; say --column and one of: {there}.")
    return Roster(table, kind, header.index(chosen))


def match(roster: Roster, entries: Iterable[Entry]) -> dict[int, Entry]:
    """Return the entry of each row, found by number first, then by an exact name.

    A name that two students or two rows share finds no one, and neither does a row that two
    students claim: a wrong mark is worse than none.
    """
    by_number: dict[str, list[Entry]] = {}
    by_name: dict[str, list[Entry]] = {}
    for entry in entries:
        origin = entry.record.origin
        if origin.system == roster.kind and not entry.is_member:
            for number in origin.numbers:
                by_number.setdefault(number, []).append(entry)
        names = {entry.name, *(() if entry.is_member else origin.names)}
        for name in {folded(name) for name in names}:
            by_name.setdefault(name, []).append(entry)
    rows = roster.table.rows
    shared = Counter(name for row in rows for name in {folded(each) for each in roster.names(row)})
    found: dict[int, Entry] = {}
    for place, row in enumerate(rows):
        hits = [entry for number in roster.numbers(row) for entry in by_number.get(number, [])]
        if not hits:
            sure = (folded(name) for name in roster.names(row) if shared[folded(name)] == 1)
            hits = next((by_name[n] for n in sure if len(by_name.get(n, [])) == 1), [])
        if len(hits) == 1:
            found[place] = hits[0]
    claims = Counter(entry.key for entry in found.values())
    return {place: entry for place, entry in found.items() if claims[entry.key] == 1}


def times(roster: Roster, origins: Iterable[Origin], zone: tzinfo | None) -> dict[str, datetime]:
    """Return when each hand-in came, by its ``who``, as Moodle's worksheet says it.

    Raises ``ClassroomError`` for a time in a form that is not known.
    """
    if not roster.is_moodle or MODIFIED not in roster.table.header:
        return {}
    rows: dict[str, datetime] = {}
    for row in roster.table.rows:
        text = roster.cell(row, MODIFIED)
        try:
            when = moodle_time(text, zone)
        except ValueError:
            raise ClassroomError(
                f"{roster.table.path}: {printable(text)!r} is not a time such as 'Sunday, 1 March "
                "2026, 11:58 PM'. Export the worksheet in English, or use --times."
            ) from None
        if when is not None:
            rows |= dict.fromkeys(roster.numbers(row), when)
    return {
        origin.who: rows[number]
        for origin in origins
        if origin.system == "moodle"
        for number in origin.numbers
        if number in rows
    }


def fill(roster: Roster, found: Mapping[int, Entry]) -> list[list[str]]:
    """Return the rows with the column filled, scaled to the LMS's own maximum where it says one.

    Rows without a hand-in and those of grader errors stay as they were.
    """
    points = None
    if not roster.is_moodle:
        for row in roster.table.rows[:2]:
            if row and row[0].strip() == "Points Possible":
                points = _float(row[roster.column])
    filled = []
    for place, row in enumerate(roster.table.rows):
        entry = found.get(place)
        if entry is not None and entry.mark.score is not None:
            mark, most = entry.mark, points
            if roster.is_moodle:
                most = _float(roster.cell(row, "Maximum Grade"))
            scaled = entry.mark.score * most / mark.possible if most and mark.possible else None
            row = [*row]
            row[roster.column] = f"{round(entry.mark.score if scaled is None else scaled, 2):g}"
            if roster.is_moodle and "Feedback comments" in roster.table.header:
                row[roster.table.header.index("Feedback comments")] = entry.summary()
        filled.append(row)
    return filled


def _float(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def write_roster(path: Path, roster: Roster, rows: list[list[str]]) -> None:
    """Write the filled export, as UTF-8 with the separator it came with."""
    write_whole(path, table_text(roster.table.header, rows, roster.table.separator))
