"""When work is due, when it came, and what lateness costs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from course.grading.classroom.files import ClassroomError, read_table
from course.grading.classroom.people import column, folded

GRACE_DAYS = 366
MOODLE_TIMES = ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%d %B %Y, %I:%M %p")


@dataclass(frozen=True)
class Lateness:
    """When work is due, what a late day costs, and how much later is still in time."""

    due: datetime
    share: float = 0.0
    """Part of the marks taken off for each day begun, 0 to 1."""
    grace: timedelta = timedelta()

    def penalty(self, submitted: datetime | None, *, late: bool = False) -> float:
        """Return the part of the marks (0 to 1) that is taken off.

        ``late`` without a time, as Canvas says it, counts as one day begun.
        """
        if submitted is None:
            days = int(late)
        elif submitted <= self.due + self.grace:
            days = 0
        else:
            days = -((self.due - submitted) // timedelta(days=1))  # a day begun counts
        return round(min(1.0, days * self.share), 6)

    def to_json(self) -> dict[str, Any]:
        """Return a value that ``json.dumps`` takes."""
        return {
            "due": self.due.isoformat(),
            "share": self.share,
            "grace_seconds": self.grace.total_seconds(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Lateness:
        """Read what ``to_json`` wrote."""
        grace = timedelta(seconds=float(data["grace_seconds"]))
        return cls(datetime.fromisoformat(data["due"]), float(data["share"]), grace)


def moment(text: str) -> datetime:
    """Read a point in time (ISO 8601, with its offset from UTC); raises ``ClassroomError``."""
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ClassroomError(f"{text!r} is not a time such as 2026-03-01T23:59+08:00.") from None
    if value.tzinfo is None:
        raise ClassroomError(f"{text!r} does not say its time zone, such as +08:00 or +00:00.")
    return value


def lateness(due: str, late: str, grace: str) -> Lateness:
    """Read ``--due``, ``--late 10%/day`` and ``--grace 15m``; raises ``ClassroomError``."""
    rule = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)%/day", late)
    if not rule or float(rule[1]) > 100:
        raise ClassroomError(f"--late: {late!r} is not of the form 10%/day.")
    span = re.fullmatch(r"(\d{1,9})([mhd])", grace)
    unit = {"m": 1, "h": 60, "d": 24 * 60}
    minutes = int(span[1]) * unit[span[2]] if span else None
    if minutes is None or minutes > GRACE_DAYS * 24 * 60:
        raise ClassroomError(
            f"--grace: {grace!r} is not of the form 15m, 2h or 1d, at most {GRACE_DAYS}d."
        )
    when = moment(due)
    try:
        _ = when + timedelta(minutes=minutes)
    except OverflowError:
        raise ClassroomError(f"--due: {due!r} is too far away.") from None
    return Lateness(when, float(rule[1]) / 100, timedelta(minutes=minutes))


def read_times(path: Path) -> dict[str, datetime]:
    """Read when each student handed in: a CSV file with the columns student and submitted.

    The names are folded. A line without a time is left out, one with another text than a time
    raises ``ClassroomError`` that names the line.
    """
    table = read_table(path)
    student, submitted = column(table, ("student",)), column(table, ("submitted",))
    found = {}
    for number, row in table.numbered():
        if not row[student] or not row[submitted]:
            continue
        try:
            found[folded(row[student])] = moment(row[submitted])
        except ClassroomError as error:
            raise ClassroomError(f"{path}, line {number}: {error}") from None
    return found


def moodle_time(text: str, zone: tzinfo | None) -> datetime | None:
    """Read Moodle's ``Sunday, 1 March 2026, 11:58 PM``, which names no time zone.

    Returns None for ``-`` (nothing was handed in) and raises ``ValueError`` for anything else.
    """
    text = " ".join(text.split())
    if text in {"", "-"}:
        return None
    for form in MOODLE_TIMES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
    raise ValueError(text)


def unknown(times: Mapping[str, datetime], names: Iterable[str]) -> list[str]:
    """Return the names of ``--times`` that no student has."""
    known = {folded(name) for name in names}
    return sorted(name for name in times if name not in known)
