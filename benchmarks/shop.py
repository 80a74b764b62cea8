"""Weigh the shop's requests: CPU of the workers for each, as a multiple of a bare Flask view's.

On SQLite and files always; on PostgreSQL and MariaDB, each with Redis, where the variables of the
tests name servers. Linux only: the CPU is read from /proc.

Run it: uv run python -m benchmarks.shop
"""

import http.client
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade

from course.catalogue import ROOT
from day06_project.shop import create_app
from day06_project.shop.commands import seed
from tests.day06_project.helpers import close, process, wait_for
from tests.day06_project.stacks import SERVERS, settings_of
from tests.helpers import free_port

API = "/api/v1.0"
CAPTCHA = f"{API}/captchas/00000000-0000-4000-8000-000000000000"
CONNECTIONS = 8
ROUNDS = 5
BARE = "bare view"
# What is asked of which shop, and how often in a round: some 0.3 s of CPU.
CASES = [
    ("list, 20 of 1,000", "small", f"{API}/goods", 400),
    ("the same, page 50", "small", f"{API}/goods?page=50", 400),
    ("the same, by price", "small", f"{API}/goods?sort=-price", 400),
    ("list, 100 of 1,000", "small", f"{API}/goods?per_page=100", 200),
    ("list, 20 of 100,000", "large", f"{API}/goods", 400),
    ("the same, page 5,000", "large", f"{API}/goods?page=5000", 100),
    ("list, with a session", "small", f"{API}/goods", 400),
    ("detail", "small", f"{API}/goods/1", 500),
    ("captcha", "small", CAPTCHA, 100),
]


def bare() -> Flask:
    """Return a view that says a word."""
    app = Flask("bare")
    app.add_url_rule("/", view_func=lambda: "Hello")
    return app


class Server:
    """A gunicorn with two workers, and what they have used."""

    def __init__(self, port: int, pid: int) -> None:
        """Find the workers: the processes that the one with this id has started."""
        self.port = port
        self.pid = pid
        self.session = ""
        wait_for(lambda: http.client.HTTPConnection("127.0.0.1", port).connect() or True)
        wait_for(lambda: len(self.workers()) == 2)

    def workers(self) -> list[str]:
        """Return the ids of the workers."""
        return Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()

    def cpu(self) -> float:
        """Return the seconds of CPU that the workers have used, their threads and all."""
        ticks = 0
        for worker in self.workers():
            fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])  # user and system
        return ticks / os.sysconf("SC_CLK_TCK")

    def ask(self, path: str, count: int, headers: dict[str, str]) -> None:
        """Ask over a connection that stays open, where the server lets it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        for _ in range(count):
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            assert response.read()
            assert response.status == 200, f"{path}: {response.status}"
        connection.close()

    def weigh(self, path: str, count: int, headers: dict[str, str]) -> tuple[float, float]:
        """Return the milliseconds of CPU of one request, and how many a second were answered."""
        before, begun = self.cpu(), time.perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            shares = [count // CONNECTIONS] * CONNECTIONS
            list(pool.map(lambda share: self.ask(path, share, headers), shares))
        count = sum(shares)
        rate = count / (time.perf_counter() - begun)
        return (self.cpu() - before) / count * 1000, rate


@contextmanager
def gunicorn(app: str, worker: str) -> Iterator[Server]:
    """Serve an app as production does, two workers of four threads, or of one."""
    port = free_port()
    environ = os.environ | {"BIND": f"127.0.0.1:{port}", "WORKER_CLASS": worker}
    environ |= {"WEB_CONCURRENCY": "2", "WEB_THREADS": "4"}
    command = [sys.executable, "-m", "gunicorn", "-c", "day06_project/gunicorn.conf.py"]
    with (
        open(os.devnull, "w") as nowhere,  # the lines of the log are written, but no one reads them
        process(*command, app, cwd=ROOT, env=environ, stdout=nowhere, stderr=nowhere) as started,
    ):
        yield Server(port, started.pid)


@contextmanager
def shop(stack: str, goods: int) -> Iterator[str]:
    """Make a shop with so many goods, in a folder and database of its own; give its address."""
    with tempfile.TemporaryDirectory() as folder, settings_of(stack, Path(folder)) as settings:
        settings |= {"SECRET_KEY": "x" * 32, "DATA_FOLDER": folder, "LIMITS": {"captchas": 10**6}}
        app = create_app("production", **settings)
        with app.app_context():
            upgrade()
            assert seed(goods) == goods
        close(app)
        arguments = "".join(f", {name}={value!r}" for name, value in settings.items())
        yield f"day06_project.shop:create_app('production'{arguments})"


def session_of(server: Server) -> str:
    """Return the cookie of a session that the shop keeps."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"{API}/session")
    response = connection.getresponse()
    response.read()
    connection.close()
    cookies = response.headers.get_all("Set-Cookie")
    return next(cookie for cookie in cookies if cookie.startswith("session=")).partition(";")[0]


def measure(shops: dict[str, str], worker: str) -> dict[str, list[tuple[float, float]]]:
    """Weigh all cases; the rounds take turns, so that a busy moment meets all of them."""
    with ExitStack() as running:
        apps = {"bare": "benchmarks.shop:bare()", **shops}
        servers = {name: running.enter_context(gunicorn(app, worker)) for name, app in apps.items()}
        cookie = session_of(servers["small"])
        figures: dict[str, list[tuple[float, float]]] = {}
        for number in range(ROUNDS + 1):
            for title, name, path, count in [(BARE, "bare", "/", 1600), *CASES]:
                headers = {"Cookie": cookie} if "session" in title else {}
                found = servers[name].weigh(path, count, headers)
                if number:  # the first round only warms up
                    figures.setdefault(title, []).append(found)
        return figures


def report(title: str, figures: dict[str, list[tuple[float, float]]]) -> None:
    """Print the median of each case, and how it compares with the bare view."""
    print(f"{title}\n{'':24}{'CPU ms':>8}{'of bare':>9}{'requests/s':>12}")
    unit = statistics.median(cpu for cpu, _ in figures[BARE])
    for name, found in figures.items():
        cpu, rate = (statistics.median(each) for each in zip(*found, strict=True))
        print(f"  {name:22}{cpu:8.2f}{cpu / unit:9.1f}{rate:12,.0f}", flush=True)


def main() -> None:
    """Print the figures of each stack."""
    workers = {"gthread": "2 workers of 4 threads", "sync": "2 workers of one thread"}
    for stack in ["embedded", *SERVERS]:
        if missing := [name for name in SERVERS.get(stack, ()) if name not in os.environ]:
            print(f"{stack}: left out, {' and '.join(missing)} not given")
            continue
        with shop(stack, 1_000) as small, shop(stack, 100_000) as large:
            for worker, words in workers.items():
                figures = measure({"small": small, "large": large}, worker)
                report(f"{stack}, {worker}, {words}:", figures)


if __name__ == "__main__":
    main()
