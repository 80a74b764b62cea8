"""``course check``: run an exercise's tests on the student's own file, and say what to mend.

What is solved is found by running, never remembered. The student's code runs in a process of its
own, on a copy: an endless loop ends, and no file or database of the student is touched.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from course import catalogue
from course.catalogue import EXERCISE, ROOT
from course.grading.judge.client import JudgeProcess
from course.grading.results import ExerciseResult, Status, TestResult
from course.grading.submission import TESTS, exercises


@dataclass(frozen=True)
class Task:
    """A numbered task of an exercise, and what is missing to it."""

    number: int
    title: str
    failures: tuple[TestResult, ...]

    @property
    def done(self) -> bool:
        """Whether all tests of the task pass."""
        return not self.failures


@dataclass(frozen=True)
class Result:
    """What came out of checking one exercise."""

    exercise: str
    status: Status
    score: float
    most: float
    tasks: tuple[Task, ...]
    file: Path

    @property
    def solved(self) -> bool:
        """Whether nothing is left to do."""
        return self.status is Status.GRADED and all(task.done for task in self.tasks)

    @property
    def failures(self) -> list[TestResult]:
        """The failing tests, in the order of the tasks."""
        return [failure for task in self.tasks for failure in task.failures]


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
    workers = max(1, min(len(names), os.cpu_count() or 1))
    with ThreadPoolExecutor(workers) as pool:
        parts = [pool.submit(_check, names[n::workers], root) for n in range(workers)]
        yield from (parts[n % workers].result()[n // workers] for n in range(len(names)))


def _check(names: list[str], root: Path) -> list[Result]:
    """Check exercises one after the other, with one judge."""
    with JudgeProcess(TESTS, names, "process") as judge:
        return [result_of(judge.grade(root, [name]).exercises[0], root) for name in names]


def result_of(graded: ExerciseResult, root: Path = ROOT) -> Result:
    """Arrange what the judge says about an exercise by its tasks."""
    file = root / graded.exercise / EXERCISE
    numbers = {test.task or 0 for test in graded.tests}
    titles = dict(catalogue.find(graded.exercise, root).tasks())
    tasks = tuple(
        Task(
            number,
            titles.get(number, ""),
            tuple(test for test in graded.failures if (test.task or 0) == number),
        )
        for number in sorted(numbers | set(titles))
    )
    return Result(graded.exercise, graded.status, graded.score or 0.0, graded.possible, tasks, file)


def place(result: Result, failure: TestResult) -> str:
    """Return the ``file:line`` to look at: where it failed, or where the task is to be done."""
    file = f"{result.exercise}/{EXERCISE}"
    if found := re.findall(rf"{re.escape(EXERCISE)}:(\d+)", failure.message):
        return f"{file}:{found[0]}"
    if result.file.exists():
        lines = result.file.read_text("utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines, 1):
            if "TODO" in line and re.search(rf"tasks?\b.*\b{failure.task}\b", line):
                return f"{file}:{number}"
    return file


def lines(result: Result, *, everything: bool = False, hints: bool = False) -> list[str]:
    """Return the result in plain words: the tasks, and the first failure or all of them."""
    shown = [result.exercise]
    if result.status is Status.MISSING:
        return [*shown, f"  There is no {EXERCISE} in this lesson's folder."]
    broken = result.status is Status.IMPORT_ERROR
    for task in result.tasks:
        if task.number:
            state = "?" if broken else "done" if task.done else "to do"
            shown.append(f"  task {task.number}  {state:6} {task.title}".rstrip())
    failures = result.failures
    if broken:
        failures = failures[:1]
    for failure in failures if everything else failures[:1]:
        shown += ["", f"  {place(result, failure)}"]
        if not broken:
            shown.append(f"  {_sentence(failure.about)}")
        # The place stands above already.
        message = failure.message.replace(f" ({place(result, failure)})", "", 1)
        shown += [f"    {line}".rstrip() for line in message.splitlines()]
        if failure.hint and hints and not broken:
            shown.append(f"  Hint: {failure.hint}")
    if len(failures) > 1 and not everything:
        shown += ["", f"  {len(failures) - 1} more; --all shows them."]
    if failures and not hints and not broken and failures[0].hint:
        shown.append("  --hint gives a hint.")
    shown += [
        "",
        f"  {'Solved: ' if result.solved else ''}{result.score:g} of {result.most:g} points.",
    ]
    return shown


def _sentence(text: str) -> str:
    return " ".join(text.split())


def changes(folders: list[Path], interval: float = 0.25) -> Iterator[None]:
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
