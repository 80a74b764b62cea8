"""The students' files: their digest, a copy of each exercise beside the journal, look-alikes."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from course.catalogue import EXERCISE, ROOT
from course.grading.classroom.files import write_whole
from course.grading.classroom.intake import Handin
from course.grading.classroom.journal import Record
from course.grading.classroom.marks import Entry
from course.grading.classroom.similarity import Group, alike
from course.grading.submission import SIZE_LIMIT, Submission

CODE = "code"
LENGTH = 2**18
"""Bytes of an exercise that are kept."""
DIGEST_FILES = 5000
DIGEST_BYTES = 16 * SIZE_LIMIT
"""Files of one exercise that its digest looks at, and bytes that it reads; of more, the sizes."""

Texts = dict[str, dict[str, str]]
"""The text of each exercise, by the key of the record."""


def digest(handin: Handin, exercises: Sequence[str]) -> str:
    """Return a hash of all files of a hand-in that may be graded; empty if there is none."""
    if handin.path is None:
        return ""
    total = hashlib.sha256()
    room = DIGEST_BYTES
    submission = Submission(handin.path)
    try:
        for exercise in exercises:
            file = submission.file(exercise)
            if file is not None:
                top = file.parent if handin.path.is_dir() else file
                for path in _may_be_graded(top):
                    size = path.stat().st_size
                    data = b""
                    if size <= SIZE_LIMIT and room > 0:
                        data = path.read_bytes()
                        room -= size
                    about = f"{exercise}\0{path.relative_to(top).as_posix()}\0{size}\0"
                    total.update(about.encode("utf-8", "surrogateescape") + data)
    finally:
        submission.close()
    return total.hexdigest()


def _may_be_graded(top: Path) -> Iterator[Path]:
    """Yield the plain files of an exercise in a fixed order, the exercise first."""
    if top.is_file():
        yield top
        return
    yield top / EXERCISE
    count = 0
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(n for n in folders if n != "__pycache__" and not n.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if path != top / EXERCISE and stat.S_ISREG(path.lstat().st_mode):
                count += 1
                yield path
        if count > DIGEST_FILES:
            return


def keep(out: Path, key: str, handin: Handin, exercises: Sequence[str]) -> None:
    """Keep a copy of the exercises of one hand-in, to show them beside their marks."""
    if handin.path is None:
        return
    folder = out / CODE / key[:16]
    shutil.rmtree(folder, ignore_errors=True)
    submission = Submission(handin.path)
    try:
        for exercise in exercises:
            file = submission.file(exercise)
            if file is not None:
                folder.mkdir(parents=True, exist_ok=True)
                with file.open("rb") as source:
                    data = source.read(LENGTH)
                write_whole(folder / f"{exercise.replace('/', '__')}.py", data, sync=False)
    finally:
        submission.close()


def read(out: Path, records: Iterable[Record]) -> Texts:
    """Return the texts that were kept, of these records."""
    found: Texts = {}
    for record in records:
        folder = out / CODE / record.key[:16]
        found[record.key] = {
            path.stem.replace("__", "/", 1): path.read_bytes().decode("utf-8", "replace")
            for path in sorted(folder.glob("*.py"))
        }
    return found


def groups(entries: Iterable[Entry], texts: Texts, exercises: Iterable[str]) -> list[Group]:
    """Return the students whose files look alike; those of one hand-in count as one."""
    names: dict[str, str] = {}
    for entry in entries:
        names.setdefault(entry.record.key, entry.name)
    found: list[Group] = []
    for exercise in exercises:
        own: Mapping[str, str] = {
            name: texts[key][exercise]
            for key, name in names.items()
            if exercise in texts.get(key, {})
        }
        path = ROOT / exercise / EXERCISE
        starter = path.read_text("utf-8") if path.is_file() else ""
        found += alike(exercise, own, starter)
    return found
