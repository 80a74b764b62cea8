"""Judges side by side: a pool on this machine, or a dask.distributed cluster.

Both take paths and yield, in the order in which they finish, the place of a path in the list and
its result. Student code never runs in a worker: each worker talks to a judge, a process of its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from typing import Self

from course.grading.classroom.plan import Plan, walk
from course.grading.judge.client import JudgeError, JudgeProcess
from course.grading.results import SubmissionResult
from course.grading.submission import Submission

BATCH = 10
"""Submissions of one task on a cluster: enough to pay for starting its judge."""
LATIN = "latin-1"
"""Carries any bytes as text."""

Answer = tuple[int, SubmissionResult]


def judge_of(plan: Plan) -> JudgeProcess:
    """Return a judge for a plan; it starts with its first submission."""
    return JudgeProcess(plan.tests, plan.exercises, plan.isolation, plan.limits)


def graded_by(judge: JudgeProcess, path: Path) -> SubmissionResult:
    """Let a judge grade, and a new one in its place if it fails.

    If that fails, too, the result has no exercises, and its note says why.
    """
    try:
        return judge.grade(path)
    except JudgeError:
        try:
            return judge.grade(path)
        except JudgeError as error:
            return failed(f"The judge failed: {error}")


def failed(note: str) -> SubmissionResult:
    """Return the result of a submission that could not be graded."""
    return SubmissionResult(exercises=(), note=note)


class Pool:
    """Judges that start when the block begins, so that they are ready after the preflight."""

    def __init__(self, plan: Plan, workers: int) -> None:
        self._judges = [judge_of(plan) for _ in range(workers)]
        self._free: SimpleQueue[JudgeProcess] = SimpleQueue()
        self._threads = ThreadPoolExecutor(max(workers, 1))

    def __enter__(self) -> Self:
        """Start the judges."""
        for judge in self._judges:
            self._threads.submit(self._start, judge)
        return self

    def __exit__(self, *_: object) -> None:
        """End the judges, also where they hang."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for _round in range(2):  # the second time for a judge that was just being started
            for judge in self._judges:
                judge.close()
            self._threads.shutdown()

    def grade(self, paths: Sequence[Path]) -> Iterator[Answer]:
        """Yield the results as they come."""
        tasks = {self._threads.submit(self._grade, path): n for n, path in enumerate(paths)}
        for task in as_completed(tasks):
            try:
                yield tasks[task], task.result()
            except Exception as error:  # noqa: BLE001 (one submission never stops the class)
                yield tasks[task], failed(f"The judge failed: {error}")

    def _start(self, judge: JudgeProcess) -> None:
        try:
            judge.start()
        finally:
            self._free.put(judge)

    def _grade(self, path: Path) -> SubmissionResult:
        judge = self._free.get()
        try:
            return graded_by(judge, path)
        finally:
            self._free.put(judge)


def on_cluster(paths: Sequence[Path], plan: Plan, address: str) -> Iterator[Answer]:
    """Grade on the workers of a dask scheduler; yield the results as they come."""
    from distributed import Client

    tests = packed_tests(plan)
    with Client(address, timeout=10) as client:  # type: ignore[no-untyped-call]
        # Not pure: the same batch twice is two tasks. A batch whose worker died is run again.
        pool: Executor = client.get_executor(pure=False, retries=3)
        tasks: dict[Future[list[SubmissionResult]], range] = {}
        for first in range(0, len(paths), BATCH):
            places = range(first, min(first + BATCH, len(paths)))
            batch = [packed(paths[n], plan.exercises) for n in places]
            tasks[pool.submit(grade_batch, batch, plan, tests)] = places
        for task in as_completed(tasks):
            try:
                answers = task.result()
            except Exception as error:  # noqa: BLE001 (any error of the cluster)
                answers = [failed(f"The cluster lost the batch: {error}")] * len(tasks[task])
            yield from zip(tasks[task], answers, strict=True)


def packed(path: Path, exercises: Sequence[str]) -> dict[str, str]:
    """Return a submission as data: relative paths and contents, for another machine."""
    found: dict[str, str] = {}
    submission = Submission(path)
    for exercise in exercises:
        laid = submission.lay_out(exercise)
        for name in laid.own:
            found[f"{exercise}/{name}"] = laid.files[f"{exercise}/{name}"].decode(LATIN)
    return found


def packed_tests(plan: Plan) -> dict[str, str]:
    """Return the tests as data, so that a worker needs the course and nothing else."""
    every = walk(plan.tests)
    of_plan = [plan.tests / each for each in plan.exercises]
    above = {plan.tests, *(folder.parent for folder in of_plan)}
    wanted = [
        path
        for path in every
        if path.parent in above or any(path.is_relative_to(each) for each in of_plan)
    ]
    return _contents(plan.tests, wanted)


def _contents(top: Path, paths: Sequence[Path]) -> dict[str, str]:
    return {path.relative_to(top).as_posix(): path.read_bytes().decode(LATIN) for path in paths}


def grade_batch(
    batch: list[dict[str, str]], plan: Plan, tests: dict[str, str]
) -> list[SubmissionResult]:
    """Grade packed submissions with a judge of its own; runs in a worker of a cluster."""
    with tempfile.TemporaryDirectory(prefix="batch-") as name:
        folder = Path(name)
        _write(folder / "tests", tests)
        local = Plan(plan.exercises, folder / "tests", plan.isolation, plan.limits)
        with judge_of(local) as judge:
            answers = []
            for number, files in enumerate(batch):
                _write(folder / str(number), files)
                answers.append(graded_by(judge, folder / str(number)))
            return answers


def _write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode(LATIN))
