"""Time grading: submissions a second against plain pytest, CPU for each, the price of the wall.

Run it: uv run python -m benchmarks.grading [SUBMISSIONS] [ROUNDS]

All variants grade the same submissions with the same twelve tests, in turns, in one process, two at
a time: the machine's mood is the same for all. The figures are medians over the rounds.
"""

import contextlib
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from werkzeug.test import Client

from course.catalogue import EXERCISE, ROOT, TESTS
from course.grading import submission
from course.grading.classroom.plan import Plan
from course.grading.classroom.preflight import preflight
from course.grading.judge.client import JudgeProcess
from course.grading.sandbox import wall
from course.grading.sandbox.box import Box, Order
from course.grading.sandbox.launch import Launcher
from course.grading.sandbox.remote import RemoteApp

NAME = "day02/errors"
TESTS_OF_EACH = 12
WORKERS = 2

# For plain pytest: the exercise's own tests with a client in the same process.
PLAIN = """\
import importlib.util
import sys
import pytest

@pytest.fixture
def client():
    spec = importlib.util.spec_from_file_location("exercise", {file!r})
    module = importlib.util.module_from_spec(spec)
    sys.modules["exercise"] = module
    spec.loader.exec_module(module)
    return module.app.test_client()

def pytest_configure(config):
    for marker in ("points", "task", "hint", "needs", "hidden"):
        config.addinivalue_line("markers", marker)
"""

COLD = """\
import runpy, sys
from course.grading.sandbox.launch import Launcher
real = Launcher.__init__
def cold(self, *args):
    real(self, *args)
    self.refused = "for comparison"
Launcher.__init__ = cold
sys.argv[0] = "judge"
runpy.run_module("course.grading.judge", run_name="__main__")
"""


class ColdJudge(JudgeProcess):
    """A judge whose boxes are started one by one, as before there was a warm process."""

    def command(self) -> list[str]:
        """Start the judge with a launcher that refuses the warm start."""
        return [sys.executable, "-c", COLD]


class Clock:
    """Seconds and CPU seconds of a block, those of processes that were killed among them.

    The latter needs a control group (cpuacct), which root may make; without one, what was killed
    is missing.
    """

    def __init__(self) -> None:
        self.seconds = self.cpu = 0.0
        self._group = Path(f"/sys/fs/cgroup/cpuacct/benchmark-{os.getpid()}")
        try:
            self._group.mkdir()
            (self._group / "tasks").write_text(str(os.getpid()))
            for thread in threading.enumerate():
                (self._group / "tasks").write_text(str(thread.native_id))
            self.is_whole = True
        except OSError:
            self.is_whole = False

    def _cpu(self) -> float:
        if self.is_whole:
            return int((self._group / "cpuacct.usage").read_text()) / 1e9
        both = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(each.ru_utime + each.ru_stime for each in both)

    @contextlib.contextmanager
    def measured(self) -> Iterator[None]:
        """Note what the block takes."""
        begun, used = time.perf_counter(), self._cpu()
        yield
        self.seconds, self.cpu = time.perf_counter() - begun, self._cpu() - used

    def close(self) -> None:
        """Remove the control group."""
        if self.is_whole:
            with contextlib.suppress(OSError):
                Path("/sys/fs/cgroup/cpuacct/tasks").write_text(str(os.getpid()))
                self._group.rmdir()


def naive(paths: list[Path]) -> None:
    """Start a ``python -m pytest`` for each, without plugins, without isolation."""
    environ = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}

    def run(path: Path) -> None:
        place = path.parent / f"{path.name}-naive"
        if not place.exists():
            shutil.copytree(path / NAME, place)
            text = PLAIN.format(file=str(path / NAME / EXERCISE))
            (place / "conftest.py").write_text(text)
            for file in (TESTS / NAME).glob("test_*.py"):
                shutil.copy(file, place)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["--rootdir", str(place), "-c", os.devnull, str(place)]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=place, env=environ
        )
        assert f"{TESTS_OF_EACH} passed" in done.stdout, done.stdout[-300:]

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(run, paths))


def graded(
    tests: Path, isolation: str, judge_class: type[JudgeProcess] = JudgeProcess, *, check: bool
) -> Callable[[list[Path]], None]:
    """Return a function that grades with judges, as ``course grade`` does.

    ``check``: with the preflight before it, while the judges start.
    """

    def run(paths: list[Path]) -> None:
        waiting = list(paths)
        plan = Plan((NAME,), tests, isolation)

        def work() -> None:
            with judge_class(tests, [NAME], isolation) as judge:
                judge.start()
                ready.wait()
                while waiting:
                    with contextlib.suppress(IndexError):
                        [part] = judge.grade(waiting.pop()).exercises
                        assert part.score == part.possible, part

        ready = threading.Event()
        with ThreadPoolExecutor(WORKERS) as pool:
            working = [pool.submit(work) for _ in range(WORKERS)]
            if check:
                preflight(plan)
            ready.set()
            for each in working:
                each.result()

    return run


def requests(isolation: str | None, count: int = 500) -> float:
    """Return the median milliseconds of one request: in this process, or through a wall."""
    path = "/api/shows/hamlet"
    if isolation is None:
        import importlib.util

        spec = importlib.util.spec_from_file_location("solution", TESTS / NAME / "solution.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return timed(Client(module.app), path, count)
    launcher = Launcher(wall.choose(isolation, wall.Limits()), ["flask"], {})
    box = Box(launcher)
    try:
        files = submission.Submission(TESTS / NAME / "solution.py").lay_out(NAME).files
        box.start(Order(NAME, files))
        return timed(Client(RemoteApp(box)), path, count)
    finally:
        box.close()
        launcher.close()


def timed(client: Client, path: str, count: int) -> float:
    """Return the median milliseconds of a GET."""
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        client.get(path)
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def checks(rounds: int = 5) -> list[float]:
    """Return the seconds of ``course check`` on a solved exercise, in a copy of the course."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "course"
        ignored = shutil.ignore_patterns(".venv", ".git", "instance", "node_modules", "*cache*")
        shutil.copytree(ROOT, copy, ignore=ignored)
        shutil.copy(TESTS / NAME / "solution.py", copy / NAME / EXERCISE)
        command = [sys.executable, "-m", "course", "check", NAME]
        times = []
        for _ in range(rounds + 1):
            begun = time.perf_counter()
            subprocess.run(command, check=True, cwd=copy, capture_output=True)
            times.append(time.perf_counter() - begun)
        return times[1:]  # the first compiles


def main(count: int = 40, rounds: int = 3) -> None:
    """Print all figures; ratios are of one run."""
    # The course is importable only where it is, and an interpreter without caches measures nothing.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    strong = wall.choose(None, wall.Limits()).isolation
    clock = Clock()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        solution = (TESTS / NAME / "solution.py").read_text("utf-8")
        paths = []
        for number in range(count):
            place = folder / f"student{number:03}" / NAME
            shutil.copytree(ROOT / NAME, place)
            text = f"{solution}\n# {random.random()}\n"  # noqa: S311
            (place / EXERCISE).write_text(text, "utf-8")
            paths.append(folder / f"student{number:03}")
        # Tests that students do not hold are not served from one import.
        secret = folder / "tests"
        shutil.copytree(TESTS / NAME, secret / NAME)
        variants = {
            "python -m pytest for each": naive,
            f"{strong}, each box cold": graded(secret, strong, ColdJudge, check=False),
            f"{strong}, warm": graded(secret, strong, check=False),
            f"{strong}, warm, one import": graded(TESTS, strong, check=False),
            f"{strong}, one import, with preflight": graded(TESTS, strong, check=True),
            "process, one import": graded(TESTS, "process", check=False),
        }
        taken: dict[str, list[tuple[float, float]]] = {each: [] for each in variants}
        for _ in range(rounds):
            for each, run in variants.items():
                with clock.measured():
                    run(paths)
                taken[each].append((clock.seconds / count, clock.cpu / count))
    clock.close()
    print(
        f"{count} submissions of {TESTS_OF_EACH} tests, {WORKERS} workers, judges' start included"
    )
    counted = "all processes" if clock.is_whole else "processes that were not killed"
    print(f"{rounds} rounds in turns; CPU of {counted}")
    plain = statistics.median(seconds for seconds, _ in next(iter(taken.values())))
    for each, pairs in taken.items():
        seconds = statistics.median(pair[0] for pair in pairs)
        cpu = statistics.median(pair[1] for pair in pairs) * 1000
        print(f"  {each:36} {1 / seconds:6.1f}/s {plain / seconds:6.2f} times {cpu:6.0f} ms CPU")
    bare, process, walled = (requests(each) for each in (None, "process", strong))
    print(f"a request: {bare:.2f} ms bare, {process:.2f} in a process, {walled:.2f} {strong}")
    checked = checks()
    middle, best = statistics.median(checked), min(checked)
    print(f"course check, solved: median {middle:.2f} s, best {best:.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
