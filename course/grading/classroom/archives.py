"""Unpack the archives of strangers within limits: first the exercises, then the rest.

Only plain files are taken. What is left out is named, never dropped silently.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from course.catalogue import EXERCISE
from course.grading.classroom.files import printable

FILES = 500
BYTES = 32 * 2**20
"""Files and bytes that one archive may unpack to."""
ENTRIES = 20_000
TAR_BYTES = 8 * BYTES
"""Entries that are looked at, and bytes of a tar file that are decompressed in all."""
SKIPPED = frozenset(
    {"__MACOSX", "__pycache__", ".git", ".venv", "venv", "node_modules", "site-packages"}
)
"""Folders that no student wrote."""
UNREADABLE = frozenset({".rar", ".7z", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".lz", ".ace"})


@dataclass(frozen=True)
class _Member:
    """A plain file of an archive."""

    name: str
    parts: tuple[str, ...]
    size: int
    open: Callable[[], IO[bytes]]


def kind(path: Path) -> str:
    """Return ``zip`` or ``tar``, ``unreadable`` for other archives, or an empty text."""
    name = path.name.casefold()
    if name.endswith(".zip"):
        return "zip"
    if name.endswith((".tar", ".tar.gz", ".tgz")):
        return "tar"
    return "unreadable" if path.suffix.casefold() in UNREADABLE else ""


def names(archive: Path) -> list[str]:
    """Return the names in a zip or tar file that can be unpacked, sorted.

    Raises what ``unpack`` raises.
    """
    with _opened(archive, []) as members:
        return sorted("/".join(member.parts) for member in members)


def unpack(archive: Path, place: Path, below: tuple[str, ...] = ()) -> list[str]:
    """Unpack a zip or tar file below ``place``; return what was left out, a sentence each.

    With ``below``, the parts of a path, only that file or folder of the archive is unpacked: the
    limits hold for it alone, and what is wrong elsewhere in the archive does not matter.

    Raises ``ValueError`` if a name leads out of the folder, or if an exercise cannot be unpacked.
    A damaged archive raises what the standard library raises.
    """
    place.mkdir(parents=True, exist_ok=True)
    notes: list[str] = []
    with _opened(archive, notes, below) as members:
        chosen = _chosen(members, notes)
        room = BYTES
        for member in members:
            if member not in chosen:
                continue
            target = place.joinpath(*member.parts)
            try:
                room -= _copy(member, target, room)
            except Exception as error:
                if member.parts[-1] == EXERCISE:
                    raise
                with contextlib.suppress(OSError):
                    target.unlink()
                notes.append(f"{printable(member.name)} was left out: {_about(error, target)}.")
    return notes


def _about(error: Exception, target: Path) -> str:
    if isinstance(error, FileExistsError):
        return "the archive holds it twice"
    text = error.strerror or "" if isinstance(error, OSError) else str(error)
    return printable(text.replace(str(target), target.name)) if text else type(error).__name__


def _copy(member: _Member, target: Path, room: int) -> int:
    """Write one member; return its bytes: those that come out, not those that were promised."""
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with member.open() as source, target.open("xb") as copy:
        while chunk := source.read(65536):
            size += len(chunk)
            if size > room:
                raise ValueError(f"it unpacks to more than {BYTES} bytes")
            copy.write(chunk)
    return size


def _chosen(members: list[_Member], notes: list[str]) -> set[_Member]:
    """Choose what is unpacked: exercises, then what is in their folders, then the rest."""
    own = {member.parts[:-1] for member in members if member.parts[-1] == EXERCISE}

    def order(member: _Member) -> tuple[int, str]:
        if member.parts[-1] == EXERCISE:
            return 0, member.name
        folders = (member.parts[:n] for n in range(len(member.parts)))
        return 1 if any(folder in own for folder in folders) else 2, member.name

    chosen: set[_Member] = set()
    room = BYTES
    left: list[str] = []
    for member in sorted(members, key=order):
        if member.size > room or len(chosen) == FILES:
            if order(member)[0] == 0:
                raise ValueError(f"{printable(member.name)} unpacks to more than {BYTES} bytes")
            left.append(member.name)
            continue
        room -= member.size
        chosen.add(member)
    if left:
        shown = ", ".join(printable(name) for name in left[:3])
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        notes.append(
            f"The archive holds more than {FILES} files or {BYTES} bytes. Left out: {shown}{more}."
        )
    return chosen


@contextlib.contextmanager
def _opened(
    archive: Path, notes: list[str], below: tuple[str, ...] = ()
) -> Iterator[list[_Member]]:
    with contextlib.ExitStack() as stack:
        found = _zip(archive, stack) if kind(archive) == "zip" else _tar(archive, stack, notes)
        members = []
        for number, (name, size, opener) in enumerate(found):
            if number == ENTRIES:
                notes.append(f"Only the first {ENTRIES} entries of the archive were looked at.")
                break
            parts = PurePosixPath(name.replace("\\", "/")).parts
            if parts[: len(below)] != below:
                continue
            if ".." in parts or name.startswith(("/", "\\")) or (parts and ":" in parts[0]):
                raise ValueError(f"{printable(name)} leads out of its folder")
            if parts and len(parts) <= 12 and not SKIPPED & set(parts[:-1]):
                members.append(_Member(name, parts, size, opener))
        yield members


_Entry = tuple[str, int, Callable[[], IO[bytes]]]


def _zip(archive: Path, stack: contextlib.ExitStack) -> Iterator[_Entry]:
    file = stack.enter_context(zipfile.ZipFile(archive))
    for info in file.infolist():
        mode = info.external_attr >> 16
        if not info.filename or info.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
            continue

        def opener(info: zipfile.ZipInfo = info) -> IO[bytes]:
            return file.open(info)

        yield info.filename, info.file_size, opener


def _tar(archive: Path, stack: contextlib.ExitStack, notes: list[str]) -> Iterator[_Entry]:
    raw = stack.enter_context(archive.open("rb"))
    source: IO[bytes] = raw
    if raw.read(2) == b"\x1f\x8b":
        source = cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    raw.seek(0)
    file = tarfile.TarFile(fileobj=cast("IO[bytes]", _Capped(source)))
    while True:
        try:
            info = file.next()
        except _TooLongError:
            notes.append(f"Only the first {TAR_BYTES} bytes of the archive were looked at.")
            return
        if info is None:
            return
        if not info.isreg():
            continue

        def opener(info: tarfile.TarInfo = info) -> IO[bytes]:
            found = file.extractfile(info)
            assert found is not None  # it is a plain file
            return found

        yield info.name, info.size, opener


class _TooLongError(ValueError):
    """More would have to be decompressed than an archive may hold."""


class _Capped(io.RawIOBase):
    """A file that cannot be read or skipped beyond ``TAR_BYTES``."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size < 0 or self._file.tell() + size > TAR_BYTES:
            raise _TooLongError("it unpacks to too many bytes")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or offset > TAR_BYTES:
            raise _TooLongError("it unpacks to too many bytes")
        return self._file.seek(offset)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
