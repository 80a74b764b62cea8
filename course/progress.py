"""What was read, tried and solved, kept in a file: for the reader and for the command line.

An exercise counts as solved while its files, and the tests, are those that were found right.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path
from typing import Any

from course import catalogue
from course.catalogue import ROOT, TESTS, Lesson

NOTHING = {"read": False, "tried": False, "solved": False}


def fingerprint(lesson: str, root: Path = ROOT) -> str:
    """Return a hash of a student's files of an exercise and of the tests that check them."""
    import hashlib  # slow to load, and not needed for a check that fails

    total = hashlib.sha256()
    files = [path for path in (root / lesson).rglob("exercise*") if path.is_file()]
    for path in sorted([*files, *(TESTS / lesson).glob("test_*.py")]):
        if path.suffix != ".pyc":
            with contextlib.suppress(OSError):
                total.update(f"{path.name} {path.stat().st_size} ".encode() + path.read_bytes())
    return total.hexdigest()


class Progress:
    """The file ``progress.json`` of the course below ``root``.

    A file that cannot be read counts as empty. ``path`` is another place for it.
    """

    def __init__(self, root: Path = ROOT, path: Path | None = None) -> None:
        self._root = root
        self._path = path or root / "instance" / "progress.json"
        self._lock = threading.Lock()

    def lessons(self) -> dict[str, dict[str, bool]]:
        """Return what was done of each lesson that was touched, by the lesson's id."""
        return {
            name: {key: bool(each.get(key)) for key in NOTHING}
            | {"solved": self._is_as_solved(name, each)}
            for name, each in self._load()["lessons"].items()
        }

    def _is_as_solved(self, lesson: str, done: dict[str, Any]) -> bool:
        return bool(done.get("solved")) and done["solved"] == fingerprint(lesson, self._root)

    def last(self) -> str:
        """Return the id of the lesson that was read last; empty where there is none."""
        return str(self._load()["last"])

    def is_solved(self, lesson: str) -> bool:
        """Tell whether the exercise of a lesson is solved, with the files as they are."""
        return self._is_as_solved(lesson, self._load()["lessons"].get(lesson, {}))

    def was_solved(self, lesson: str) -> bool:
        """Tell whether the exercise of a lesson is solved, or was before its last change."""
        return bool(self._load()["lessons"].get(lesson, {}).get("solved"))

    def next_open(self, lesson: str) -> Lesson | None:
        """Return the lesson whose exercise comes next and is not solved; None after the last one.

        After the last exercise of the course comes the first one.
        """
        every = catalogue.lessons(self._root)
        done = self._load()["lessons"]
        places = [number for number, each in enumerate(every) if each.id == lesson]
        after = places[0] + 1 if places else 0
        having = set(catalogue.exercises())
        for each in every[after:] + every[:after]:
            is_solved = self._is_as_solved(each.id, done.get(each.id, {}))
            if each.id in having and each.id != lesson and not is_solved:
                return each
        return None

    def mark(self, lesson: str, what: str, value: str | bool = True) -> None:
        """Remember that a lesson was ``read``, ``tried`` or ``solved``; it becomes the last one.

        ``value`` says more than True does: for ``solved`` it is the hash of the file.
        """
        with self._lock:
            data = self._load()
            data["lessons"].setdefault(lesson, {})[what] = value
            data["last"] = lesson
            self._store(data)

    def solve(self, lesson: str) -> None:
        """Remember that the exercise of a lesson is solved, by the hash of its files."""
        self.mark(lesson, "solved", fingerprint(lesson, self._root))

    def open(self, lesson: str) -> None:
        """Remember that a lesson is the last one that was opened."""
        with self._lock:
            data = self._load()
            if data["last"] != lesson:
                data["last"] = lesson
                self._store(data)

    def _load(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError, RecursionError):
            match json.loads(self._path.read_text("utf-8")):
                case {"lessons": dict(lessons), "last": str(last)}:
                    kept = {str(k): each for k, each in lessons.items() if isinstance(each, dict)}
                    return {"lessons": kept, "last": last}
        return {"lessons": {}, "last": ""}

    def _store(self, data: dict[str, Any]) -> None:
        import tempfile

        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".progress-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)
        os.replace(name, self._path)
