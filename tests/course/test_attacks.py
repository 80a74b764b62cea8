"""Hostile submissions: an honest score, an unharmed batch, nothing running, nothing leaked.

Each function of the files in ``attacks/`` becomes a submission: an app that is wrong everywhere,
and that attacks while it is imported (``..._at_import``) or in every request. All of them go
through real judges behind the strong wall in one batch, good submissions before, between and after
them. The tests look at what came out.
"""

import ast
import csv
import json
import os
import re
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
import unicodedata
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest

from course.catalogue import ROOT
from course.grading import classroom, grade, seccomp, wall
from course.grading.submission import TESTS

HERE = Path(__file__).parent / "attacks"
FILE = "exercise.py"
EXERCISE = "day01/custom_converter"
MARKER = f"marker{secrets.token_hex(8)}"

try:
    wall.choose("strong", wall.Limits())
    WITHOUT = ""
except wall.WallError as error:
    WITHOUT = str(error)
strong = pytest.mark.skipif(
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
    "exit_never",
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
}


def functions():
    """Return name and source of each attack, with what it needs of the others."""
    found = {}
    helpers = {"steal", "raise_limit", "deafen"}
    for path in sorted(HERE.glob("*.py")):
        if path.stem == "frame":
            continue
        text = path.read_text("utf-8")
        parts = {
            node.name: ast.get_source_segment(text, node)
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
                str(ROOT / "course" / "grading" / "judge.py"),
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

    def __init__(self, outside, isolation, lanes):
        self.plan = grade.Plan((EXERCISE,), outside.tests, isolation, LIMITS)
        self.records, self.good, self.seconds, self.replaced = {}, [], {}, []
        with ThreadPoolExecutor(len(lanes)) as pool:
            list(pool.map(self.run, lanes))

    def run(self, lane):
        grader = grade.Grader(self.plan)
        try:
            self.good.append(self.ask(grader, lane[0].parent / "good"))
            process = grader._process
            for number, path in enumerate(lane):
                self.records[path.name] = self.ask(grader, path)
                if number % 8 == 7:
                    self.good.append(self.ask(grader, path.parent / "good"))
                if grader._process is not process:
                    self.replaced.append(path.name)
                    process = grader._process
            self.good.append(self.ask(grader, lane[0].parent / "good"))
        finally:
            grader.close()

    def ask(self, grader, path):
        begun = time.monotonic()
        answer = grader.grade(path)
        self.seconds[path.name] = time.monotonic() - begun
        if not answer["exercises"]:
            return {"status": "judge failed", "score": None, "tests": [], **answer}
        return answer["exercises"][0]


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    found = Outside(tmp_path_factory.mktemp("outside"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def batch(outside):
    """Run the whole batch once."""
    hand_in(outside.handed_in / "good", GOOD)
    for name in ATTACKS:
        hand_in(outside.handed_in / name, submission(name, outside.target()))
    paths = [outside.handed_in / name for name in ATTACKS]
    slow = [path for path in paths if path.name in SLOW]
    quick = [path for path in paths if path.name not in SLOW]
    lanes = [quick[0::2], quick[1::2], slow[0::3], slow[1::3], slow[2::3]]
    before = outside.content()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(outside.temporary))
        patch.setenv("GRADING_SECRET", f"{MARKER}-secret")
        done = Batch(outside, "strong", lanes)
    done.before = before
    return done


def words(record):
    return "\n".join(test["message"] for test in record["tests"])


@strong
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_nothing_and_lets_nothing_through(batch, name):
    record = batch.records[name]
    said = words(record)
    assert record["status"] in {"graded", "partial", "import-error"}, (record.get("note"), said)
    assert record["score"] == 0, said
    assert "THROUGH" not in said.replace("THROUGH: []", ""), said
    assert MARKER not in said.replace(f"{MARKER}-expected", "")
    assert batch.seconds[name] < 40


TOLD = [
    ("shout_that_it_ended", r"\AThe app process ended during GET"),
    ("shout_that_it_ended_well", r"\A(?!(.|\n)*while it started)"),
    ("leave_deep_folders", r"\A(?!(.|\n)*while it started)"),
    ("exit_never", "ran out of time too often"),
    ("answer_with_a_huge_status", "is no HTTP answer"),
    ("shout_deep_json", "holds no JSON"),
    ("exit_at_import", "ended while it started: exit code 0"),
    ("exit_politely_at_import", r"ends the program with exit\(0\)"),
    ("exit_in_a_request", "ended during GET /double/.*exit code 0"),
    ("segfault_in_a_request", "SIGSEGV"),
    ("take_memory_at_import", "MemoryError"),
    ("answer_too_much", "longer than 8 MB"),
    ("redirect_without_end", "More than 2000 requests"),
    ("redirect_with_much_luggage", "longer than 64 MB"),
    ("loop_at_import", "in time while it started. It was at exercise.py:"),
    ("loop_in_a_request", "in time during GET .* It was at exercise.py:"),
    ("loop_deafly_in_a_request", "in time during GET"),
    ("loop_deafly_at_import", "in time while it started"),
    ("answer_what_takes_long_to_search", "the test did not end in time"),
    ("shout_no_json", "holds no JSON"),
    ("shout_lengths", "too long"),
    ("fork_in_a_request", r"\b\d+ forks"),
    ("kill_everybody", "everybody else is dead"),
    ("read_everything", "tried 2[0-9]"),
    ("write_and_delete_outside", "tried [4-9][0-9]"),
    ("become_somebody", "tried 2[0-9]"),
]
"""What must be said of some of them, in the student's own words or in ours."""


@strong
@pytest.mark.parametrize(("name", "said"), TOLD)
def test_an_attack_was_really_tried_and_is_told_in_plain_words(batch, name, said):
    assert re.search(said, words(batch.records[name])), words(batch.records[name])


@strong
def test_own_plugins_and_settings_of_a_submission_are_not_taken(outside):
    """A conftest.py, a pytest.ini, a sitecustomize.py, shadows of packages: all of no effect."""
    forged = "raise SystemExit(0)"
    names = ["conftest.py", "pytest.ini", "sitecustomize.py", "usercustomize.py", "evil.pth"]
    names += [
        "pytest.py",
        "json.py",
        "_pytest/__init__.py",
        "tests/conftest.py",
        "course/__init__.py",
    ]
    others = {place + name: forged for name in names for place in ("", "day01/", f"{EXERCISE}/")}
    lane = [
        hand_in(
            outside.folder / "more" / "wrong",
            submission("patch_pytest", outside.target()),
            **others,
        ),
        hand_in(outside.folder / "more" / "right", GOOD, **others),
    ]
    hand_in(outside.folder / "more" / "good", GOOD)
    done = Batch(outside, "strong", [lane])
    assert [record["score"] for record in done.good] == [MOST, MOST]
    assert {name: record["score"] for name, record in done.records.items()} == {
        "wrong": 0,
        "right": MOST,
    }


@strong
def test_links_and_devices_of_a_submission_are_not_followed(outside, tmp_path):
    for name in ("link", "folder", "device", "pipe", "good"):
        hand_in(tmp_path / name, GOOD)
    file = tmp_path / "link" / EXERCISE / FILE
    file.unlink()
    file.symlink_to(tmp_path / "good" / EXERCISE / FILE)
    shutil.rmtree(tmp_path / "folder" / EXERCISE)
    (tmp_path / "folder" / EXERCISE).symlink_to(tmp_path / "good" / EXERCISE)
    (tmp_path / "device" / EXERCISE / FILE).unlink()
    (tmp_path / "device" / EXERCISE / FILE).symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe" / EXERCISE / "pipe.py")
    (tmp_path / "pipe" / EXERCISE / "zero.py").symlink_to("/dev/zero")
    (tmp_path / "pipe" / EXERCISE / "root").symlink_to("/")
    names = ["link", "folder", "device", "pipe"]
    done = Batch(outside, "strong", [[tmp_path / name for name in names]])
    assert [done.records[name]["status"] for name in names] == ["missing"] * 3 + ["graded"]
    assert done.records["pipe"]["score"] == MOST


@strong
def test_what_the_honest_part_earns_is_kept(outside, tmp_path):
    """An app that is right but for one route keeps the points of the others."""
    harms = {
        "ends": "import os; os._exit(0)",
        "ends_late": "import os, threading; threading.Timer(0, os._exit, [0]).start()",
        "loops": "while True: pass",
        "shouts": "import os; [os.write(n, b'x' * 9) for n in (3, 4, 5, 6) if n]",
        "fills": "import os; [open(f'/tmp/{n}', 'wb').write(bytes(2**20)) for n in range(99)]",
    }
    hand_in(tmp_path / "good", GOOD)
    paths = [
        hand_in(tmp_path / name, GOOD.replace("def start():\n", f"def start():\n    {harm}\n"))
        for name, harm in harms.items()
    ]
    done = Batch(outside, "strong", [paths[:3], paths[3:]])
    scores = {name: record["score"] for name, record in done.records.items()}
    assert scores.pop("ends_late") >= MOST - 1
    assert scores == dict.fromkeys(scores, MOST - 1)
    assert {record["score"] for record in done.good} == {MOST}


@strong
def test_good_submissions_score_full_before_between_and_after(batch):
    assert [record["score"] for record in batch.good] == [MOST] * len(batch.good)
    assert len(batch.good) >= 10


@strong
def test_no_judge_had_to_be_replaced(batch):
    assert batch.replaced == []


@strong
def test_nothing_is_left_running(batch):
    end = time.monotonic() + 3
    while ours() and time.monotonic() < end:
        time.sleep(0.1)
    assert ours() == {}


@strong
def test_nothing_outside_has_changed(batch, outside):
    assert outside.content() == batch.before
    assert list(outside.temporary.iterdir()) == []
    assert outside.arrived() == []
    assert outside.witness.poll() is None


# -- what holds without the strong wall --------------------------------------------------------

HARMLESS = [
    "exit_at_import",
    "exit_in_a_request",
    "segfault_in_a_request",
    "patch_pytest",
    "patch_what_compares",
    "shout_that_the_box_is_broken",
    "shout_ahead",
    "shout_answers",
    "search_the_memory",
    "loop_deafly_in_a_request",
    "answer_without_end",
    "outlive_by_name",
]
"""What the weaker wall must hold as well, and what harms nobody when it does not."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the attacks are made for POSIX systems")
def test_forging_exits_and_loops_earn_nothing_behind_the_weaker_wall(tmp_path, monkeypatch):
    place = Outside(tmp_path)
    try:
        hand_in(place.handed_in / "good", GOOD)
        for name in HARMLESS:
            hand_in(place.handed_in / name, submission(name, place.target()))
        monkeypatch.setenv("TMPDIR", str(place.temporary))
        lanes = [[place.handed_in / name for name in HARMLESS[n::2]] for n in range(2)]
        done = Batch(place, "process", lanes)
        assert {name: record["score"] for name, record in done.records.items()} == dict.fromkeys(
            HARMLESS, 0
        )
        assert {record["score"] for record in done.good} == {MOST}
        assert done.replaced == []
        assert list(place.temporary.iterdir()) == []
        assert ours() == {}
    finally:
        place.close()


# -- the canary notices every gap ----------------------------------------------------------------


def without(monkeypatch, *gone):
    """Take words away from bubblewrap's command line."""
    real = wall.Wall._bubblewrap

    def fewer(self, source, root):
        words = [word for word in real(self, source, root) if word not in gone]
        if "--unshare-net" in gone and "--unshare-all" in words:
            words[words.index("--unshare-all")] = "--unshare-pid"
        return words

    monkeypatch.setattr(wall.Wall, "_bubblewrap", fewer)


def with_more(monkeypatch, *more):
    """Add words to bubblewrap's command line, before what is made read-only in the end."""
    real = wall.Wall._bubblewrap
    if more[0].endswith("bind"):  # the way there is for everybody
        for parent in Path(more[1]).parents:
            more = ("--perms", "0755", "--dir", str(parent), *more)

    def longer(self, source, root):
        words = real(self, source, root)
        end = words.index("--remount-ro")
        return [*words[:end], *more, *words[end:]]

    monkeypatch.setattr(wall.Wall, "_bubblewrap", longer)


def canary_says():
    plan = grade.Plan((EXERCISE,), TESTS, "strong", wall.Limits())
    with pytest.raises(grade.PreflightError) as caught:
        grade.canary(plan)
    return str(caught.value)


@strong
def test_the_canary_is_contained():
    plan = grade.Plan((EXERCISE,), TESTS, "strong", wall.Limits())
    assert grade.canary(plan) == "canary: contained"


@strong
def test_the_canary_notices_an_open_network(monkeypatch):
    without(monkeypatch, "--unshare-net")
    assert "reach other programs over the network" in canary_says()


@strong
def test_the_canary_notices_readable_tests(monkeypatch):
    with_more(monkeypatch, "--ro-bind", str(TESTS), str(TESTS))
    assert canary_says() == "The wall leaks: the canary could read the tests."


@strong
def test_the_canary_notices_the_machines_files(monkeypatch):
    with_more(monkeypatch, "--ro-bind", "/etc", "/etc")
    assert canary_says() == "The wall leaks: the canary could see the machine's users."


@strong
def test_the_canary_notices_folders_open_for_writing(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tmp_path.chmod(0o755)
    with_more(monkeypatch, "--bind", str(tmp_path), str(tmp_path))
    said = canary_says()
    assert "read files outside its folder, write outside its folder" in said


@strong
def test_the_canary_notices_other_programs(monkeypatch):
    real = wall.Wall._bubblewrap

    def shared(self, source, root):
        words = real(self, source, root)
        if "--unshare-all" in words:
            words[words.index("--unshare-all")] = "--unshare-net"
        return [word for word in words if word not in {"--unshare-pid", "--as-pid-1"}]

    monkeypatch.setattr(wall.Wall, "_bubblewrap", shared)
    assert "see other programs" in canary_says()


@strong
def test_the_canary_notices_secrets(monkeypatch):
    with_more(monkeypatch, "--setenv", "API_TOKEN", "x")
    assert canary_says() == "The wall leaks: the canary could see secrets in the environment."


@strong
def test_the_canary_notices_a_missing_filter(monkeypatch):
    if not seccomp.program():
        pytest.skip("there is no filter for this kind of machine")
    allow = struct.pack("HBBI", 6, 0, 0, 0x7FFF0000)
    monkeypatch.setattr(seccomp, "program", lambda: allow)
    assert canary_says() == "The wall leaks: the canary could take memory that no limit counts."


@strong
@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("memory", "take too much memory"),
        ("processes", "start too many processes"),
        ("file_size", "write too large files"),
    ],
)
def test_the_canary_notices_missing_limits(monkeypatch, limit, said):
    monkeypatch.setattr(wall, "asdict", lambda limits: asdict(limits) | {limit: 2**40})
    assert canary_says() == f"The wall leaks: the canary could {said}."


@strong
@pytest.mark.skipif(os.getuid() != 0 if hasattr(os, "getuid") else True, reason="is for root only")
def test_the_canary_notices_roots_rights(monkeypatch):
    monkeypatch.setattr("secrets.randbelow", lambda _: -(2**20))
    assert "act as root" in canary_says()


# -- through the whole of `course grade` -----------------------------------------------------------

NAMES = [
    "=cmd()|' C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "line\nbreak,forged,99",
    "\r=cmd()",
    "\x1b[31mred\x1b[0m\x07",
    "[red]ann",
    "[bold]",
    "<script>alert(1)</script>",
    os.fsdecode(b"not text \xff\xfe"),
    'a,"b";c',
    "evil..",
    "\u202egnp.exe",
    "&amp; | `rm` $(rm) %PATH%",
    "con",
]
WORDS = ["raise_at_import", "raise_in_a_request", "print_in_a_request", "answer_with_words"]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Grade a class of such names and words; give what was shown and written."""
    folder = tmp_path_factory.mktemp("words")
    folder.chmod(0o755)
    place = Outside(folder)
    try:
        (place.tests / EXERCISE / "solution.py").write_text(GOOD, "utf-8")
        for number, name in enumerate(NAMES):
            hand_in(place.handed_in / name, submission(WORDS[number % 4], place.target()))
        hand_in(place.handed_in / "zoe", GOOD)
        text = "from course.cli import main; main()"
        words = ["grade", "class", "--exercise", EXERCISE, "--tests", "tests", "--out", "out"]
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                text,
                *words,
                *([] if not WITHOUT else ["--isolation", "process"]),
            ],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "PYTHONUTF8": "1"},
            capture_output=True,
            check=False,
            timeout=120,
        )
    finally:
        place.close()
    return done, folder / "out"


def obeyed(text):
    """Return the characters of a text that a terminal or an editor would obey."""
    return {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs"}} - {"\n"}


def test_the_terminal_shows_names_and_messages_and_obeys_none(graded):
    done, _ = graded
    text = done.stdout.decode()
    assert (done.returncode, done.stderr.decode()) == (0, "")
    assert obeyed(text) == set()
    marked = re.findall(r"^.+? +(-|\d+)/3 +\d+\.\d+ s  ([\w-]+)", text, re.MULTILINE)
    assert len(marked) == len(NAMES) + 1
    assert [score for score, _ in marked].count("0") == len(NAMES)
    assert "[red]ann" in text
    assert max(map(len, text.splitlines())) < 1000


def test_the_table_of_marks_has_a_row_each_and_no_formula(graded):
    with (graded[1] / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == len(NAMES) + 2
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert set().union(*map(obeyed, cells)) == set()
    assert sorted(row[4] for row in rows[1:]) == ["0"] * len(NAMES) + [str(MOST)]


def test_feedback_lies_in_its_folder_and_obeys_nothing(graded):
    found = list((graded[1] / "feedback").rglob("*"))
    assert len(found) == len(NAMES) + 1
    for path in found:
        text = path.read_text("utf-8")
        assert re.fullmatch(r"[\w.-]+\.md", path.name), path.name
        assert obeyed(text) == set()
        assert len(text) < 30_000
        outside = re.sub(r"^  (`{3,})text\n.*?^  \1$", "", text, flags=re.MULTILINE | re.DOTALL)
        assert "<script>" not in outside
        assert "# forged" not in outside


def test_the_files_for_other_programs_can_be_read_by_them(graded):
    out = graded[1]
    suites = ET.parse(out / "junit.xml").getroot()
    assert len(suites) == len(NAMES) + 1
    for line in (out / "results.jsonl").read_text("ascii").splitlines():
        assert len(line) < 40_000
        json.loads(line)
    for path in (out / "gradescope").iterdir():
        assert path.stat().st_size < 40_000
        assert {t["score"] for t in json.loads(path.read_text())["tests"]} <= {0, 1}
    page = (out / "report.html").read_text("utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert obeyed(page) == set()


def test_the_weaker_wall_says_what_it_does_not_hold(tmp_path):
    lines = []
    place = Outside(tmp_path)
    try:
        (place.tests / EXERCISE / "solution.py").write_text(GOOD, "utf-8")
        hand_in(place.handed_in / "zoe", GOOD)
        options = classroom.Options(
            [place.handed_in], tmp_path / "out", [EXERCISE], place.tests, "process"
        )
        assert classroom.grade(options, lines.append, lambda line: None) == 0
    finally:
        place.close()
    said = "\n".join(lines)
    assert "WARNING" in said
    assert "canary: NOT contained; a submission can read the tests" in said
    assert "isolation process" in (tmp_path / "out" / "report.html").read_text("utf-8")
