"""What is graded, with which tests, behind which wall."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from course.catalogue import ROOT
from course.grading.sandbox.wall import Limits


@dataclass(frozen=True)
class Plan:
    """What is graded, with which tests, behind which wall."""

    exercises: tuple[str, ...]
    tests: Path
    isolation: str
    limits: Limits = field(default_factory=Limits)

    def digest(self) -> str:
        """Return a hash of all that a mark depends on besides the submission."""
        total = hashlib.sha256(repr((self.exercises, self.isolation, self.limits)).encode())
        files = [Path(__file__).parent.parent, *(self.tests / each for each in self.exercises)]
        files += [ROOT / each for each in self.exercises]
        for folder in files:
            for path in sorted(folder.rglob("*")):
                if path.is_file() and path.suffix in {".py", ".html", ".json"}:
                    total.update(path.name.encode() + path.read_bytes())
        return total.hexdigest()
