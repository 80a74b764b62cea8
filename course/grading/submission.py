"""What was handed in: find the exercises in it, and lay out a clean copy for the box, as data."""

from __future__ import annotations

import functools
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from course import catalogue
from course.catalogue import EXERCISE, ROOT, TESTS, TEXT_SUFFIXES, exercises, of_test

__all__ = ["TESTS", "LaidOut", "Submission", "exercises", "of_test"]

FILES_LIMIT = 200
SIZE_LIMIT = 4 * 2**20
"""Files and bytes of one exercise; what is beyond is left out of the copy, and named."""
ENTRIES_LIMIT = 5_000
"""Files and folders that are looked at, beside those that the exercise itself has."""
DEPTH = 5

_NOT_TAKEN = ("__pycache__", "README", ".")
"""What names begin with that belong to no exercise."""


@dataclass(frozen=True)
class LaidOut:
    """One exercise of a submission, ready for a box."""

    files: Mapping[str, bytes]
    """The lesson's files with the student's over them: names below the box's folder, contents."""
    own: tuple[str, ...] = ()
    """The student's files among them, relative to the exercise's folder."""
    notes: tuple[str, ...] = ()
    """What was left out, in words for the student."""


class Submission:
    """What one student handed in, in one of three shapes.

    A folder laid out like the repository (``day01/converters/exercise.py``, any number of
    exercises), the folder of one exercise (``exercise.py`` and its other files), or one file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def is_single(self) -> bool:
        """Whether it answers for the exercise it is tested as."""
        return self.path.is_file() or is_plain(self.path / EXERCISE)

    def file(self, exercise: str) -> Path | None:
        """Return the file handed in for an exercise (``day01/converters``), or None."""
        if self.is_single:
            return self.path if self.path.is_file() else self.path / EXERCISE
        file = self.path / exercise / EXERCISE
        return file if is_plain(file) and _inside(file, self.path) else None

    def files(self, exercise: str) -> list[Path]:
        """Return the files that are graded, in a fixed order, ``exercise.py`` first."""
        return list(self._choose(exercise).paths.values())

    def lay_out(self, exercise: str) -> LaidOut:
        """Return an exercise with its lesson's other files.

        The lesson's files come from the course, those of the submission win. Only plain files are
        taken: no links, no devices. What the exercise itself has (``exercise.py``, templates)
        comes first; the rest while there is room, and what there is no room for is named.
        """
        chosen = self._choose(exercise)
        files = dict(lesson_files(exercise))
        for name, path in chosen.paths.items():
            # Never more than was counted, if the file has grown since.
            with path.open("rb") as file:
                files[f"{exercise}/{name}"] = file.read(SIZE_LIMIT)
        return LaidOut(files, tuple(chosen.paths), tuple(chosen.notes()))

    def _choose(self, exercise: str) -> _Chosen:
        chosen = _Chosen()
        file = self.file(exercise)
        if file is None:
            return chosen
        if self.path.is_file():
            chosen.add(file.parent, file.name, EXERCISE)
            return chosen
        for name in _expected(exercise):
            chosen.add(file.parent, name)
        for name in _others(file.parent, chosen):
            chosen.add(file.parent, name)
        return chosen


class _Chosen:
    """The student's files that are taken, within the limits, and the names of the others."""

    def __init__(self) -> None:
        self.paths: dict[str, Path] = {}
        self.left_out: list[str] = []
        self.is_cut = False
        self._size = 0

    def add(self, folder: Path, name: str, called: str = "") -> None:
        """Take one file, if it is a plain one and there is room."""
        path = folder / name
        called = called or name
        if called in self.paths or not is_plain(path) or not _inside(path, folder):
            return
        size = path.stat().st_size
        if size + self._size > SIZE_LIMIT:
            self.left_out.append(f"{called} ({size / 2**20:.1f} MB)")
        elif len(self.paths) >= FILES_LIMIT:
            self.left_out.append(called)
        else:
            self.paths[called] = path
            self._size += size

    def notes(self) -> Iterator[str]:
        """Say what was left out, and why."""
        if self.left_out:
            more = f" and {len(self.left_out) - 3} more" if len(self.left_out) > 3 else ""
            yield (
                f"Left out: {', '.join(self.left_out[:3])}{more}. At most {FILES_LIMIT} files and "
                f"{SIZE_LIMIT // 2**20} MB of an exercise are taken."
            )
        if self.is_cut:
            yield (
                f"There are more than {ENTRIES_LIMIT} files in the folder, or they are more than "
                f"{DEPTH} folders deep: not all were looked at."
            )


@functools.cache
def lesson_files(exercise: str) -> Mapping[str, bytes]:
    """Return the files of an exercise's lesson as the course ships them, below ``dayNN``."""
    day = exercise.partition("/")[0]
    files = {f"{day}/__init__.py": b"", f"{exercise}/__init__.py": b""}
    for name in _names(ROOT / exercise):
        files[f"{exercise}/{name}"] = (ROOT / exercise / name).read_bytes()
    return files


def lessons(exercises: Iterable[str]) -> dict[str, str]:
    """Return the lessons that these exercises may import: all of their days, but no exercise.

    Names below the box's folder, and texts. This is all of the repository that a box sees.
    """
    days = {exercise.partition("/")[0] for exercise in exercises}
    texts = {f"{day}/__init__.py": "" for day in days}
    for lesson in catalogue.lessons():
        if lesson.day in days:
            texts[f"{lesson.id}/__init__.py"] = ""
            for path in lesson.files():
                if path.suffix in TEXT_SUFFIXES and path.name != EXERCISE:
                    texts[path.relative_to(ROOT).as_posix()] = path.read_text("utf-8")
    return texts


def packages(exercises: Iterable[str]) -> set[str]:
    """Return the installed packages that these exercises import, as they are shipped."""
    named = {"flask"}
    for exercise in exercises:
        file = ROOT / exercise / EXERCISE
        text = file.read_text("utf-8", "replace") if file.is_file() else ""
        named |= set(re.findall(r"^\s*(?:from|import)\s+(\w+)", text, re.MULTILINE))
    days = {day.name for day in catalogue.days()}
    return named - set(sys.stdlib_module_names) - days


@functools.cache
def _expected(exercise: str) -> tuple[str, ...]:
    """Return the files that the exercise has: in its lesson, in its solution."""
    solution = TESTS / exercise / "solution"
    names = dict.fromkeys([EXERCISE, *_names(ROOT / exercise), *_names(solution)])
    return tuple(names)


def _names(folder: Path) -> list[str]:
    """Return the relative names of a folder of the course's own, sorted."""
    paths = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return [
        path.as_posix()
        for path in paths
        if path.suffix != ".db" and not any(part.startswith(_NOT_TAKEN) for part in path.parts)
    ]


def _others(folder: Path, chosen: _Chosen) -> Iterator[str]:
    """Yield the names of a student's other files in a fixed order, shallow ones first."""
    seen = 0
    waiting = [folder]
    while waiting:
        top = waiting.pop(0)
        try:
            entries = sorted(os.scandir(top), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            seen += 1
            if seen > ENTRIES_LIMIT:
                chosen.is_cut = True
                return
            if entry.name.startswith(_NOT_TAKEN):
                continue
            if entry.is_dir(follow_symlinks=False):
                if len(Path(entry.path).relative_to(folder).parts) > DEPTH:
                    chosen.is_cut = True
                else:
                    waiting.append(Path(entry.path))
            else:
                yield Path(entry.path).relative_to(folder).as_posix()


def is_plain(path: Path) -> bool:
    """Tell whether a path is a file: no link, no folder, no device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
