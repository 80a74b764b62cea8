"""Hostile submissions and what lies around the wall, for the tests that attack it.

Each function of the files in ``attacks/`` becomes a submission: an app that is wrong everywhere,
and that attacks while it is imported (``..._at_import``) or in every request.
"""

import ast
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from course.catalogue import ROOT, TESTS
from course.grading.judge.client import JudgeError, JudgeProcess
from course.grading.results import ExerciseResult, Status
from course.grading.sandbox import wall

HERE = Path(__file__).parent / "attacks"
FILE = "exercise.py"
EXERCISE = "day01/custom_converter"
MARKER = f"marker{secrets.token_hex(8)}"

try:
    wall.choose("strong", wall.Limits())
    WITHOUT = ""
except wall.WallError as error:
    WITHOUT = str(error)
needs_strong = pytest.mark.skipif(
    bool(WITHOUT), reason=f"the strong wall cannot be built here: {WITHOUT}"
)

# A number by which processes of this batch are known among those of other graders.
NUMBER = 8 * 2**20 + secrets.randbelow(2**19)
LIMITS = wall.Limits(
    import_seconds=3,
    request_seconds=2,
    strikes=2,
    submission_seconds=16,
    cpu_seconds=3,
    file_size=NUMBER,
)

GOOD = """
from flask import Flask, redirect
app = Flask(__name__)


@app.get("/double/<int:n>")
def double(n):
    return {"n": 2 * n}


@app.get("/start")
def start():
    return redirect("/double/21")


@app.get("/lines")
def lines():
    return "line 1 of many\\nline 2 of many"
"""

# The instructor's tests. The marker stands here, where no submission may find it.
CHECKS = f"""
import random
import re
import pytest
from course.grading import expect
EXPECTED = "{MARKER}-expected"


@pytest.fixture
def client(start):
    return start()


def test_double(client):
    n = random.randrange(10**6)
    expect(client.get(f"/double/{{n}}"), 200, json={{"n": 2 * n}})


def test_start(client):
    expect(client.get("/start", follow_redirects=True), 200, json={{"n": 42}})


def test_lines(client):
    text = client.get("/lines").text
    assert re.findall("<b>(.*?)</b>", text, re.DOTALL) == [], EXPECTED
    assert text == "line 1 of many\\nline 2 of many", EXPECTED
"""

MOST = 3

SLOW = {
    "shout_half_a_frame",
    "steal_the_questions",
    "stop_the_box",
    "answer_without_end",
    "answer_nothing_without_end",
    "redirect_without_end",
    "redirect_with_much_luggage",
    "loop_at_import",
    "loop_deafly_at_import",
    "loop_in_a_request",
    "loop_deafly_in_a_request",
    "shout_very_much",
    "print_without_end",
    "answer_with_many_lines",
    "answer_what_takes_long_to_search",
    "import_itself_in_circles",
    "leave_many_files",
    "fill_the_inodes",
    "block_signals_in_a_request",
    "fork_bomb_at_import",
    "answer_for_the_next_app",
}


def functions():
    """Return name and source of each attack, with what it needs of the others."""
    found = {}
    helpers = {"steal", "raise_limit", "deafen", "expect", "clone", "write_now"}
    for path in sorted(HERE.glob("*.py")):
        if path.stem == "frame":
            continue
        text = path.read_text("utf-8")
        lines = text.splitlines()
        parts = {
            node.name: "\n".join(lines[node.lineno - 1 : node.end_lineno])
            for node in ast.parse(text).body
            if isinstance(node, ast.FunctionDef)
        }
        for name, source in parts.items():
            if name not in helpers:
                needed = [parts[each] for each in helpers & parts.keys()]
                found[name] = "\n\n\n".join([*needed, source])
    return found


ATTACKS = functions()


def submission(name, target):
    """Return the attack as the text of a submission."""
    text = (
        (HERE / "frame.py").read_text("utf-8").replace("TARGET: dict = {}", f"TARGET = {target!r}")
    )
    body = (
        f"{name}()\n" if name.endswith("_at_import") or name.startswith(("patch", "leave_")) else ""
    )
    said = "''" if body else f"{name}()"
    return f"{text}\n\n{ATTACKS[name]}\n\n\n{body}" + textwrap.dedent(f"""

        @app.route("/", defaults={{"path": ""}})
        @app.route("/<path:path>")
        def view(path):
            said = {said}
            if not isinstance(said, str | None):
                return said
            return f"tried {{len(TRIED)}} THROUGH: {{THROUGH}} {{said}}", 418
        """)


def hand_in(folder, text, **others):
    place = folder / EXERCISE
    place.mkdir(parents=True)
    (place / FILE).write_text(text, "utf-8")
    for name, content in others.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    return folder


class Outside:
    """What lies around the wall: decoys, listeners, a secret, and a look at what became of them."""

    def __init__(self, folder):
        self.folder = folder
        self.tests = folder / "tests"
        (self.tests / EXERCISE).mkdir(parents=True)
        (self.tests / EXERCISE / "test_custom_converter.py").write_text(CHECKS, "utf-8")
        self.handed_in = folder / "class"
        self.private = folder / "private"
        self.private.mkdir()
        (self.private / "marks.txt").write_text(f"{MARKER} decoy", "utf-8")
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.abstract = socket.socket(socket.AF_UNIX)
        self.name = secrets.token_hex(8)
        self.abstract.bind("\0" + self.name)
        self.abstract.listen()
        # The name of a socket must be short.
        self.short = tempfile.TemporaryDirectory(prefix="s-")
        self.socket = str(Path(self.short.name, "socket"))
        self.named = socket.socket(socket.AF_UNIX)
        self.named.bind(self.socket)
        self.named.listen()
        self.listeners = [self.tcp, self.udp, self.abstract, self.named]
        for each in self.listeners:
            each.setblocking(False)
        self.witness = subprocess.Popen(["sleep", "600"])

    def target(self):
        return {
            "marker": MARKER,
            "own": f"{EXERCISE}/{FILE}",
            "files": [
                str(self.private / "marks.txt"),
                str(self.tests / EXERCISE / "test_custom_converter.py"),
                str(self.handed_in / "good" / EXERCISE / FILE),
                str(TESTS / EXERCISE / "solution.py"),
                str(TESTS / EXERCISE / "test_custom_converter.py"),
                str(ROOT / "course" / "grading" / "judge" / "loop.py"),
            ],
            "folders": [
                str(each)
                for each in (self.private, self.tests, self.handed_in, TESTS, ROOT / "course")
            ],
            "python": sys.base_prefix,
            "venv": sys.prefix,
            "pids": [os.getpid(), self.witness.pid],
            "uid": os.getuid(),
            "port": self.tcp.getsockname()[1],
            "udp": self.udp.getsockname()[1],
            "abstract": self.name,
            "socket": self.socket,
        }

    def content(self):
        """Return every file that a submission could have changed or added."""
        folders = [self.tests, self.handed_in, self.private, TESTS / EXERCISE, ROOT / EXERCISE]
        return {
            path: (path.stat().st_mode, path.read_bytes())
            for folder in folders
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    def arrived(self):
        """Return which listeners heard anything."""
        heard = []
        for each in self.listeners:
            try:
                each.recv(100) if each is self.udp else each.accept()[0].close()
                heard.append(each)
            except BlockingIOError:
                continue
        return heard

    def close(self):
        for each in self.listeners:
            each.close()
        self.short.cleanup()
        self.witness.kill()
        self.witness.wait()


def ours():
    """Return the processes of this batch's boxes: their command line tells the number."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes()
        except OSError:
            continue
        if str(NUMBER).encode() in text or b"sleep\x004711\x00" in text:
            found[int(path.parent.name)] = text.replace(b"\0", b" ").decode()[-200:]
    return found


class Batch:
    """Lanes of submissions, each through one judge, all lanes side by side."""

    def __init__(self, tests, isolation, lanes, limits=LIMITS):
        self.tests, self.isolation, self.limits = tests, isolation, limits
        self.results, self.good, self.failed = {}, [], []
        with ThreadPoolExecutor(len(lanes)) as pool:
            list(pool.map(self.run, lanes))

    def run(self, lane):
        good = lane[0].parent / "good"
        with JudgeProcess(self.tests, [EXERCISE], self.isolation, self.limits) as judge:
            self.good.append(self.ask(judge, good))
            for number, path in enumerate(lane):
                self.results[path.name] = self.ask(judge, path)
                if number % 8 == 7:
                    self.good.append(self.ask(judge, good))
            self.good.append(self.ask(judge, good))

    def ask(self, judge, path):
        try:
            return judge.grade(path).exercises[0]
        except JudgeError as error:
            self.failed.append((path.name, str(error)))
            return ExerciseResult(EXERCISE, Status.GRADER_ERROR, None, MOST)


def words(result):
    return "\n".join(test.message for test in result.tests)
