"""``settings.json``: what a gradebook was made with, so that each further call builds on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from course.grading.classroom.files import ClassroomError, write_whole
from course.grading.classroom.lateness import Lateness
from course.grading.classroom.marks import CHANGES, Attempts, Rules, read_changes
from course.grading.classroom.people import People

NAME = "settings.json"


@dataclass(frozen=True)
class Book:
    """The settings of one gradebook."""

    exercises: tuple[str, ...] = ()
    lateness: Lateness | None = None
    attempts: Attempts = Attempts.BEST
    names: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    times: Mapping[str, datetime] = field(default_factory=dict)
    arrived: Mapping[str, datetime] = field(default_factory=dict)
    protection: tuple[str, ...] = ()
    """What stood between the submissions and this machine, a line each."""

    def rules(self, folder: Path) -> Rules:
        """Return what turns records into marks; ``changes.csv`` is read from the folder."""
        return Rules(
            lateness=self.lateness,
            attempts=self.attempts,
            people=People(self.names, self.groups),
            times=self.times,
            arrived=self.arrived,
            changes=read_changes(folder / CHANGES),
        )

    def to_json(self) -> dict[str, Any]:
        """Return a value that ``json.dumps`` takes."""
        return {
            "exercises": list(self.exercises),
            "lateness": None if self.lateness is None else self.lateness.to_json(),
            "attempts": self.attempts,
            "names": dict(self.names),
            "groups": {name: list(members) for name, members in self.groups.items()},
            "times": {name: when.isoformat() for name, when in self.times.items()},
            "arrived": {who: when.isoformat() for who, when in self.arrived.items()},
            "protection": list(self.protection),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Book:
        """Read what ``to_json`` wrote; raises an error of any kind for anything else."""
        late = data["lateness"]
        return cls(
            exercises=tuple(map(str, data["exercises"])),
            lateness=None if late is None else Lateness.from_json(late),
            attempts=Attempts(data["attempts"]),
            names={str(k): str(v) for k, v in data["names"].items()},
            groups={str(k): tuple(map(str, v)) for k, v in data["groups"].items()},
            times={str(k): datetime.fromisoformat(v) for k, v in data["times"].items()},
            arrived={str(k): datetime.fromisoformat(v) for k, v in data["arrived"].items()},
            protection=tuple(map(str, data["protection"])),
        )


def read_book(folder: Path) -> Book:
    """Return the settings of a gradebook; those of a new one where there are none."""
    path = folder / NAME
    if not path.exists():
        return Book()
    try:
        return Book.from_json(json.loads(path.read_bytes()))
    except Exception as error:  # noqa: BLE001 (with any fault in it, the way out is the same)
        raise ClassroomError(
            f"{path} cannot be read ({type(error).__name__}). Delete it: the marks stay, and the "
            "options of earlier calls must be given again."
        ) from None


def write_book(folder: Path, book: Book) -> None:
    """Save the settings."""
    write_whole(folder / NAME, json.dumps(book.to_json(), indent=1))
