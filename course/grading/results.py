"""What grading finds: of a test, of an exercise, of a submission.

These values cross the border between the judge's process and the others as JSON: ``to_json`` and
``from_json`` are the only places that know its keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How the grading of an exercise, or of a whole submission, ended."""

    GRADED = "graded"
    PARTIAL = "partial"
    """Some tests were ended or not tried, since the app ran out of time."""
    IMPORT_ERROR = "import-error"
    MISSING = "missing"
    GRADER_ERROR = "grader-error"
    """The grader failed, not the student: there is no mark, and the next run tries again."""


class Outcome(StrEnum):
    """How one test ended, in pytest's words."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Kind(StrEnum):
    """Why a test failed."""

    WRONG = "wrong"
    """The app answered, and the response was not the expected one."""
    IMPORT = "import"
    """The app did not start."""
    TIME = "time"
    RAISED = "raised"
    """The app raised an exception through its WSGI interface."""
    DIED = "died"
    """The app's process ended."""
    SIZE = "size"
    WIRE = "wire"
    """What came back was not an HTTP response."""
    GRADER = "grader"
    """The judge or the box failed; never the student's fault."""


@dataclass(frozen=True)
class TestResult:
    """One test of one exercise."""

    __test__ = False  # pytest: nothing to collect

    name: str
    about: str
    """What the test checks, in a sentence."""
    outcome: Outcome
    score: float
    points: float
    task: int | None = None
    hint: str = ""
    hidden: bool = False
    kind: Kind | None = None
    message: str = ""
    seconds: float = 0.0
    place: str = ""
    """The student's line that raised or answered: ``exercise.py:7``, or empty."""
    error: str = ""
    """The same text for all tests that one error stops; empty where there is none."""
    is_first: bool = False
    """Whether it is a slip that is told before other failures."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TestResult:
        """Read what ``to_json`` wrote; raises ``KeyError`` or ``ValueError`` for anything else."""
        kind = data["kind"]
        return cls(
            name=str(data["name"]),
            about=str(data["about"]),
            outcome=Outcome(data["outcome"]),
            score=float(data["score"]),
            points=float(data["points"]),
            task=None if data["task"] is None else int(data["task"]),
            hint=str(data["hint"]),
            hidden=bool(data["hidden"]),
            kind=None if kind is None else Kind(kind),
            message=str(data["message"]),
            seconds=float(data["seconds"]),
            place=str(data.get("place", "")),
            error=str(data.get("error", "")),
            is_first=bool(data.get("is_first", False)),
        )


@dataclass(frozen=True)
class ExerciseResult:
    """One exercise of one submission; ``score`` is None where the grader failed."""

    exercise: str
    status: Status
    score: float | None
    possible: float
    tests: tuple[TestResult, ...] = ()
    files: tuple[str, ...] = ()
    """The student's files that were graded, relative to the exercise's folder."""
    notes: tuple[str, ...] = ()
    """What the student should know about how it was graded, such as a file that was left out."""

    @property
    def failures(self) -> list[TestResult]:
        """The failing tests, in their order."""
        return [test for test in self.tests if test.outcome is Outcome.FAILED]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ExerciseResult:
        """Read what ``to_json`` wrote; raises ``KeyError`` or ``ValueError`` for anything else."""
        score = data["score"]
        return cls(
            exercise=str(data["exercise"]),
            status=Status(data["status"]),
            score=None if score is None else float(score),
            possible=float(data["possible"]),
            tests=tuple(TestResult.from_json(each) for each in data["tests"]),
            files=tuple(map(str, data["files"])),
            notes=tuple(map(str, data["notes"])),
        )


@dataclass(frozen=True)
class SubmissionResult:
    """What a judge says about one submission."""

    exercises: tuple[ExerciseResult, ...]
    seconds: float = 0.0
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return a value that ``json.dumps`` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SubmissionResult:
        """Read what ``to_json`` wrote; raises ``KeyError`` or ``ValueError`` for anything else."""
        return cls(
            exercises=tuple(ExerciseResult.from_json(each) for each in data["exercises"]),
            seconds=float(data["seconds"]),
            note=str(data["note"]),
        )
