"""What was handed in: find the exercises in it, and lay out a clean copy for the box."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from course.catalogue import EXERCISE, ROOT

TESTS = ROOT / "tests" / "exercises"

FILES_LIMIT = 200
SIZE_LIMIT = 4 * 2**20
"""Files and bytes of one exercise; what lies beyond is left out of the copy."""


class Submission:
    """What one student handed in, in one of three shapes.

    A folder laid out like the repository (``day01/converters/exercise.py``, any number of
    exercises), the folder of one exercise (``exercise.py`` and its other files), or one file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._own = tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True)
        self.stage = Path(self._own.name)
        self.stage.chmod(0o755)

    @property
    def is_single(self) -> bool:
        """Whether it answers for whatever exercise it is tested as."""
        return self.path.is_file() or _is_plain(self.path / EXERCISE)

    def file(self, exercise: str) -> Path | None:
        """Return the file handed in for an exercise (``day01/converters``), or None."""
        if self.is_single:
            return self.path if self.path.is_file() else self.path / EXERCISE
        file = self.path / exercise / EXERCISE
        return file if _is_plain(file) and _inside(file, self.path) else None

    def lay_out(self, exercise: str) -> str:
        """Copy an exercise and its lesson's other files; return the folder's name in ``stage``.

        The lesson's files come from the course, those of the submission win. Only plain files are
        taken: no links, no devices, nothing beyond the limits.
        """
        name = exercise.replace("/", "__")
        folder = self.stage / name
        if folder.exists():
            return name
        day, _, lesson = exercise.partition("/")
        place = folder / day / lesson
        place.mkdir(parents=True)
        (folder / day / "__init__.py").touch()
        shutil.copytree(
            ROOT / exercise,
            place,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__pycache__", "README*", "*.db"),
        )
        (place / "__init__.py").touch()
        file = self.file(exercise)
        if file is None:
            return name
        if self.path.is_dir():
            for source in _plain_files(file.parent):
                target = place / source.relative_to(file.parent)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
        else:
            (place / EXERCISE).write_bytes(file.read_bytes()[:SIZE_LIMIT])
        return name

    def close(self) -> None:
        """Remove the copies."""
        self._own.cleanup()


def exercises(tests: Path = TESTS) -> list[str]:
    """Return the ids of the exercises that have tests, in the order of the days."""
    return sorted(
        {f"{p.parent.parent.name}/{p.parent.name}" for p in tests.glob("day*/*/test_*.py")}
    )


def of_test(path: Path) -> str:
    """Return the id of the exercise that a test file is about: its last two folders."""
    return f"{path.parent.parent.name}/{path.parent.name}"


def _is_plain(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _plain_files(folder: Path) -> Iterator[Path]:
    """Yield the files worth copying, smallest trees first, until a limit is met."""
    count = size = 0
    for top, folders, names in os.walk(folder):
        folders[:] = [n for n in folders if n != "__pycache__" and not n.startswith(".")][:50]
        if len(Path(top).relative_to(folder).parts) > 5:
            folders[:] = []
        for name in sorted(names):
            path = Path(top, name)
            if not _is_plain(path):
                continue
            count += 1
            size += path.stat().st_size
            if count > FILES_LIMIT or size > SIZE_LIMIT:
                return
            yield path
