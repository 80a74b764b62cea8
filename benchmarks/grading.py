"""Time grading: submissions a second against plain pytest, the price of the wall, of a check.

Run it: uv run python -m benchmarks.grading
"""

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from werkzeug.test import Client

from course import catalogue
from course.catalogue import EXERCISE, ROOT
from course.grading import grade, plugin, wall
from course.grading.intake import Handin
from course.grading.remote import RemoteApp
from course.grading.submission import TESTS

NAME = "day01/custom_converter"
SUBMISSIONS = 40
WORKERS = 2
TESTS_OF_EACH = 12

# The same twelve tests for both, on the model exercise: what differs is who runs the app and where.
PLAIN = """\
import importlib.util
import pytest

@pytest.fixture
def client():
    spec = importlib.util.spec_from_file_location("exercise", {file!r})
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.app.test_client()
"""
CASES = """
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_number(client, number):
    path = f"/customers/139-{{number:04}}-8000"
    response = client.get(path)
    assert response.status_code == 200
    assert response.get_json() == {{"number": f"139{{number:04}}8000"}}
    assert client.get("/new", query_string={{"number": f"139{{number:04}}8000"}}).location == path
"""


def naive(folder: Path, submissions: list[Path]) -> float:
    """Return submissions a second: a ``python -m pytest`` for each, two at a time, no isolation."""
    commands = []
    for number, path in enumerate(submissions):
        place = folder / f"naive{number}"
        place.mkdir()
        text = PLAIN.format(file=str(path / NAME / EXERCISE)) + CASES.format(count=TESTS_OF_EACH)
        (place / "test_it.py").write_text(text)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        commands.append([*command, "--rootdir", str(place), "-c", os.devnull, str(place)])

    # Without the plugins that happen to be installed here; none of them takes part.
    environ = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    def run(command: list[str]) -> None:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=folder, env=environ
        )
        assert f"{TESTS_OF_EACH} passed" in done.stdout, done.stdout

    begun = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(run, commands))
    return len(submissions) / (time.perf_counter() - begun)


def graded(folder: Path, submissions: list[Path], isolation: str, hanging: int = 0) -> float:
    """Return submissions a second with ``course grade``'s engine; ``hanging`` ones are added."""
    tests = folder / "tests"
    (tests / NAME).mkdir(parents=True, exist_ok=True)
    (tests / NAME / "test_it.py").write_text(CASES.format(count=TESTS_OF_EACH))
    plan = grade.Plan((NAME,), tests, isolation)
    out = Path(tempfile.mkdtemp(dir=folder))
    journal = grade.Journal(out / "results.jsonl", plan)
    handins = [Handin(path.name, path) for path in submissions]
    workers = WORKERS
    for number in range(hanging):
        path = hand_in(out / f"hanging{number}", "import time\ntime.sleep(100)\n")
        handins.insert(0, Handin(path.name, path))
        workers += 1
    begun = time.perf_counter()
    good = 0
    seconds = 0.0
    for record in grade.run(handins, plan, journal, workers=workers):
        if record["student"].startswith("hanging"):
            assert record["score"] == 0
            continue
        assert record["score"] == record["max"] > 0, record
        good += 1
        seconds = time.perf_counter() - begun
    return good / seconds


def hand_in(folder: Path, text: str) -> Path:
    """Make a submission of one exercise."""
    place = folder / NAME
    place.mkdir(parents=True)
    (place / EXERCISE).write_text(text)
    return folder


def requests(isolation: str | None, count: int = 500) -> float:
    """Return the milliseconds of one request: in this process, or through a wall."""
    path = "/customers/139-0013-8000"
    if isolation is None:
        import importlib.util

        spec = importlib.util.spec_from_file_location("solution", TESTS / NAME / "solution.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return timed(Client(module.app), path, count)
    subject = plugin.Subject(TESTS / NAME / "solution.py", wall.choose(isolation, wall.Limits()))
    try:
        folder = subject.submission.lay_out(NAME)
        subject.box.start({"module": f"{NAME.replace('/', '.')}.exercise", "folder": folder})
        return timed(Client(RemoteApp(subject.box)), path, count)
    finally:
        subject.close()


def timed(client: Client, path: str, count: int) -> float:
    """Return the median milliseconds of a GET."""
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        response = client.get(path)
        times.append(time.perf_counter() - begun)
        assert response.status_code == 200
    return statistics.median(times) * 1000


def check(rounds: int = 5) -> list[float]:
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


def main() -> None:
    """Print all figures; ratios are of one run."""
    # The course is importable only where it lies, and an interpreter without caches is no measure.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    solution = (TESTS / NAME / "solution.py").read_text("utf-8")
    isolation = wall.choose(None, wall.Limits()).isolation
    print(f"{len(catalogue.lessons())} lessons, wall: {isolation}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        texts = [f"{solution}\n# {random.random()}\n" for _ in range(SUBMISSIONS)]  # noqa: S311
        submissions = [hand_in(folder / f"student{n:02}", text) for n, text in enumerate(texts)]
        plain = naive(folder, submissions)
        print(f"{SUBMISSIONS} submissions of {TESTS_OF_EACH} tests, {WORKERS} workers, per second:")
        print(f"  python -m pytest for each, no isolation  {plain:6.1f}")
        for each in dict.fromkeys(["process", isolation]):
            rate = graded(folder, submissions, each)
            print(f"  course grade, isolation {each:16} {rate:6.1f}   {rate / plain:.1f} times")
        rate = graded(folder, submissions, isolation, hanging=2)
        print(f"  the same with 2 hanging ones beside them {rate:6.1f}   (two workers more)")
    bare = requests(None)
    for each in dict.fromkeys(["process", isolation]):
        through = requests(each)
        print(f"a request: {bare:.2f} ms in one process, {through:.2f} ms through {each}")
    times = check()
    print(f"course check, solved: median {statistics.median(times):.2f} s, best {min(times):.2f} s")


if __name__ == "__main__":
    main()
