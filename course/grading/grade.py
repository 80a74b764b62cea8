"""``course grade``: many submissions side by side, interrupted and resumed, each graded once.

The engine is an executor of ``concurrent.futures``: a pool of this machine, or that of a
dask.distributed cluster. It is handed batches as plain data and starts a judge for each; student
code never runs in a worker.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from course.catalogue import EXERCISE, ROOT
from course.grading import judge, wall
from course.grading.intake import Handin
from course.grading.remote import AppFaultError, Box, RemoteApp, RemoteClient
from course.grading.submission import TESTS, Submission, exercises

BATCH = 10
"""Submissions of one task on a cluster: enough to pay for starting its judge."""

STATUSES = ("graded", "partial", "import-error", "missing", "grader-error")

Record = dict[str, Any]
Task = tuple["Handin", str]


@dataclass(frozen=True)
class Plan:
    """What is graded, with which tests, behind which wall."""

    exercises: tuple[str, ...]
    tests: Path
    isolation: str
    limits: wall.Limits = field(default_factory=wall.Limits)

    def digest(self) -> str:
        """Return a hash of all that a mark depends on besides the submission."""
        total = hashlib.sha256(repr((self.exercises, self.isolation, self.limits)).encode())
        files = [Path(__file__).parent, *(self.tests / each for each in self.exercises)]
        files += [ROOT / each for each in self.exercises]
        for folder in files:
            for path in sorted(folder.rglob("*")):
                if path.is_file() and path.suffix in {".py", ".html", ".json"}:
                    total.update(path.name.encode() + path.read_bytes())
        return total.hexdigest()


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


class Grader:
    """One judge, kept for submission after submission, and replaced when it does not answer."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._process: Any = None

    def grade(self, path: Path, only: str | None = None) -> Record:
        """Return what the judge says; two failures of the judge itself are a ``grader-error``."""
        reason = ""
        for _ in range(2):
            try:
                return self._ask(path, [only] if only else list(self.plan.exercises))
            except (OSError, ValueError, KeyError) as error:
                reason = str(error)
                self.close()
        return {"seconds": 0.0, "exercises": [], "note": f"The judge failed: {reason}"}

    def close(self) -> None:
        """End the judge; with it ends whatever it had started."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            stream.close()
        process.wait()

    def _ask(self, path: Path, wanted: list[str]) -> Record:
        plan = self.plan
        if self._process is None:
            self._process = judge.launch(
                plan.tests, list(plan.exercises), plan.isolation, asdict(plan.limits)
            )
            first = self._read(60)
            if "broken" in first:
                raise ValueError(first["broken"])
        task = {"path": str(path), "exercises": wanted}
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        # Beyond every limit that the judge keeps for itself.
        return self._read(30 + len(wanted) * (plan.limits.submission_seconds + 15))

    def _read(self, seconds: float) -> Record:
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            raise ValueError("the judge ended early or took too long")
        record = json.loads(line)
        return dict(record)


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
        "max": round(sum(part["max"] for part in parts), 3),
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
        grader = Grader(local)
        try:
            answers = []
            for number, files in enumerate(batch):
                _write(folder / str(number), files)
                answers.append(grader.grade(folder / str(number)))
            return answers
        finally:
            grader.close()


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
        {"exercise": each, "status": "missing", "score": 0.0, "max": points, "tests": []}
        for each, points in possible(plan).items()
    ]


def _here(todo: list[Task], plan: Plan, workers: int) -> Iterator[tuple[Task, Record]]:
    kept = threading.local()
    graders: list[Grader] = []

    def grade(path: Path) -> Record:
        if not hasattr(kept, "grader"):
            kept.grader = Grader(plan)
            graders.append(kept.grader)
        record: Record = kept.grader.grade(path)
        return record

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


def possible(plan: Plan) -> dict[str, float]:
    """Return the points of each exercise, as its tests say."""
    with tempfile.TemporaryDirectory() as empty:
        grader = Grader(plan)
        try:
            answer = grader.grade(Path(empty))
        finally:
            grader.close()
    if not answer["exercises"]:
        raise PreflightError(answer["note"])
    return {part["exercise"]: part["max"] for part in answer["exercises"]}


class PreflightError(Exception):
    """Grading would not give marks that can be trusted; the text says why."""


def preflight(plan: Plan) -> list[str]:
    """Try the tests and the wall, and return what was found, a line each.

    Raises ``PreflightError`` when a reference solution does not score full, when a starter does,
    or when the wall lets something through that it promises to hold.
    """
    lines = []
    grader = Grader(plan)
    try:
        for exercise in plan.exercises:
            words = [f"{exercise}:"]
            solution = _solution(plan, exercise)
            if solution is None:
                words.append("no reference solution,")
            else:
                part = _only(grader.grade(solution, exercise))
                words.append(f"reference {part['score']:g}/{part['max']:g},")
                if part["score"] != part["max"]:
                    failed = [t["test"] for t in part["tests"] if t["outcome"] == "failed"]
                    raise PreflightError(
                        f"The reference solution of {exercise} fails {', '.join(failed)}."
                    )
            part = _only(grader.grade(ROOT / exercise / EXERCISE, exercise))
            words.append(f"starter {part['score']:g}/{part['max']:g}")
            if part["score"] == part["max"]:
                raise PreflightError(f"The starter of {exercise} scores full.")
            lines.append(" ".join(words))
    finally:
        grader.close()
    return [*lines, canary(plan)]


def _only(answer: Record) -> Record:
    for part in answer["exercises"]:
        if part["score"] is not None:
            return dict(part)
    raise PreflightError(f"The tests cannot grade: {answer.get('note', '')}")


def _solution(plan: Plan, exercise: str) -> Path | None:
    for folder in (plan.tests / exercise, TESTS / exercise):
        for path in (folder / "solution.py", folder / "solution"):
            if path.exists():
                return path
    return None


def canary(plan: Plan) -> str:
    """Let a hostile app try the wall; say what it could do, and refuse a strong wall that leaks."""
    source = Path(__file__).with_name("canary.py").read_text("utf-8")
    with tempfile.TemporaryDirectory(prefix="canary-") as name:
        stage = Path(name)
        stage.chmod(0o755)
        folder = stage / "day" / "day01" / "canary"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").touch()
        (folder / "__init__.py").touch()
        (folder / EXERCISE).write_text(source, "utf-8")
        # Open to everybody, so that nothing but the wall stands before it.
        outside = stage / "outside"
        outside.mkdir()
        outside.chmod(0o777)
        secret = outside / "secret.txt"
        secret.write_text("not for submissions", "utf-8")
        barrier = wall.choose(plan.isolation, plan.limits, (plan.tests,))
        box = Box(barrier, stage)
        try:
            box.start({"module": "day01.canary.exercise", "folder": "day"})
            with socket.create_server(("127.0.0.1", 0)) as listener:
                tried = {
                    "tests": str(plan.tests),
                    "outside": str(secret),
                    "pid": os.getpid(),
                    "listener": listener.getsockname()[1],
                    "filtered": wall.FILTER in barrier.layers,
                    "limits": asdict(plan.limits),
                }
                reply = RemoteClient(RemoteApp(box)).post("/", json=tried)
            done = [str(each) for each in reply.get_json()]
        except AppFaultError as error:
            raise PreflightError(f"The canary did not answer: {error}") from None
        finally:
            box.close()
    if not done:
        return "canary: contained"
    if plan.isolation == "strong":
        raise PreflightError(f"The wall leaks: the canary could {', '.join(done)}.")
    return f"canary: NOT contained; a submission can {', '.join(done)}"


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
