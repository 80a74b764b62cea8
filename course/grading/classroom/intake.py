"""Find the submissions in what an LMS hands out: folders, zip files, single files.

Everything found here was written by strangers. Names are kept for matching with a roster and
cleaned before they are shown; zip files are unpacked within limits, and only plain files of them.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course.catalogue import EXERCISE
from course.grading.submission import SIZE_LIMIT, exercises

ZIP_FILES = 500
ZIP_BYTES = 32 * 2**20
DEPTH = 4
"""How many folders down a submission may begin."""


@dataclass
class Handin:
    """One student's submission: the name from its folder or file, and where it lies."""

    student: str
    path: Path | None
    numbers: tuple[str, ...] = ()
    """Numbers in the name, by which an LMS knows its users."""
    problem: str = ""
    """Why there is nothing to grade, in words for the student."""

    @property
    def shown(self) -> str:
        """The name without anything that a terminal or a table would obey."""
        return printable(self.student)

    def digest(self) -> str:
        """Return a hash of all that may be graded."""
        total = hashlib.sha256(self.problem.encode())
        if self.path is not None:
            paths = [self.path] if self.path.is_file() else sorted(_walk(self.path))
            for path in paths:
                total.update(path.name.encode("utf-8", "surrogateescape") + b"\0")
                total.update(str(path.relative_to(self.path)).encode("utf-8", "surrogateescape"))
                total.update(hashlib.sha256(_beginning(path)).digest())
        return total.hexdigest()


def printable(text: str) -> str:
    """Return a text on one line, without control characters and other invisible ones."""
    kept = (c if unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return "".join(kept).strip()[:120] or "(no name)"


def collect(folders: list[Path], unpacked: Path) -> list[Handin]:
    """Return the submissions in the folders, by name; zip files are unpacked below ``unpacked``.

    A folder that is a submission itself counts as one; else each of its entries does.
    """
    found: list[Handin] = []
    for folder in folders:
        if folder.is_file() or (_begins(folder) is not None and _is_submission(folder)):
            found.append(_handin(folder, unpacked / str(len(found))))
            continue
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_dir() or entry.suffix.lower() in {".zip", ".py"}:
                found.append(_handin(entry, unpacked / str(len(found))))
    seen: dict[str, int] = {}
    for handin in found:
        seen[handin.student] = seen.get(handin.student, 0) + 1
        if seen[handin.student] > 1:
            handin.student += f" ({seen[handin.student]})"
    return found


def _is_submission(folder: Path) -> bool:
    return (folder / EXERCISE).is_file() or any(
        (folder / each / EXERCISE).is_file() for each in exercises()
    )


def _handin(entry: Path, place: Path) -> Handin:
    name = entry.stem if entry.is_file() else entry.name
    student, numbers = _who(name)
    handin = Handin(student, None, numbers)
    try:
        if entry.is_dir():
            archives = [p for p in sorted(entry.iterdir()) if p.suffix.lower() == ".zip"]
            start = _begins(entry)
            if start is None and len(archives) == 1 and _plain(archives[0]):
                unpack(archives[0], place)
                start = _begins(place)
            handin.path = start
        elif not _plain(entry):
            handin.problem = "It is no file."
        elif entry.suffix.lower() == ".zip":
            unpack(entry, place)
            handin.path = _begins(place)
        else:
            handin.path = entry
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        handin.problem = f"The zip file cannot be unpacked: {printable(str(error))}"
    if handin.path is None and not handin.problem:
        handin.problem = f"There is no {EXERCISE} in it."
    return handin


def _who(name: str) -> tuple[str, tuple[str, ...]]:
    """Take the student's name and numbers out of a name that Moodle or Canvas made.

    Moodle: ``Ann Lee_12345_assignsubmission_file_``; Canvas: ``leeann_LATE_4711_9988_file``.
    """
    moodle = re.fullmatch(r"(.+?)_(\d+)_assignsubmission_\w*", name)
    if moodle:
        return moodle[1], (moodle[2],)
    canvas = re.fullmatch(r"([^_]+)_(?:LATE_)?(\d+)_(\d+)_.+", name)
    if canvas:
        return canvas[1], (canvas[2],)
    return name, ()


def _begins(folder: Path, depth: int = 0) -> Path | None:
    """Return the folder in which the submission begins, at most ``DEPTH`` below."""
    if _is_submission(folder):
        return folder
    if depth >= DEPTH:
        return None
    for entry in sorted(folder.iterdir())[:100]:
        if entry.is_dir() and not entry.is_symlink() and not entry.name.startswith((".", "__")):
            start = _begins(entry, depth + 1)
            if start is not None:
                return start
    return None


def unpack(archive: Path, place: Path) -> None:
    """Unpack a zip file's plain files below ``place``.

    Raises ``ValueError`` for names that lead out of it, too many files and too many bytes: those
    that really come out, not those that the archive promises.
    """
    place.mkdir(parents=True, exist_ok=True)
    room = ZIP_BYTES
    with zipfile.ZipFile(archive) as file:
        members = file.infolist()
        if len(members) > ZIP_FILES:
            raise ValueError(f"it holds more than {ZIP_FILES} files")
        for member in members:
            mode = member.external_attr >> 16
            if member.is_dir() or (mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode)):
                continue
            parts = PurePosixPath(member.filename.replace("\\", "/")).parts
            if ".." in parts or member.filename.startswith(("/", "\\")) or ":" in parts[0]:
                raise ValueError(f"{printable(member.filename)} leads out of its folder")
            if parts[0] == "__MACOSX" or len(parts) > 12:
                continue
            target = place.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with file.open(member) as source, target.open("xb") as copy:
                while chunk := source.read(min(room + 1, 65536)):
                    room -= len(chunk)
                    if room < 0:
                        raise ValueError(f"it unpacks to more than {ZIP_BYTES} bytes")
                    copy.write(chunk)


def _plain(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _beginning(path: Path) -> bytes:
    """Return as much of a file as may be graded; nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(SIZE_LIMIT)
    except OSError:
        return b""


def _walk(folder: Path) -> list[Path]:
    found: list[Path] = []
    for top, folders, names in os.walk(folder):
        folders[:] = [n for n in folders if not n.startswith((".", "__pycache__"))]
        found += [Path(top, name) for name in names if _plain(Path(top, name))]
        if len(found) > 2000:
            break
    return found[:2000]
