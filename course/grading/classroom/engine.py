"""``course grade``: many submissions side by side, interrupted and resumed, each graded once.

The engine is an executor of ``concurrent.futures``: a pool of this machine, or that of a
dask.distributed cluster. It is handed batches as plain data and starts a judge for each; student
code never runs in a worker.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from itertools import chain
from pathlib import Path

from course.catalogue import EXERCISE
from course.grading.classroom.intake import Handin
from course.grading.classroom.journal import Journal, Record
from course.grading.classroom.plan import Plan
from course.grading.classroom.preflight import possible
from course.grading.judge.client import JudgeError, JudgeProcess
from course.grading.sandbox import wall
from course.grading.submission import Submission, exercises

BATCH = 10
"""Submissions of one task on a cluster: enough to pay for starting its judge."""

Task = tuple["Handin", str]


def finished(handin: Handin, key: str, answer: Record) -> Record:
    """Make the journal's record out of what a judge said about one submission."""
    parts = answer["exercises"]
    statuses = {part["status"] for part in parts}
    if handin.problem:
        status = "missing"
    elif not parts or "grader-error" in statuses:
        status = "grader-error"
    else:
        order = ("partial", "import-error", "graded", "missing")
        status = next(each for each in order if each in statuses)
    failed = status == "grader-error"
    return {
        "key": key,
        "student": handin.student,
        "numbers": list(handin.numbers),
        "status": status,
        "score": None if failed else round(sum(part["score"] for part in parts), 3),
        "max": round(sum(part["possible"] for part in parts), 3),
        "seconds": answer["seconds"],
        "note": handin.problem or answer.get("note", ""),
        "exercises": parts,
    }


# -- engines ---------------------------------------------------------------------------------


def pack(path: Path, wanted: tuple[str, ...]) -> dict[str, str]:
    """Return a submission as data: relative paths and contents (Latin-1), for another machine."""
    with_files: dict[str, str] = {}
    handed = Submission(path)
    try:
        for exercise in wanted:
            file = handed.file(exercise)
            if file is not None:
                folder = handed.stage / handed.lay_out(exercise)
                for each in folder.rglob("*"):
                    if each.is_file():
                        name = each.relative_to(folder).as_posix()
                        with_files[name] = each.read_bytes().decode("latin-1")
    finally:
        handed.close()
    return with_files


def grade_batch(batch: list[dict[str, str]], plan: Plan, tests: dict[str, str]) -> list[Record]:
    """Grade packed submissions with a judge of its own; runs in a worker of a cluster.

    ``tests`` are the exercises' tests as data, so that a worker needs the course and nothing else.
    """
    with tempfile.TemporaryDirectory(prefix="batch-") as name:
        folder = Path(name)
        _write(folder / "tests", tests)
        local = Plan(plan.exercises, folder / "tests", plan.isolation, plan.limits)
        with judge_of(local) as judge:
            answers = []
            for number, files in enumerate(batch):
                _write(folder / str(number), files)
                answers.append(answer_of(judge, folder / str(number)))
            return answers


def judge_of(plan: Plan) -> JudgeProcess:
    """Return a judge for a plan; it starts with its first submission."""
    return JudgeProcess(plan.tests, plan.exercises, plan.isolation, plan.limits)


def answer_of(judge: JudgeProcess, path: Path) -> Record:
    """Grade one submission; a judge that fails is tried once more."""
    for last in (False, True):
        try:
            return judge.grade(path).to_json()
        except JudgeError as error:
            if last:
                return {"seconds": 0.0, "exercises": [], "note": str(error)}
    raise AssertionError


def _write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode("latin-1"))


def _pack_tests(plan: Plan) -> dict[str, str]:
    paths = [p for p in plan.tests.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    wanted = [p for p in paths if p.parent == plan.tests or _is_of(p, plan)]
    return {p.relative_to(plan.tests).as_posix(): p.read_bytes().decode("latin-1") for p in wanted}


def _is_of(path: Path, plan: Plan) -> bool:
    return any(path.is_relative_to(plan.tests / each) for each in plan.exercises)


def run(
    handins: list[Handin],
    plan: Plan,
    journal: Journal,
    *,
    workers: int,
    scheduler: str | None = None,
) -> Iterator[Record]:
    """Grade what the journal does not hold yet; yield each record as soon as it is written."""
    todo = [
        (handin, key) for handin in handins if (key := journal.key(handin)) not in journal.records
    ]
    empty = [(handin, key) for handin, key in todo if handin.path is None]
    nothing = missing(plan) if empty else []
    answers: list[Iterator[tuple[Task, Record]]] = [
        (((handin, key), {"seconds": 0.0, "exercises": nothing}) for handin, key in empty)
    ]
    rest = [(handin, key) for handin, key in todo if handin.path is not None]
    if rest:
        answers.append(
            _on_a_cluster(rest, plan, scheduler) if scheduler else _here(rest, plan, workers)
        )
    for (handin, key), answer in chain.from_iterable(answers):
        record = finished(handin, key, answer)
        if journal.add(record):
            yield record


def missing(plan: Plan) -> list[Record]:
    """Return the exercises' records of a student who handed in nothing that can be graded."""
    return [
        {"exercise": each, "status": "missing", "score": 0.0, "possible": points, "tests": []}
        for each, points in possible(plan).items()
    ]


def _here(todo: list[Task], plan: Plan, workers: int) -> Iterator[tuple[Task, Record]]:
    kept = threading.local()
    graders: list[JudgeProcess] = []

    def grade(path: Path) -> Record:
        if not hasattr(kept, "grader"):
            kept.grader = judge_of(plan)
            graders.append(kept.grader)
        return answer_of(kept.grader, path)

    pool = ThreadPoolExecutor(workers)
    try:
        tasks = {pool.submit(grade, each[0].path or Path()): each for each in todo}
        for task in as_completed(tasks):
            yield tasks[task], task.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for grader in graders:
            grader.close()


def _on_a_cluster(todo: list[Task], plan: Plan, address: str) -> Iterator[tuple[Task, Record]]:
    from distributed import Client

    tests = _pack_tests(plan)
    with Client(address, timeout=10) as client:  # type: ignore[no-untyped-call]
        # Not pure: the same batch twice is two tasks. A batch whose worker died is run again.
        pool: Executor = client.get_executor(pure=False, retries=3)
        batches = [todo[n : n + BATCH] for n in range(0, len(todo), BATCH)]
        tasks: dict[Future[list[Record]], list[Task]] = {}
        for batch in batches:
            packed = [pack(handin.path or Path(), plan.exercises) for handin, _ in batch]
            tasks[pool.submit(grade_batch, packed, plan, tests)] = batch
        for task in as_completed(tasks):
            try:
                answers = task.result()
            except Exception as error:  # noqa: BLE001 (of the cluster, of whatever kind)
                note = f"The cluster lost the batch: {error}"
                answers = [{"seconds": 0.0, "exercises": [], "note": note}] * len(tasks[task])
            yield from zip(tasks[task], answers, strict=True)


# -- before the first mark ---------------------------------------------------------------------


def plan_for(
    handins: list[Handin], wanted: list[str], tests: Path, isolation: str, limits: wall.Limits
) -> Plan:
    """Return the plan: the exercises asked for, or all that somebody handed in."""
    having = exercises(tests)
    if not wanted:
        found = {
            each
            for handin in handins
            if handin.path is not None
            for each in having
            if not handin.path.is_file() and (handin.path / each / EXERCISE).is_file()
        }
        wanted = [each for each in having if each in found]
    return Plan(tuple(wanted), tests, isolation, limits)


def rate(done: int, total: int, begun: float) -> str:
    """Return progress in words: ``37/120, 12.4/s, 7 s left``."""
    seconds = max(time.monotonic() - begun, 0.001)
    speed = done / seconds
    left = (total - done) / speed if speed else 0
    return f"{done}/{total}, {speed:.1f}/s, {left:.0f} s left"
