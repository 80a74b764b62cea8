"""The students' files: their digest, a copy of each exercise beside the journal, look-alikes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course.catalogue import EXERCISE, ROOT
from course.grading.classroom.files import write_whole
from course.grading.classroom.intake import Handin
from course.grading.classroom.journal import Record
from course.grading.classroom.marks import Entry
from course.grading.classroom.similarity import Group, alike
from course.grading.submission import Submission

CODE = "code"
LENGTH = 2**18
"""Bytes of an exercise that are kept."""

Texts = dict[str, dict[str, str]]
"""The text of each exercise, by the key of the record."""


@dataclass(frozen=True)
class Look:
    """What will be graded of a hand-in."""

    digest: str = ""
    """A hash of the student's files, as a box gets them; empty if there is nothing to grade."""
    code: Mapping[str, bytes] = field(default_factory=dict)
    """The beginning of each ``exercise.py``, by exercise."""


def look(handin: Handin, exercises: Sequence[str]) -> Look:
    """Look at the files of a hand-in that will be graded."""
    if handin.path is None:
        return Look()
    total = hashlib.sha256()
    code = {}
    submission = Submission(handin.path)
    for exercise in exercises:
        laid = submission.lay_out(exercise)
        for name in laid.own:
            data = laid.files[f"{exercise}/{name}"]
            about = f"{exercise}\0{name}\0{len(data)}\0"
            total.update(about.encode("utf-8", "surrogateescape") + data)
        if EXERCISE in laid.own:
            code[exercise] = laid.files[f"{exercise}/{EXERCISE}"][:LENGTH]
    return Look(total.hexdigest(), code)


def keep(out: Path, key: str, code: Mapping[str, bytes]) -> None:
    """Keep a copy of the exercises of one hand-in, to show them beside their marks."""
    if not code:
        return
    folder = out / CODE / key[:16]
    folder.mkdir(parents=True, exist_ok=True)
    for exercise, data in code.items():
        write_whole(folder / f"{exercise.replace('/', '__')}.py", data, sync=False)


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
