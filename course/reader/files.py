"""The files of a lesson as they can be changed in the page: read, save, and back to the first.

The first version is the one that git keeps (``HEAD``). Where there is no git, it is a copy that is
made below ``instance/`` before a file is saved for the first time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from course.catalogue import TEXT_SUFFIXES, Lesson

MAX_TEXT = 200_000  # bytes: larger files are not for a text box


class NoSuchFileError(LookupError):
    """The lesson has no such file, or it is not one to change in a text box."""


class ConflictError(Exception):
    """The file has changed since it was read; ``now`` is the file as it is."""

    def __init__(self, now: FileText) -> None:
        self.now = now
        super().__init__(
            "The file was saved by another program since this page read it. "
            "Nothing was written: compare both, then save again."
        )


@dataclass(frozen=True)
class FileText:
    """A file's text, with line ends as a text box has them, and a name for just this content."""

    text: str
    version: str


class LessonFiles:
    """Reads and writes the text files of lessons below ``root``."""

    def __init__(self, root: Path, instance: Path) -> None:
        self._root = root
        self._copies = instance / "originals"

    def path(self, lesson: Lesson, name: str) -> Path:
        """Return the path of a lesson's text file; raises ``NoSuchFileError``."""
        for path in lesson.files():
            if path.relative_to(lesson.folder).as_posix() == name:
                if path.suffix not in TEXT_SUFFIXES or path.stat().st_size > MAX_TEXT:
                    raise NoSuchFileError(f"{name} cannot be changed here: it is not a text file.")
                return path
        raise NoSuchFileError(f"There is no file {name!r} in {lesson.id}.")

    def read(self, lesson: Lesson, name: str) -> FileText:
        """Return a file as it is now; raises ``NoSuchFileError``."""
        return _read(self.path(lesson, name))

    def save(self, lesson: Lesson, name: str, text: str, version: str) -> FileText:
        """Write a file if it still is the ``version`` that was read.

        Raises ``NoSuchFileError`` or ``ConflictError``.
        """
        path = self.path(lesson, name)
        if (now := _read(path)).version != version:
            raise ConflictError(now)
        self._keep_original(path)
        _write(path, text)
        return _read(path)

    def undo(self, lesson: Lesson, name: str) -> FileText:
        """Write the first version of a file again; raises ``NoSuchFileError``."""
        path = self.path(lesson, name)
        first = self._first(path)
        if first is None:
            raise NoSuchFileError(f"There is no earlier version of {name} here.")
        _replace(path, first)
        return _read(path)

    def is_changed(self, lesson: Lesson, name: str) -> bool:
        """Tell whether a file differs from its first version; a new file does not."""
        path = self.path(lesson, name)
        first = self._first(path)
        return first is not None and _same(first) != _same(path.read_bytes())

    def _first(self, path: Path) -> bytes | None:
        if (git := shutil.which("git")) is not None:
            # "./": the course may be a folder of a larger repository.
            name = f"HEAD:./{path.relative_to(self._root).as_posix()}"
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                command = [git, "-C", str(self._root), "show", name]
                shown = subprocess.run(command, check=False, capture_output=True, timeout=20)  # noqa: S603
                if shown.returncode == 0:
                    return shown.stdout
        with contextlib.suppress(OSError):
            return self._copy(path).read_bytes()
        return None

    def _copy(self, path: Path) -> Path:
        return self._copies / path.relative_to(self._root)

    def _keep_original(self, path: Path) -> None:
        copy = self._copy(path)
        if not copy.exists() and self._first(path) is None:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def _read(path: Path) -> FileText:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NoSuchFileError(f"{path.name} cannot be changed here: it is not UTF-8.") from None
    return FileText(text.replace("\r\n", "\n"), hashlib.sha256(data).hexdigest()[:16])


def _same(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def _write(path: Path, text: str) -> None:
    data = text.replace("\r\n", "\n").encode()
    if b"\r\n" in path.read_bytes():  # the file keeps its own line ends
        data = data.replace(b"\n", b"\r\n")
    _replace(path, data)


def _replace(path: Path, data: bytes) -> None:
    """Write a file in one step: no reader of it ever sees a half."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".saving-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        shutil.copymode(path, name)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
