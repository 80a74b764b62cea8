"""Find the submissions in what an LMS hands out: folders, archives, single files.

Strangers wrote everything found here. Names are kept for matching with a roster and cleaned before
they are shown. What is wrong with one hand-in is told for that hand-in and stops no other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from course.catalogue import EXERCISE
from course.grading.classroom import archives
from course.grading.classroom.files import ClassroomError, printable
from course.grading.submission import exercises, is_plain

DEPTH = 4
"""How many folders down a submission may begin."""
FOLDERS = 2000
"""Folders of one hand-in that are searched for its beginning."""
ATTEMPTS = 10
"""Attempts of one hand-in that are graded."""
METADATA = "submission_metadata.yml"
IGNORED = frozenset({".csv", ".yml", ".yaml", ".md", ".log"})
"""Files of a class folder that belong to the instructor, unless an LMS named them."""


@dataclass(frozen=True)
class Origin:
    """Whose hand-in it is, and how it came."""

    student: str
    """The name; two students may share it."""
    who: str = ""
    """What stays the same for a student from call to call: an LMS's number and name, or a name."""
    attempt: str = ""
    """The file or folder; tells the attempts of one student apart."""
    order: int = 0
    """Grows from attempt to attempt, where the LMS counts them."""
    system: str = ""
    """``moodle``, ``canvas``, ``gradescope`` or nothing."""
    numbers: tuple[str, ...] = ()
    """Numbers by which that LMS knows the student."""
    names: tuple[str, ...] = ()
    """Other names: an email address, an id."""
    members: tuple[str, ...] = ()
    """The students of a group."""
    submitted: datetime | None = None
    late: bool = False
    """Whether the LMS marks it as late without saying when it came."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Origin:
        """Read what ``dataclasses.asdict`` made; times are in ISO 8601."""
        submitted = data["submitted"]
        return cls(
            student=str(data["student"]),
            who=str(data["who"]),
            attempt=str(data["attempt"]),
            order=int(data["order"]),
            system=str(data["system"]),
            numbers=tuple(map(str, data["numbers"])),
            names=tuple(map(str, data["names"])),
            members=tuple(map(str, data["members"])),
            submitted=None if submitted is None else datetime.fromisoformat(submitted),
            late=bool(data["late"]),
        )


@dataclass(frozen=True)
class Handin:
    """One attempt of one student: where it is, or why there is nothing to grade."""

    origin: Origin
    path: Path | None
    problem: str = ""
    """Why there is nothing to grade, in words for the student."""
    notes: tuple[str, ...] = ()
    """What was left out, in words for the student."""


def collect(folders: Iterable[Path], unpacked: Path) -> list[Handin]:
    """Return the hand-ins in the folders, by name; archives are unpacked below ``unpacked``.

    A folder that is a submission itself counts as one; else each of its entries does.
    """
    finder = _Finder(unpacked)
    for folder in folders:
        finder.add(folder)
    return finder.found


@dataclass
class _Finder:
    """Goes through the folders and keeps what it finds."""

    unpacked: Path
    found: list[Handin] = field(default_factory=list)
    known: frozenset[str] = field(default_factory=lambda: frozenset(exercises()))

    def add(self, folder: Path) -> None:
        """Take in one folder or file that was named."""
        if folder.is_file() and (students := _students(folder)):
            self._class(folder, students)
            return
        if folder.is_file() or self._is_submission(folder):
            self._entry(folder, {})
            return
        facts = _gradescope(folder)
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith(".") or entry.name == "__pycache__":
                continue
            if entry.is_dir() and (entry / METADATA).is_file():
                self.add(entry)
            else:
                self._entry(entry, facts)

    def _class(self, archive: Path, students: list[tuple[str, ...]]) -> None:
        """Take in the archive of a whole class: each student's part has the limits of one."""
        place = self._place()
        facts: Mapping[str, Origin] = {}
        for parts in students:
            entry = place.joinpath(*parts)
            try:
                archives.unpack(archive, place, parts)
            except Exception as error:  # noqa: BLE001 (one stranger's files never stop the class)
                problem = f"It cannot be unpacked: {_reason(error, place)}."
                self.found.append(Handin(facts.get(entry.name) or _who(entry), None, problem))
                continue
            if entry.name == METADATA:
                facts = _gradescope(entry.parent)
            else:
                self._entry(entry, facts)

    def _place(self) -> Path:
        """Return a new folder to unpack to."""
        return self.unpacked / str(sum(1 for _ in self.unpacked.glob("*")))

    def _entry(self, entry: Path, facts: Mapping[str, Origin]) -> None:
        origin = facts.get(entry.name) or _who(entry)
        is_file = not entry.is_dir() or entry.is_symlink()
        if is_file and not origin.system and entry.suffix.casefold() in IGNORED:
            return
        try:
            self.found += self._attempts(entry, origin)
        except Exception as error:  # noqa: BLE001 (one stranger's files never stop the class)
            problem = f"It cannot be read: {_reason(error, entry)}."
            self.found.append(Handin(origin, None, problem))

    def _attempts(self, entry: Path, origin: Origin) -> Iterator[Handin]:
        if entry.is_symlink() or not (entry.is_dir() or is_plain(entry)):
            yield Handin(origin, None, "It is neither a file nor a folder.")
        elif not entry.is_dir():
            yield from self._file(entry, origin)
        else:
            inside = [path for path in sorted(entry.iterdir()) if is_plain(path)]
            packed = [path for path in inside if archives.kind(path)]
            notes: list[str] = []
            if starts := self._starts(entry, notes):
                if packed:
                    names = ", ".join(printable(path.name) for path in packed[:5])
                    notes.append(f"Not read, since there is an {EXERCISE} beside it: {names}.")
                yield from self._of_starts(entry, starts, origin, notes)
            elif parts := packed or [path for path in inside if path.suffix == ".py"]:
                for path in parts[:ATTEMPTS]:
                    attempt = f"{origin.attempt}/{path.name}"
                    yield from self._file(path, replace(origin, attempt=attempt))
            else:
                text = f"There is no {EXERCISE} in it."
                yield Handin(origin, None, " ".join([text, *notes]))

    def _file(self, file: Path, origin: Origin) -> Iterator[Handin]:
        kind = archives.kind(file)
        if kind == "unreadable":
            problem = f"A {file.suffix} file cannot be read. Hand in a .zip file."
            yield Handin(origin, None, problem)
        elif not kind and file.suffix.casefold() == ".py":
            yield Handin(origin, file)
        elif not kind:
            suffix = printable(file.suffix) if file.suffix else "nameless"
            problem = f"A {suffix} file cannot be graded. Hand in {EXERCISE} or a .zip file."
            yield Handin(origin, None, problem)
        else:
            place = self._place()
            try:
                notes = archives.unpack(file, place)
                starts = self._starts(place, notes)
            except Exception as error:  # noqa: BLE001 (any error of one archive is its own)
                problem = f"{printable(file.name)} cannot be unpacked: {_reason(error, place)}."
                yield Handin(origin, None, problem)
                return
            if starts:
                yield from self._of_starts(place, starts, origin, notes)
            else:
                text = f"There is no {EXERCISE} in {printable(file.name)}."
                yield Handin(origin, None, " ".join([text, *notes]))

    def _of_starts(
        self, top: Path, starts: list[Path], origin: Origin, notes: list[str]
    ) -> Iterator[Handin]:
        for start in starts[:ATTEMPTS]:
            attempt = origin.attempt
            if len(starts) > 1:
                attempt = f"{attempt}/{start.relative_to(top).as_posix()}"
            yield Handin(replace(origin, attempt=attempt), start, "", tuple(notes))

    def _is_submission(self, folder: Path) -> bool:
        with os.scandir(folder) as entries:
            names = {entry.name for entry in entries}
        return (EXERCISE in names and is_plain(folder / EXERCISE)) or any(
            each.partition("/")[0] in names and is_plain(folder / each / EXERCISE)
            for each in self.known
        )

    def _starts(self, top: Path, notes: list[str]) -> list[Path]:
        """Return the highest folders in which submissions begin, at most ``DEPTH`` down."""
        level, seen = [top], 0
        for _ in range(DEPTH + 1):
            below: list[Path] = []
            starts: list[Path] = []
            for folder in level:
                seen += 1
                if seen > FOLDERS:
                    notes.append(f"Only the first {FOLDERS} folders were searched.")
                    return starts
                if self._is_submission(folder):
                    starts.append(folder)
                elif not starts:
                    below += _folders(folder)
            if starts:
                return starts
            level = below
        return []


def _folders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        names = [e.name for e in entries if e.is_dir(follow_symlinks=False)]
    return [
        folder / name
        for name in sorted(names)
        if not name.startswith(".") and name not in archives.SKIPPED
    ]


def _reason(error: Exception, place: Path) -> str:
    """Return an error in words, without the paths of this machine."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error).replace(f"{place}{os.sep}", "").replace(str(place), place.name)
    return printable(text) if text else type(error).__name__


def _who(entry: Path) -> Origin:
    """Take the student's name and numbers out of a name that Moodle or Canvas made.

    Moodle: ``Ann Lee_12345_assignsubmission_file_``; Canvas: ``leeann_LATE_4711_9988_file.zip``,
    with the number of the user and that of the attachment. Else the name is the student's.
    """
    name = entry.name
    moodle = re.fullmatch(r"(.+?)_(\d+)_assignsubmission_.*", name)
    if moodle:
        who = f"moodle:{moodle[2]}:{moodle[1]}"
        return Origin(moodle[1], who, name, 0, "moodle", (moodle[2],))
    canvas = re.fullmatch(r"([^_]+)_(LATE_)?(\d+)_(\d+)_.+", name)
    if canvas:
        who, order = f"canvas:{canvas[3]}:{canvas[1]}", int(canvas[4][:18])
        return Origin(
            canvas[1], who, name, order, "canvas", (canvas[3],), late=canvas[2] is not None
        )
    student = name
    if not entry.is_dir():
        student = re.sub(r"(?i)(\.tar)?\.\w{1,5}$", "", name) or name
    return Origin(student, f"{entry.absolute().parent.name}/{name}", name)


def _students(archive: Path) -> list[tuple[str, ...]]:
    """Return the students' parts of an archive that an LMS made of a whole class, or nothing.

    Moodle and Canvas put the students' numbers in front; Gradescope adds a file of its own, which
    comes first here.
    """
    if archives.kind(archive) not in {"zip", "tar"}:
        return []
    try:
        paths = [tuple(name.split("/")) for name in archives.names(archive)]
    except Exception:  # noqa: BLE001 (what is wrong with it is told when it is unpacked)
        return []
    for path in paths:
        if path[-1] == METADATA:
            top = path[:-1]
            below = {each[: len(top) + 1] for each in paths if each[: len(top)] == top}
            return sorted(below, key=lambda parts: (parts != path, parts))
    firsts = sorted({path[0] for path in paths})
    return [(name,) for name in firsts] if all(_who(Path(name)).system for name in firsts) else []


def _gradescope(folder: Path) -> dict[str, Origin]:
    """Return the students of Gradescope's export by the names of their folders.

    Raises ``ClassroomError`` if its ``submission_metadata.yml`` cannot be read.
    """
    path = folder / METADATA
    if not path.is_file():
        return {}
    try:
        data = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        return {str(name): _of_gradescope(str(name), facts) for name, facts in data.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError) as error:
        first = printable(str(error).partition("\n")[0])
        raise ClassroomError(f"{path} is not what Gradescope exports: {first}.") from None


def _of_gradescope(name: str, facts: Mapping[str, Any]) -> Origin:
    people = [each for each in facts[":submitters"] if each.get(":name")]
    names = tuple(str(each[":name"]) for each in people)
    created = facts.get(":created_at")
    if isinstance(created, datetime) and created.tzinfo is None:
        created = created.replace(tzinfo=UTC)  # YAML writes UTC as "Z", and says so
    return Origin(
        student=", ".join(names) or name,
        who=f"gradescope:{','.join(str(each.get(':email', '')) for each in people) or name}",
        attempt=name,
        system="gradescope",
        names=tuple(
            str(each[key]) for each in people for key in (":email", ":sid") if each.get(key)
        ),
        members=names if len(names) > 1 else (),
        submitted=created if isinstance(created, datetime) else None,
    )
