"""Each layer of the strong wall is taken away, and what it held is seen to get through."""

import os
import struct
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from course.catalogue import ROOT, TESTS
from course.grading.classroom import preflight
from course.grading.classroom.plan import Plan
from course.grading.sandbox import launch, seccomp, wall
from course.grading.sandbox.box import Box, Order
from course.grading.sandbox.launch import Launcher
from course.grading.sandbox.remote import RemoteApp, RemoteClient
from tests.course.hostile import EXERCISE, needs_strong

pytestmark = [
    pytest.mark.second_half,
    needs_strong,
    pytest.mark.skipif(
        any(ROOT.is_relative_to(place) for place in wall.SCRATCH),
        reason="the checkout is below a folder such as /tmp, which a box covers with its own",
    ),
]

ROOT_ONLY = pytest.mark.skipif(
    hasattr(os, "getuid") and os.getuid() != 0, reason="only root's boxes have a user of their own"
)

# An app of two boxes: one leaves something, the other looks for it.
MEETING = """
import ctypes, glob, os, socket
from pathlib import Path
from flask import Flask, jsonify

app = Flask(__name__)
libc = ctypes.CDLL(None)
place = socket.socket(socket.AF_UNIX)

@app.get("/leave")
def leave():
    place.bind("\\0meeting")
    place.listen()
    Path("/tmp/left").touch()
    libc.shmget(0x51D0, 4096, 0o1666)
    return ""

@app.get("/look")
def look():
    found = []
    try:
        socket.socket(socket.AF_UNIX).connect("\\0meeting")
        found.append("socket")
    except OSError:
        pass
    if Path("/tmp/left").exists():
        found.append("file")
    if libc.shmget(0x51D0, 0, 0) >= 0:
        found.append("memory")
    if len(glob.glob("/proc/[0-9]*")) > 2:
        found.append("processes")
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=10).close()
    except OSError:
        found.append("no way to itself")
    lines = Path("/proc/self/status").read_text().splitlines()
    state = dict(line.split(":\\t", 1) for line in lines if line.startswith("Cap"))
    if int(state["CapEff"], 16) or int(state["CapBnd"], 16) & 1 << 21:
        found.append("the right to mount")
    if libc.shmget(0, 4096, 0o1600) >= 0:
        found.append("calls")
    return jsonify(found)
"""

FILES = {"day01/__init__.py": b"", f"{EXERCISE}/__init__.py": b""}


@pytest.fixture
def meet(tmp_path, monkeypatch):
    """Give a function that changes the box's modules and says what one box sees of another."""

    def run(*changes):
        for name in launch.MODULES:
            text = (launch.HERE / name).read_text("utf-8")
            for old, new in changes:
                text = text.replace(old, new)
            (tmp_path / name).write_text(text, "utf-8")
        monkeypatch.setattr(launch, "HERE", tmp_path)
        launcher = Launcher(wall.build("strong", wall.Limits()), ["flask"], {})
        boxes = [Box(launcher), Box(launcher)]
        try:
            for box in boxes:
                box.start(Order(EXERCISE, FILES | {f"{EXERCISE}/exercise.py": MEETING.encode()}))
            if not launcher.has_own_world:  # what is missing was needed for the next step
                return ["refused"]
            first, second = (RemoteClient(RemoteApp(box)) for box in boxes)
            assert first.get("/leave").status_code == 200
            return second.get("/look").json
        finally:
            for box in boxes:
                box.close()
            launcher.close()

    return run


NO_FILTER = ('    namespaces.apply_filter(bytes.fromhex(options["filter"]))\n', "")


def test_boxes_of_one_judge_see_nothing_of_one_another(meet):
    assert meet() == []


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ([(" | NEW_NETWORK)", ")")], "socket"),
        ([("NEW_PIDS | ", "")], "processes"),
        ([("NEW_FILES | ", "")], "file"),
        ([('in options["scratch"]:', 'in options["scratch"][:1]:')], "file"),
        ([('    namespaces.mount("proc", "/proc")\n', "")], "processes"),
        ([NO_FILTER, ("NEW_IPC | ", "")], "memory"),
        ([NO_FILTER], "calls"),
        ([("    namespaces.drop_rights()\n", "")], "the right to mount"),
    ],
    ids=["network", "processes", "files", "folders", "proc", "ipc", "filter", "rights"],
)
def test_without_one_kernel_call_something_gets_through(meet, changes, seen):
    found = meet(*changes)
    assert seen in found or (found == ["refused"] and os.getuid() != 0)


def test_a_box_can_reach_itself_on_127_0_0_1(meet):
    """An honest app may start a server of its own and ask it."""
    found = meet()
    assert "no way to itself" not in found
    assert "no way to itself" in meet(("    namespaces.raise_loopback()\n", ""))


def test_the_filter_alone_leaves_no_shared_memory_between_boxes(meet):
    assert "memory" not in meet(NO_FILTER)


def canary_says(limits=None):
    plan = Plan((EXERCISE,), TESTS, "strong", limits or wall.Limits())
    with pytest.raises(preflight.PreflightError) as caught:
        preflight.canary(plan)
    return str(caught.value)


def with_more(monkeypatch, *more):
    """Add words to bubblewrap's command line, before what is made read-only in the end."""
    real = wall.Wall.bubblewrap
    if more[0].endswith("bind"):  # the way there is for everybody
        for parent in Path(more[1]).parents:
            more = ("--perms", "0755", "--dir", str(parent), *more)

    def longer(self, **options):
        words = real(self, **options)
        end = len(words) - words[::-1].index("--remount-ro") - 3
        return [*words[:end], *more, *words[end:]]

    monkeypatch.setattr(wall.Wall, "bubblewrap", longer)


def test_the_canary_is_contained():
    said = preflight.canary(Plan((EXERCISE,), TESTS, "strong", wall.Limits()))
    assert said.startswith("canary: contained (one warm process")


def test_the_canary_is_contained_where_each_box_starts_cold(monkeypatch):
    real = Launcher.__init__

    def refuse(self, *args):
        real(self, *args)
        self.refused = "as in this test"

    monkeypatch.setattr(Launcher, "__init__", refuse)
    said = preflight.canary(Plan((EXERCISE,), TESTS, "strong", wall.Limits()))
    assert said == "canary: contained (each box for itself (as in this test))"


def test_refused_namespaces_are_told_and_boxes_start_cold(tmp_path, monkeypatch):
    for name in launch.MODULES:
        text = (launch.HERE / name).read_text("utf-8")
        (tmp_path / name).write_text(
            text.replace('_call("unshare",', '_call("unshare", -'), "utf-8"
        )
    monkeypatch.setattr(launch, "HERE", tmp_path)
    launcher = Launcher(wall.build("strong", wall.Limits()), ["flask"], {})
    try:
        assert "each box for itself ([Errno 22] unshare: " in launcher.describe()
    finally:
        launcher.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ro-bind", str(TESTS), str(TESTS)], "read the tests"),
        (["--ro-bind", "/etc", "/etc"], "see the machine's users"),
        (["--ro-bind", str(TESTS), "/.six-days/day01"], "see files that are not on the list"),
        (["--bind", "/var/tmp", "/var/tmp"], "see mounts that are not on the list"),
        (["--setenv", "API_TOKEN", "x"], "see secrets in the environment"),
    ],
    ids=["tests", "users", "list", "mounts", "secrets"],
)
def test_the_canary_notices_what_a_box_shows_too_much(monkeypatch, words, said):
    with_more(monkeypatch, *words)
    assert said in canary_says()


def test_the_canary_notices_a_missing_filter(monkeypatch):
    if not seccomp.program():
        pytest.skip("there is no filter for this kind of machine")
    allow = struct.pack("HBBI", 6, 0, 0, 0x7FFF0000)
    monkeypatch.setattr(seccomp, "program", lambda: allow)
    assert "take memory that no limit counts" in canary_says()


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("memory", "take too much memory"),
        ("processes", "start too many processes"),
        ("file_size", "write too large files"),
        ("inodes", "make too many files"),
    ],
)
def test_the_canary_notices_missing_limits(monkeypatch, limit, said):
    monkeypatch.setattr(launch, "asdict", lambda limits: asdict(replace(limits, **{limit: 2**40})))
    assert said in canary_says()


@ROOT_ONLY
def test_the_canary_notices_that_it_is_root(monkeypatch):
    monkeypatch.setattr("secrets.randbelow", lambda _: -(2**20))
    assert "act as root" in canary_says()
