"""Time the reader: start, pages, mount; and the tests of day 1.

Run it: uv run python -m benchmarks.reader
"""

import re
import statistics
import subprocess
import sys
import time
import urllib.request

from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

from course import catalogue
from course.catalogue import ROOT
from course.reader import create_reader


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
    client = create_reader().test_client()
    paths = ["/", *(f"/{lesson.id}/" for lesson in catalogue.lessons())]
    return {path: len(client.get(path, base_url="http://127.0.0.1").data) for path in paths}


def page_times(rounds: int = 50) -> float:
    """Return the median milliseconds for a lesson's page, once warm."""
    client = create_reader().test_client()
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        client.get("/day01/converters/", base_url="http://127.0.0.1")
        times.append(time.perf_counter() - begun)
    return statistics.median(times[5:]) * 1000


def mount_overhead(rounds: int = 2000) -> tuple[float, float]:
    """Return microseconds a request for a lesson alone, and for the same lesson mounted."""
    from day01.converters.app import app

    reader = create_reader()
    alone = EnvironBuilder("/goods/7", base_url="http://127.0.0.1").get_environ()
    mounted = EnvironBuilder(
        "/run/day01/converters/goods/7", base_url="http://127.0.0.1"
    ).get_environ()
    assert Client(reader).open(mounted).json == Client(app).open(alone).json

    def one(wsgi, environ) -> float:
        copy = dict(environ)
        begun = time.perf_counter()
        parts, _, _ = run_wsgi_app(wsgi, copy)
        b"".join(parts)
        return time.perf_counter() - begun

    pairs = [(one(app, alone), one(reader, mounted)) for _ in range(rounds)]
    first, second = zip(*pairs, strict=True)
    return statistics.median(first) * 1e6, statistics.median(second) * 1e6


def seconds(*words: str) -> float:
    """Return how long a command takes; it must succeed."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", *words], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - begun


def main() -> None:
    """Print the figures."""
    times = start_to_first_page()
    print(f"command to first page: median {statistics.median(times):.2f} s, best {min(times):.2f}")
    sizes = page_sizes()
    largest = max(sizes, key=sizes.__getitem__)
    print(f"largest page: {largest} with {sizes[largest]:,} bytes; index {sizes['/']:,} bytes")
    print(f"a lesson's page, warm: {page_times():.1f} ms")
    alone, mounted = mount_overhead()
    print(f"a request alone {alone:.0f} µs, mounted {mounted:.0f} µs: {mounted - alone:.0f} more")
    print(f"collect day 1: {seconds('pytest', '-q', '--collect-only', 'tests/day01'):.1f} s")
    print(f"run day 1's tests: {seconds('pytest', '-q', 'tests/day01'):.1f} s")
    print(f"replay all notes: {seconds('pytest', '-q', 'tests/course/test_notes.py'):.1f} s")


if __name__ == "__main__":
    main()
