"""``course check``: run an exercise's tests on the student's own file, and say what to mend.

What is solved is found by running, never remembered. The student's code runs in a process of its
own, on a copy: an endless loop ends, and no file or database of the student is touched.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from course import catalogue
from course.catalogue import EXERCISE, ROOT
from course.grading.judge.client import JudgeProcess
from course.grading.results import ExerciseResult, Outcome, Status, TestResult
from course.grading.submission import TESTS, exercises


class State(StrEnum):
    """What is known of a task."""

    DONE = "done"
    OPEN = "to do"
    UNKNOWN = "?"


LEGEND = "? = cannot be checked before the error below is mended"


@dataclass(frozen=True)
class Task:
    """A numbered task of an exercise, and how far it is."""

    number: int
    title: str
    state: State

    @property
    def done(self) -> bool:
        """Whether all tests of the task pass."""
        return self.state is State.DONE


@dataclass(frozen=True)
class Reason:
    """Why an exercise is not solved: one failing test, for all that the same error stops."""

    failure: TestResult
    others: int = 0
    """How many other checks the same error stops."""

    @property
    def task(self) -> int:
        """The number of its task; zero where it has none."""
        return self.failure.task or 0

    @property
    def stops(self) -> str:
        """Say how many other checks the same error stops; empty where there are none."""
        if not self.others:
            return ""
        return f"The same error stops {self.others} other check{'s' if self.others > 1 else ''}."


@dataclass(frozen=True)
class Result:
    """What came out of checking one exercise."""

    exercise: str
    status: Status
    score: float
    most: float
    tasks: tuple[Task, ...]
    reasons: tuple[Reason, ...]
    """The first one is the one to look at first."""
    file: Path

    @property
    def solved(self) -> bool:
        """Whether nothing is left to do."""
        return self.status is Status.GRADED and all(task.done for task in self.tasks)


class NoExerciseError(LookupError):
    """The lesson has no exercise; the text names those that have."""


def find(name: str, root: Path = ROOT) -> str:
    """Return the id of an exercise by its id, its plain name or its file.

    Raises ``UnknownLessonError`` or ``NoExerciseError``.
    """
    short = name.replace("\\", "/").removeprefix("./").removesuffix(EXERCISE).rstrip("/")
    lesson = catalogue.find(short, root)
    having = exercises()
    if lesson.id in having:
        return lesson.id
    if lesson.exercise is not None:
        raise NoExerciseError(
            f"{lesson.id} has an exercise without tests: expected tests/exercises/{lesson.id}/"
            "test_*.py."
        )
    near = [each for each in having if each.startswith(lesson.day)] or having
    raise NoExerciseError(f"{lesson.id} has no exercise. These have: {', '.join(near)}.")


def in_order(root: Path = ROOT) -> list[str]:
    """Return the ids of all exercises in the order of the course."""
    having = set(exercises())
    return [lesson.id for lesson in catalogue.lessons(root) if lesson.id in having]


def check(names: list[str], root: Path = ROOT) -> Iterator[Result]:
    """Check exercises side by side and yield their results in the order of ``names``.

    Raises ``JudgeError`` when the tests themselves cannot run.
    """
    if len(names) == 1:
        yield from _check(names, root)
        return
    # Imported here: the check of one exercise is to be quick.
    from concurrent.futures import ThreadPoolExecutor

    workers = max(1, min(len(names), os.cpu_count() or 1))
    with ThreadPoolExecutor(workers) as pool:
        parts = [pool.submit(_check, names[n::workers], root) for n in range(workers)]
        yield from (parts[n % workers].result()[n // workers] for n in range(len(names)))


def _check(names: list[str], root: Path) -> list[Result]:
    """Check exercises one after the other, with one judge."""
    with JudgeProcess(TESTS, names, "process") as judge:
        return [result_of(judge.grade(root, [name]).exercises[0], root) for name in names]


def result_of(graded: ExerciseResult, root: Path = ROOT) -> Result:
    """Arrange what the judge says about an exercise by its tasks and by its errors."""
    reasons = _reasons(graded)
    titles = dict(catalogue.find(graded.exercise, root).tasks())
    numbers = {test.task or 0 for test in graded.tests} | set(titles)
    tasks = tuple(
        Task(number, titles.get(number, ""), _state(graded, number, reasons))
        for number in sorted(numbers)
    )
    return Result(
        exercise=graded.exercise,
        status=graded.status,
        score=graded.score or 0.0,
        most=graded.possible,
        tasks=tasks,
        reasons=tuple(reasons),
        file=root / graded.exercise / EXERCISE,
    )


def _reasons(graded: ExerciseResult) -> list[Reason]:
    """Return each error once: slips first, then what fails in the order of the tasks."""
    failures = sorted(graded.failures, key=lambda test: (not test.is_first, test.task or 0))
    by_error: dict[object, list[TestResult]] = {}
    for number, test in enumerate(failures):
        by_error.setdefault(test.error or number, []).append(test)
    if graded.status is Status.IMPORT_ERROR:  # one reason for all
        by_error = {"": failures}
    return [Reason(tests[0], len(tests) - 1) for tests in by_error.values() if tests]


def _state(graded: ExerciseResult, number: int, reasons: list[Reason]) -> State:
    """Tell how far a task is; what only another task's error stops is not known."""
    tests = [test for test in graded.tests if (test.task or 0) == number]
    own = {reason.failure.name for reason in reasons if reason.task == number}
    if graded.status is Status.IMPORT_ERROR:
        return State.UNKNOWN
    if tests and all(test.outcome is Outcome.PASSED for test in tests):
        return State.DONE
    return State.OPEN if any(test.name in own for test in tests) else State.UNKNOWN


def place(result: Result, failure: TestResult) -> str:
    """Return the ``file:line`` to look at: of the error, of what answered, or of the TODO."""
    if failure.place:
        return f"{result.exercise}/{failure.place}"
    file = f"{result.exercise}/{EXERCISE}"
    if result.file.exists():
        lines = result.file.read_text("utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines, 1):
            if "TODO" in line and re.search(rf"tasks?\b.*\b{failure.task}\b", line):
                return f"{file}:{number}"
    return file


def message(failure: TestResult) -> str:
    """Return what a failed test says, without the place, which is told beside it."""
    return failure.message.replace(f" ({failure.place})", "", 1)


def lines(result: Result, *, everything: bool = False, hints: bool = False) -> list[str]:
    """Return the result in plain words: the tasks, and the first reason or all of them."""
    shown = [result.exercise]
    if result.status is Status.MISSING:
        file = f"{result.exercise}/{EXERCISE}"
        return [*shown, f"  There is no {file}. This brings it back:  git checkout {file}"]
    broken = result.status is Status.IMPORT_ERROR
    for task in result.tasks:
        if task.number:
            shown.append(f"  task {task.number}  {task.state:6} {task.title}".rstrip())
    if any(task.state is State.UNKNOWN for task in result.tasks):
        shown.append(f"  {LEGEND}")
    for reason in result.reasons if everything else result.reasons[:1]:
        failure = reason.failure
        shown += ["", f"  {place(result, failure)}"]
        if not broken:
            shown.append(f"  {_sentence(failure.about)}")
        shown += [f"    {line}".rstrip() for line in message(failure).splitlines()]
        if reason.stops and not broken:
            shown.append(f"  {reason.stops}")
        if failure.hint and hints:
            shown.append(f"  Hint: {failure.hint}")
    if (more := len(result.reasons) - 1) > 0 and not everything:
        fail = "check fails" if more == 1 else "checks fail"
        shown += ["", f"  {more} other {fail}: --all shows more."]
    if result.reasons and not hints and result.reasons[0].failure.hint:
        shown.append("  --hint gives a hint.")
    solved = "Solved: " if result.solved else ""
    return [*shown, "", f"  {solved}{round(result.score, 1):g} of {result.most:g} points."]


def _sentence(text: str) -> str:
    return " ".join(text.split())


def changes(folders: list[Path], interval: float = 0.05) -> Iterator[None]:
    """Return an iterator that yields whenever a file below the folders was saved.

    What is saved from this call on counts, also before the first ``next``. It yields when nothing
    has changed for an interval (in seconds), for an editor may still be writing.
    """

    def state() -> dict[Path, int]:
        found = {}
        for folder in folders:
            for path in folder.rglob("*"):
                try:
                    if path.is_file() and path.suffix != ".pyc":
                        found[path] = path.stat().st_mtime_ns
                except OSError:  # removed in between, as editors do while they save
                    continue
        return found

    def wait(seen: dict[Path, int]) -> Iterator[None]:
        while True:
            time.sleep(interval)
            now = state()
            if now == seen:
                continue
            while now != seen:
                seen = now
                time.sleep(interval)
                now = state()
            yield

    return wait(state())
