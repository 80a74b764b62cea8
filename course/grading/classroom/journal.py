"""``results.jsonl``: what is graded, a line for each attempt, written as soon as it is known.

A line with ``"superseded": true`` no longer holds: the student handed in again, or the tests
changed. While grading is going on, the last line of an attempt holds.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Self

from course.grading.classroom.files import ClassroomError, write_whole
from course.grading.classroom.intake import Origin
from course.grading.results import ExerciseResult, Status

NAME = "results.jsonl"
BROKEN = "results.broken"
LOCK = ".lock"


@dataclass(frozen=True)
class Record:
    """What one attempt of one student earned, before lateness and an instructor's word."""

    key: str
    """A hash of what the mark depends on: student, files, tests, limits."""
    origin: Origin
    status: Status
    score: float | None
    """None where the grader failed."""
    possible: float
    seconds: float
    note: str = ""
    """Why there is nothing to grade, or why the grader failed."""
    notes: tuple[str, ...] = ()
    """What was left out of the hand-in."""
    exercises: tuple[ExerciseResult, ...] = ()
    digest: str = ""
    """A hash of the files that were graded."""
    when: str = ""
    """When it was graded (UTC, ISO 8601)."""

    def to_json(self) -> dict[str, Any]:
        """Return a value that ``json.dumps`` takes."""
        data = asdict(self)
        when = self.origin.submitted
        data["origin"]["submitted"] = None if when is None else when.isoformat()
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Record:
        """Read what ``to_json`` wrote; raises an error of any kind for anything else."""
        score = data["score"]
        return cls(
            key=str(data["key"]),
            origin=Origin.from_json(data["origin"]),
            status=Status(data["status"]),
            score=None if score is None else float(score),
            possible=float(data["possible"]),
            seconds=float(data["seconds"]),
            note=str(data["note"]),
            notes=tuple(map(str, data["notes"])),
            exercises=tuple(ExerciseResult.from_json(each) for each in data["exercises"]),
            digest=str(data["digest"]),
            when=str(data["when"]),
        )


class Journal:
    """The journal of one gradebook, for one process at a time.

    As a context manager it holds the lock. ``problems`` says what could not be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / NAME
        self.records: dict[str, Record] = {}
        self.problems: list[str] = []
        self._superseded: set[str] = set()
        self._lock: IO[str] | None = None
        self._made = False
        self._writing = threading.Lock()

    def __enter__(self) -> Self:
        """Take the lock and read the file; raises ``ClassroomError``."""
        self._made = not self.folder.exists()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ClassroomError(f"{self.folder} cannot be made: {error.strerror}.") from None
        self._lock = _locked(self.folder / LOCK)
        try:
            self._read()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Free the lock."""
        if self._lock is None:
            return
        if self._made and [path.name for path in self.folder.iterdir()] == [LOCK]:
            (self.folder / LOCK).unlink()  # nothing was graded: leave nothing behind
            self.folder.rmdir()
        self._lock.close()
        self._lock = None

    def _read(self) -> None:
        if not self.path.exists():
            return
        broken = []
        for number, line in enumerate(self.path.read_bytes().splitlines(), 1):
            try:
                data = json.loads(line)
                record = Record.from_json(data)
            except Exception:  # noqa: BLE001 (any fault of a line costs that line alone)
                broken.append(line)
                self.problems.append(
                    f"{self.path.name}, line {number}, cannot be read. What it held is graded "
                    f"again; the line is kept in {BROKEN}."
                )
                continue
            self._put(record)
            if data.get("superseded"):
                self._superseded.add(record.key)
        if broken:
            with (self.folder / BROKEN).open("ab") as file:
                file.writelines(line + b"\n" for line in broken)
            self.save()

    def _put(self, record: Record) -> None:
        self.records.pop(record.key, None)  # the newest comes last
        self.records[record.key] = record
        self._superseded.discard(record.key)

    def has(self, key: str) -> bool:
        """Return whether this is graded; what the grader itself failed at is not."""
        record = self.records.get(key)
        return record is not None and record.status is not Status.GRADER_ERROR

    def add(self, record: Record) -> None:
        """Write a record down for good; it replaces the one with the same key.

        A failure of the grader never replaces a mark of the same files and tests.
        """
        with self._writing:
            if record.status is Status.GRADER_ERROR and self.has(record.key):
                return
            line = self._line(record)
            try:
                with self.path.open("ab") as file:
                    start = file.tell()
                    try:
                        file.write(line)
                        file.flush()
                        os.fsync(file.fileno())
                    except OSError:
                        file.truncate(start)
                        raise
            except OSError as error:
                raise ClassroomError(
                    f"{self.path} cannot be written: {error.strerror}. What is in it is kept; run "
                    "the same command again when there is room."
                ) from None
            self._put(record)

    def settle(self, keys: Mapping[str, Iterable[str]]) -> None:
        """Let the named keys hold for each ``who``, in place of what held before; save it."""
        for who, new in keys.items():
            holding = set(new)
            if not holding <= self.records.keys():
                continue
            for key, record in self.records.items():
                if key in holding:
                    self._superseded.discard(key)
                elif record.origin.who == who:
                    self._superseded.add(key)
        self.save()

    def current(self) -> list[Record]:
        """Return the records that hold."""
        return [record for key, record in self.records.items() if key not in self._superseded]

    def save(self) -> None:
        """Write the journal anew, beside itself first."""
        write_whole(self.path, b"".join(self._line(each) for each in self.records.values()))

    def _line(self, record: Record) -> bytes:
        superseded = record.key in self._superseded
        return json.dumps(record.to_json() | {"superseded": superseded}).encode() + b"\n"


def _locked(path: Path) -> IO[str]:
    """Return the open lock file; the system frees the lock when the process ends, however it ends.

    Raises ``ClassroomError`` if another process holds it.
    """
    file = path.open("a+", encoding="utf-8")
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ClassroomError(
            f"Another course grade is writing to {path.parent}. Wait for its end, or use --out."
        ) from None
    return file
