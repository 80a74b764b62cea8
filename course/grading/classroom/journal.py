"""The record of what is graded."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any

from course.grading.classroom.intake import Handin
from course.grading.classroom.plan import Plan

STATUSES = ("graded", "partial", "import-error", "missing", "grader-error")

Record = dict[str, Any]


class Journal:
    """``results.jsonl``: one line for each finished submission, written as soon as it is known."""

    def __init__(self, path: Path, plan: Plan, *, force: bool = False) -> None:
        self.path = path
        self._plan = plan.digest()
        self._lock = threading.Lock()
        self.records: dict[str, Record] = {}
        if path.exists() and not force:
            for line in path.read_text("utf-8").splitlines():
                try:
                    record = json.loads(line)
                except ValueError:  # the last line of an interrupted run
                    continue
                # What the grader itself failed at is tried again.
                if isinstance(record, dict) and record.get("status") in STATUSES[:-1]:
                    self.records[record["key"]] = record
        # Beside it first: whoever interrupts this moment must not lose the marks.
        new = path.with_suffix(".new")
        new.write_text("".join(self._line(each) for each in self.records.values()), "utf-8")
        new.replace(path)

    def key(self, handin: Handin) -> str:
        """Return what makes this mark this mark: student, submission, tests, limits."""
        text = f"{handin.student}\0{handin.digest()}\0{self._plan}"
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()

    def add(self, record: Record) -> bool:
        """Write a record down for good, unless it is there; return whether it was new."""
        with self._lock:
            if record["key"] in self.records:
                return False
            self.records[record["key"]] = record
            with self.path.open("a", encoding="utf-8") as file:
                file.write(self._line(record))
                file.flush()
                os.fsync(file.fileno())
        return True

    @staticmethod
    def _line(record: Record) -> str:
        return json.dumps(record) + "\n"
