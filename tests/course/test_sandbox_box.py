"""A box: what tests of one exercise share and what they do not, and how an app ends."""

import os
import sys
import time
from dataclasses import asdict
from unittest.mock import ANY

import pytest

from course.grading.results import Kind
from course.grading.sandbox import inside, wall
from course.grading.sandbox.box import Box, Budget, Order
from course.grading.sandbox.faults import AppFaultError
from course.grading.sandbox.launch import Launcher
from course.grading.sandbox.remote import RemoteApp, RemoteClient

NAME = "day01/custom_converter"
HEAD = """
import os, secrets, sys, threading, time
from pathlib import Path
from flask import Flask, request, session
app = Flask(__name__)
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="boxes share imports by forks")


@pytest.fixture(scope="module")
def launcher():
    """Give a launcher of the weaker wall, which every POSIX system has."""
    found = Launcher(wall.build("process", wall.Limits()), ["flask"], {})
    yield found
    found.close()


class Counting:
    """A launcher that counts the boxes it opens."""

    def __init__(self, launcher):
        self.launcher = launcher
        self.wall = launcher.wall
        self.opened = 0

    def open(self, output):
        self.opened += 1
        return self.launcher.open(output)


@pytest.fixture
def counting(launcher):
    return Counting(launcher)


@pytest.fixture
def box(counting):
    found = Box(counting)
    yield found
    found.close()


@pytest.fixture
def start(box):
    """Give a function that starts a text as the exercise, and returns a client for it."""

    def run(text, *, head=HEAD, shared=True, files=None, **more):
        content = {
            "day01/__init__.py": b"",
            f"{NAME}/__init__.py": b"",
            f"{NAME}/exercise.py": (head + text).encode(),
        }
        box.start(Order(NAME, content | (files or {}), shared=shared, **more))
        return RemoteClient(RemoteApp(box))

    return run


def fault(action, *args, **options):
    with pytest.raises(AppFaultError) as caught:
        action(*args, **options)
    return caught.value


APPEND = """
books = []
KEY = secrets.token_hex()
@app.get("/")
def add():
    books.append(1)
    Path("written").open("a").write("x")
    return f"{len(books)} {Path('written').read_text()} {KEY} {os.getpid()}"
"""


def test_a_shared_import_is_one_import_and_each_test_has_memory_and_files_of_its_own(start):
    first, second = (start(APPEND).get("/").text.split() for _ in range(2))
    assert first[:2] == second[:2] == ["1", "x"]
    assert first[2] == second[2]
    assert first[3] != second[3]


def test_a_start_that_is_not_shared_is_an_import_of_its_own(start):
    first, second = (start(APPEND, shared=False).get("/").text.split() for _ in range(2))
    assert first[:2] == second[:2] == ["1", "x"]
    assert first[2] != second[2]


@pytest.mark.parametrize("shared", [True, False])
def test_a_restart_keeps_the_files_and_nothing_else(start, shared):
    before = start(APPEND, shared=shared).get("/").text.split()
    after = start(APPEND, shared=False, keep=True).get("/").text.split()
    assert after[:2] == ["1", "xx"]
    assert after[2] != before[2]


def test_a_reply_knows_the_requests_before_it_and_who_sent_them(start):
    client = start(APPEND)
    client.get("/")
    other = RemoteClient(client.application)
    assert other.get("/?a=1").before() == [("GET /", ANY, True)]
    assert client.get("/").before() == [("GET /", ANY, False), ("GET /?a=1", ANY, True)]
    client = start(APPEND, shared=False, keep=True, told="with A=1")
    assert client.get("/").before() == [
        ("GET /", ANY, False),
        ("GET /?a=1", ANY, False),
        ("GET /", ANY, False),
        ("a restart with A=1", "", False),
    ]
    assert start(APPEND).get("/").before() == []


@pytest.mark.parametrize(
    "action",
    [
        'Path("made").write_text("at import")',
        "thread = threading.Thread(target=time.sleep, args=[600], daemon=True); thread.start()",
        "opened = open(os.devnull)",
        "child = __import__('subprocess').Popen(['sleep', '600'])",
        'Path(os.environ["TMPDIR"], "made").touch()',
    ],
    ids=["file", "thread", "open file", "process", "file elsewhere"],
)
def test_what_an_import_leaves_behind_is_there_in_every_test(start, action):
    """Such an app is imported anew, since a fork of it would miss something."""
    text = f"{action}\n{APPEND}"
    first, second = (start(text).get("/").text.split() for _ in range(2))
    assert first[:2] == second[:2] == ["1", "x"]
    assert first[2] != second[2]


def test_a_file_written_at_import_can_be_read_in_every_test(start):
    text = """
Path("made").write_text("at import")
@app.get("/")
def read():
    return Path("made").read_text()
"""
    assert [start(text).get("/").text for _ in range(3)] == ["at import"] * 3


def test_a_login_with_a_key_made_at_import_works_in_a_shared_import(start):
    text = """
app.secret_key = secrets.token_bytes()
@app.get("/in/<name>")
def log_in(name):
    session["name"] = name
    return "in"
@app.get("/who")
def who():
    return session.get("name", "no one")
"""
    for name in ("ann", "bob"):
        client = start(text)
        assert client.get("/who").text == "no one"
        client.get(f"/in/{name}")
        assert client.get("/who").text == name


CRASH = """
@app.get("/")
def fine():
    return "fine"
@app.get("/crash")
def crash():
    os._exit(3)
"""


@pytest.mark.parametrize("shared", [True, False])
def test_a_crash_is_told_with_its_exit_code_and_costs_no_new_box(start, counting, shared):
    for _ in range(5):
        client = start(CRASH, shared=shared)
        error = fault(client.get, "/crash")
        assert error.kind is Kind.DIED
        assert str(error) == "The app process ended during GET /crash: exit code 3."
        assert "has ended" in str(fault(client.get, "/"))
    assert start(CRASH, shared=shared).get("/").text == "fine"
    assert counting.opened == 1


def test_an_app_that_crashes_while_it_starts_is_tried_three_times(start, counting):
    said = [str(fault(start, "os._exit(7)")) for _ in range(5)]
    assert said[:3] == ["The app process ended while it started: exit code 7."] * 3
    assert all(text.startswith("Not tried:") for text in said[3:])
    assert counting.opened == 1


def test_an_app_that_was_ended_answers_no_one(start):
    old = start('@app.get("/")\ndef old():\n    return "old"\n')
    new = start('@app.get("/")\ndef new():\n    return "new"\n')
    assert new.get("/").text == "new"
    assert old.application is not new.application
    assert old.get("/").text == "new"  # the box has one app


def test_a_daemon_that_holds_the_connection_is_gone_before_the_next_start(start, tmp_path):
    alive = tmp_path / "alive"
    text = f"""
@app.get("/")
def leave():
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        while True:
            Path({str(alive)!r}).write_text(str(os.getpid()))
            time.sleep(0.01)
    os.wait()
    while not Path({str(alive)!r}).exists():
        time.sleep(0.01)
    return "left"
"""
    assert start(text, shared=False).get("/").text == "left"
    start(CRASH, shared=False)
    pid = int(alive.read_text() or 0)
    alive.write_text("")
    assert not os.path.exists(f"/proc/{pid}") or pid == 0
    assert alive.read_text() == ""


def test_an_app_holds_one_socket_and_nothing_of_the_box(start):
    text = """
@app.get("/")
def look():
    paths = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    found = [os.readlink(path) for path in paths if os.path.lexists(path)]
    return [name for name in found if name.startswith(("socket", "pipe", "anon"))]
"""
    if not os.path.exists("/proc/self/fd"):
        pytest.skip("the system does not list a process's open files")
    for shared in (True, True, False):
        assert len(start(text, shared=shared).get("/").json) == 1


def test_two_exercises_of_one_box_are_two_imports(start, box):
    start(APPEND)
    other = "day01/other"
    files = {
        "day01/__init__.py": b"",
        f"{other}/__init__.py": b"",
        f"{other}/exercise.py": (HEAD + CRASH).encode(),
    }
    for _ in range(2):
        box.start(Order(other, files, shared=True))
        assert RemoteClient(RemoteApp(box)).get("/").text == "fine"
    assert start(APPEND).get("/").text.startswith("1 x ")


def test_the_output_is_that_of_one_test(start, box):
    text = '@app.get("/<word>")\ndef say(word):\n    print(word)\n    return word\n'
    start(text).get("/first")
    assert "first" in box.output()
    start(text).get("/second")
    assert "second" in box.output()
    assert "first" not in box.output()


def test_files_written_over_the_submission_and_a_configuration_are_for_one_start(start):
    text = """
def create_app(config=None):
    app = Flask(__name__)
    @app.get("/")
    def show():
        return f"{config} {Path('day01/extra.txt').exists()}"
    return app
"""
    client = start(text, shared=False, config={"A": 1}, extra={"day01/extra.txt": "x"})
    assert client.get("/").text == "{'A': 1} True"
    assert start(text).get("/").text == "None False"


def test_the_order_of_the_files_does_not_mix_their_contents(start):
    files = {f"day01/{n}.txt": str(n).encode() * n for n in range(20)}
    text = """
@app.get("/")
def read():
    return {path.stem: path.read_text() for path in Path("day01").glob("*.txt")}
"""
    assert start(text, files=files).get("/").json == {str(n): str(n) * n for n in range(20)}


def test_a_name_that_leads_out_of_the_folder_stays_text(start):
    """Names of files are the course's own or were read from a folder: none has two dots."""
    with pytest.raises(AppFaultError):
        start(CRASH, files={"day01/../../../../../../proc/x": b"x"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero (exercise.py:6)"),
        ("raise AttributeError('neither fish nor fowl')", "AttributeError: neither fish nor fowl"),
        ("del app", "The file has no app: it must define"),
        ("app.run(debug=True)", "starts a server while it is imported (exercise.py:"),
        ("name = input()", "waits for input() (exercise.py:6)"),
        ("from flask import nothing", "The import does not work: cannot import name 'nothing'"),
        ("import flaskk", "The package 'flaskk' is not installed (exercise.py:"),
        ("if True print()", "Python cannot read the file (exercise.py:6): "),
        ("sys.exit(2)", "The file ends the program with exit(2)"),
    ],
)
def test_a_file_that_does_not_import_is_told_plainly_each_time(start, text, said):
    first, second = (fault(start, text) for _ in range(2))
    assert first.kind is second.kind is Kind.IMPORT
    assert said in str(first)
    assert str(first) == str(second)
    assert "site-packages" not in str(first)
    assert str(first).count("exercise.py") <= 1


def test_a_loop_is_told_with_its_line_and_counts_as_a_strike(launcher):
    limits = wall.Limits(request_seconds=0.5, strikes=2)
    quick = Launcher(wall.build("process", limits), ["flask"], {})
    box = Box(quick)
    text = HEAD + '@app.get("/")\ndef loop():\n    while True:\n        pass\n'
    files = {
        "day01/__init__.py": b"",
        f"{NAME}/__init__.py": b"",
        f"{NAME}/exercise.py": text.encode(),
    }
    try:
        for _ in range(2):
            box.start(Order(NAME, files, shared=True))
            error = fault(RemoteClient(RemoteApp(box)).get, "/")
            assert error.late
            assert "did not answer in time during GET /. It was at exercise.py:" in str(error)
        assert str(fault(box.start, Order(NAME, files))).startswith("Not tried")
    finally:
        box.close()
        quick.close()


def test_a_budget_ends_with_its_time(monkeypatch):
    budget = Budget(wall.Limits(submission_seconds=30))
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    assert budget.seconds_left() == 30
    budget.check()
    monkeypatch.setattr(time, "monotonic", lambda: now + 31)
    assert str(fault(budget.check)) == "Not tried: the tests before took more than 30 s."


def test_a_late_start_uses_up_all_strikes_and_a_late_response_one():
    budget = Budget(wall.Limits(strikes=3))
    budget.note(late=True, starting=False)
    budget.check()
    budget.note(late=True, starting=True)
    assert fault(budget.check).kind is Kind.TIME


def test_a_cold_box_serves_one_app_after_the_other(launcher, monkeypatch):
    """As where the warm process is refused its namespaces, or nothing can fork."""
    cold = Launcher(launcher.wall, ["flask"], {})
    cold.refused = "as in this test"
    box = Box(cold)
    files = {
        "day01/__init__.py": b"",
        f"{NAME}/__init__.py": b"",
        f"{NAME}/exercise.py": (HEAD + APPEND).encode(),
    }
    try:
        for shared in (True, False):
            box.start(Order(NAME, files, shared=shared))
            assert RemoteClient(RemoteApp(box)).get("/").text.startswith("1 x ")
    finally:
        box.close()
        cold.close()


@pytest.mark.skipif(sys.platform != "linux", reason="counts processes in /proc")
def test_processes_that_end_while_they_are_counted_are_left_out(monkeypatch):
    listed = os.listdir

    def too_late(folder):
        if folder == "/proc":
            return [*listed(folder), "4194305"]  # more than Linux gives: it has ended
        if folder == f"/proc/{os.getpid()}/task":
            raise FileNotFoundError(folder)
        return listed(folder)

    def gone(folder):
        raise FileNotFoundError(folder)

    before = inside._tasks_of_user()
    monkeypatch.setattr(os, "listdir", too_late)
    monkeypatch.setattr(os, "scandir", gone)  # what Path.glob uses
    assert 0 <= inside._tasks_of_user() < before
    assert inside._descendants() == []


@pytest.mark.skipif(sys.platform != "linux", reason="counts processes in /proc")
def test_the_weaker_wall_leaves_room_for_what_the_user_runs_elsewhere(tmp_path, monkeypatch):
    """The system counts all processes of a user; root alone has no such limit."""
    resource = pytest.importorskip("resource")
    limits, found = {}, {}
    monkeypatch.setattr(resource, "setrlimit", lambda kind, pair: limits.update({kind: pair[0]}))
    monkeypatch.setattr(os, "setsid", lambda: None)
    monkeypatch.setattr(inside.namespaces, "show_memory", lambda: None)
    monkeypatch.setattr(inside.namespaces, "drop_all_rights", lambda: None)
    monkeypatch.setenv("HOME", "")
    monkeypatch.setenv("TMPDIR", "")
    options = {"limits": asdict(wall.Limits()), "scratch": [str(tmp_path)], "uid": None}
    mine = len(os.listdir("/proc/self/task"))
    for strong in (False, True):
        inside.FirstProcess(None, options | {"strong": strong})._confine()
        found[strong] = limits[resource.RLIMIT_NPROC]
    assert found[False] >= mine + 500
    assert found[True] == wall.Limits().processes
