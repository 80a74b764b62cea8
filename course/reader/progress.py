"""What was read, tried and solved, kept in a file so that it survives the browser."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

NOTHING = {"read": False, "tried": False, "solved": False}


class Progress:
    """The file ``progress.json``; one that cannot be read counts as empty."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def lessons(self) -> dict[str, dict[str, bool]]:
        """Return what was done of each lesson that was touched, by the lesson's id."""
        return {
            name: {key: bool(each.get(key)) for key in NOTHING}
            for name, each in self._load()["lessons"].items()
        }

    def last(self) -> str:
        """Return the id of the lesson that was read last; empty where there is none."""
        return str(self._load()["last"])

    def is_solved(self, lesson: str) -> bool:
        """Tell whether the exercise of a lesson was solved."""
        return self.lessons().get(lesson, NOTHING)["solved"]

    def mark(self, lesson: str, what: str, value: str | bool = True) -> None:
        """Remember that a lesson was ``read``, ``tried`` or ``solved``; it becomes the last one.

        ``value`` says more than True does: for ``solved`` it is the hash of the file.
        """
        with self._lock:
            data = self._load()
            data["lessons"].setdefault(lesson, {})[what] = value
            data["last"] = lesson
            self._store(data)

    def solve(self, lesson: str, exercise: Path) -> None:
        """Remember that the exercise of a lesson is solved, by the hash of its file."""
        self.mark(lesson, "solved", hashlib.sha256(exercise.read_bytes()).hexdigest())

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
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".progress-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)
        os.replace(name, self._path)
