"""What is graded, with which tests, behind which wall."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from course.catalogue import EXERCISE, ROOT
from course.grading.classroom.files import ClassroomError
from course.grading.sandbox.limits import Limits
from course.grading.submission import exercises

GRADER = ("results.py", "submission.py", "judge", "sandbox")
"""The parts of ``course.grading`` that a judge's word depends on."""
UNUSED = frozenset({"__pycache__", ".pytest_cache", "wrong"})


@dataclass(frozen=True)
class Plan:
    """What is graded, with which tests, behind which wall."""

    exercises: tuple[str, ...]
    tests: Path
    isolation: str
    limits: Limits = field(default_factory=Limits)

    def digest(self) -> str:
        """Return a hash of all that a judge's word depends on besides the submission.

        It sees every file that tests may use: helpers, ``conftest.py`` and data of any kind.
        """
        total = hashlib.sha256(repr((self.exercises, self.isolation, self.limits)).encode())
        for top, path in self._files():
            data = path.read_bytes()
            name = path.relative_to(top).as_posix()
            total.update(f"{name}\0{len(data)}\0".encode("utf-8", "surrogateescape") + data)
        return total.hexdigest()

    def _files(self) -> Iterator[tuple[Path, Path]]:
        grading = ROOT / "course" / "grading"
        for name in GRADER:
            yield from ((grading, path) for path in walk(grading / name) if path.suffix == ".py")
        for folder in sorted({self.tests, *(self.tests / e for e in self._days())}):
            yield from ((self.tests, path) for path in sorted(folder.glob("*")) if path.is_file())
        for each in self.exercises:
            yield from ((self.tests, path) for path in walk(self.tests / each))
            for path in walk(ROOT / each):
                if path.suffix != ".db" and not path.name.startswith("README"):
                    yield ROOT, path

    def _days(self) -> list[str]:
        return [each.partition("/")[0] for each in self.exercises]


def walk(top: Path) -> list[Path]:
    """Return the files below a folder (or the file itself), in a fixed order."""
    if top.is_file():
        return [top]
    every = (path for path in top.rglob("*") if not UNUSED & set(path.relative_to(top).parts))
    return sorted(path for path in every if path.is_file() and path.suffix != ".pyc")


def wanted(names: Iterable[str], tests: Path) -> list[str]:
    """Return the ids of exercises by id (``day01/converters``) or plain name.

    Raises ``ClassroomError`` for a name that no exercise with tests has, or that two have.
    """
    having = exercises(tests)
    if not having:
        raise ClassroomError(
            f"There are no tests in {tests}. They belong in dayNN/lesson/test_lesson.py below it."
        )
    found = []
    for name in names:
        short = name.replace("\\", "/").removesuffix(EXERCISE).strip("/")
        hits = [each for each in having if short in {each, each.partition("/")[2]}]
        if len(hits) != 1:
            raise ClassroomError(
                f"There are no tests for {name}. There are: {', '.join(hits or having)}."
            )
        found += hits
    return sorted(set(found))


def handed_in(paths: Iterable[Path], tests: Path) -> list[str]:
    """Return the ids of the exercises that stand where the repository has them."""
    folders = [path for path in paths if path.is_dir()]
    return [
        each
        for each in exercises(tests)
        if any((folder / each / EXERCISE).is_file() for folder in folders)
    ]
