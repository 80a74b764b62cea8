"""Time the reader: start, pages, mount, an edit; and the tests of day 1.

On a busy machine the seconds of the clock say little: CPU time is given beside them.

Run it: uv run python -m benchmarks.reader [--quick]
"""

import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

from course import catalogue
from course.catalogue import ROOT
from course.reader import create_reader
from course.reader.process import WorkerProcess
from course.reader.server import listen
from course.reader.watch import Watchdog
from course.reader.worker import Worker


def start_to_first_page(rounds: int = 7) -> list[float]:
    """Return seconds from the command to the last byte of a lesson's page, for each round."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "course", "serve", "--no-browser"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        said = ""
        while not (address := re.search(r"http://\S+/", said)):
            said = process.stdout.readline()
        with urllib.request.urlopen(f"{address[0]}day01/converters/") as page:
            page.read()
        times.append(time.perf_counter() - begun)
        process.terminate()
        process.communicate()
    return times


def page_sizes() -> dict[str, int]:
    """Return the bytes of the index and of every lesson's page."""
    client = create_reader(token=None).test_client()
    paths = ["/", *(f"/{lesson.id}/" for lesson in catalogue.lessons())]
    return {path: len(client.get(path, base_url="http://127.0.0.1").data) for path in paths}


def page_times(rounds: int = 50) -> float:
    """Return the median milliseconds of CPU for a lesson's page, once warm."""
    client = create_reader(token=None).test_client()
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        client.get("/day01/converters/", base_url="http://127.0.0.1")
        times.append(time.process_time() - begun)
    return statistics.median(times[5:]) * 1000


def mount_overhead(rounds: int = 2000) -> tuple[float, float]:
    """Return microseconds of CPU a request: for a lesson alone, and for it in the worker.

    Without sockets: the browser goes to the worker's server as it goes to that of ``flask run``.
    """
    from day01.converters.app import app

    with tempfile.TemporaryDirectory() as folder:
        watchdog = Watchdog(3600, Path(folder) / "report", ROOT)
        worker = Worker(ROOT, token="t" * 22, watchdog=watchdog)
        alone = EnvironBuilder("/goods/7", base_url="http://127.0.0.1").get_environ()
        mounted = EnvironBuilder(
            "/run/day01/converters/app/goods/7", base_url="http://127.0.0.1"
        ).get_environ()
        mounted["HTTP_COOKIE"] = f"course_reader_5050={'t' * 22}"
        client = Client(worker, use_cookies=False)
        assert client.open(dict(mounted)).json == Client(app).open(dict(alone)).json

        def one(wsgi, environ) -> float:
            copy = dict(environ)
            begun = time.thread_time()
            parts, _, _ = run_wsgi_app(wsgi, copy)
            b"".join(parts)
            return time.thread_time() - begun

        pairs = [(one(app, alone), one(worker, mounted)) for _ in range(rounds)]
    first, second = zip(*pairs, strict=True)
    return statistics.median(first) * 1e6, statistics.median(second) * 1e6


def over_sockets(rounds: int = 400) -> tuple[float, float]:
    """Return milliseconds a request: from ``flask run``, and from the worker's process."""
    free = listen(range(5400, 5500))
    port = free.getsockname()[1]
    free.close()
    words = ["flask", "--app", "day01.converters.app", "run", "--port", str(port)]
    alone = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    worker = WorkerProcess(ROOT, listen([0]), token=None)

    def one(port: int, path: str) -> float:
        begun = time.perf_counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            answer.read()
        return time.perf_counter() - begun

    try:
        mounted = "/run/day01/converters/app/goods/7"
        one(worker.port, mounted)
        while True:  # until it listens
            try:
                one(port, "/goods/7")
                break
            except OSError:
                time.sleep(0.1)
        pairs = [(one(port, "/goods/7"), one(worker.port, mounted)) for _ in range(rounds)]
    finally:
        worker.close()
        alone.kill()
        alone.wait()
    first, second = zip(*pairs, strict=True)
    return statistics.median(first) * 1e3, statistics.median(second) * 1e3


def edit_shows(rounds: int = 10) -> list[float]:
    """Return seconds from the end of an edit to the response that shows it."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(ROOT / "day01", root / "day01")
        shutil.copy(ROOT / catalogue.NOTES, root)
        for day in catalogue.days():  # the map of the README names them
            if day.name != "day01":
                (root / day.name).mkdir()
                (root / day.name / catalogue.NOTES).touch()
        source = root / "day01/hello/app.py"
        text = source.read_text("utf-8")
        worker = WorkerProcess(root, listen([0]), token=None)
        url = f"http://127.0.0.1:{worker.port}/run/day01/hello/app/"
        try:
            for number in range(rounds):
                source.write_text(text.replace("World", f"World {number}"), "utf-8")
                begun = time.perf_counter()
                with urllib.request.urlopen(url) as answer:
                    assert f"World {number}".encode() in answer.read()
                times.append(time.perf_counter() - begun)
        finally:
            worker.close()
    return times[1:]


def seconds(*words: str) -> float:
    """Return how long a command takes; it must succeed."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", *words], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - begun


def main() -> None:
    """Print the figures."""
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = start_to_first_page()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime) / len(times)
    print(f"command to first page: median {statistics.median(times):.2f} s, best {min(times):.2f}")
    print(f"  CPU of a start, reader and worker: {cpu:.2f} s")
    sizes = page_sizes()
    largest = max(sizes, key=sizes.__getitem__)
    print(f"largest page: {largest} with {sizes[largest]:,} bytes; index {sizes['/']:,} bytes")
    print(f"a lesson's page, warm: {page_times():.1f} ms of CPU")
    alone, mounted = mount_overhead()
    more = mounted - alone
    print(f"a request alone {alone:.0f} µs of CPU, mounted {mounted:.0f}: {more:.0f} more")
    alone, mounted = over_sockets()
    print(f"over sockets: flask run {alone:.2f} ms, worker {mounted:.2f} ms")
    times = edit_shows()
    median, most = statistics.median(times) * 1e3, max(times) * 1e3
    print(f"an edit shows after {median:.0f} ms, at most {most:.0f}")
    if "--quick" in sys.argv:
        return
    print(f"collect day 1: {seconds('pytest', '-q', '--collect-only', 'tests/day01'):.1f} s")
    print(f"run day 1's tests: {seconds('pytest', '-q', 'tests/day01'):.1f} s")
    print(f"replay all notes: {seconds('pytest', '-q', 'tests/course/test_notes.py'):.1f} s")


if __name__ == "__main__":
    main()
