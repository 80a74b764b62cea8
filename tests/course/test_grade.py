"""``course grade`` with real judges: a class, an interruption, hidden tests, a cluster.

What needs no judge is in test_classroom.py.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from course import cli
from course.catalogue import EXERCISE as FILE
from course.catalogue import ROOT
from course.grading.classroom import engine, plan
from course.grading.results import Status
from course.grading.sandbox import wall
from course.grading.submission import TESTS
from tests.course.classroom import NAME, SOLUTION, grades, hand_in, zipped

HALF = SOLUTION.read_text().replace('value.replace("-", "")', "value")
"""A solution whose ``to_python`` keeps the hyphens."""


@pytest.fixture(scope="module")
def isolation():
    """Name the strongest wall of this machine."""
    try:
        return wall.choose("strong", wall.Limits()).isolation
    except wall.WallError:
        return "process"


@pytest.fixture
def classroom(tmp_path):
    """Give a folder with four students: right, partly right, broken, empty-handed."""
    folder = tmp_path / "class"
    hand_in(folder / "ann")
    hand_in(folder / "bob", HALF)
    hand_in(folder / "eve", "app = (\n")
    (folder / "zed").mkdir()
    return folder


def run(*words, code=0):
    result = CliRunner().invoke(cli.main, ["grade", *map(str, words)])
    assert result.exit_code == code, result.output
    return result.output


def test_a_class_is_graded(classroom, tmp_path, isolation):
    out = tmp_path / "out"
    output = run(classroom, "--out", out, "--isolation", isolation, "--workers", 1)
    found = {name: (row["status"], row["score"]) for name, row in grades(out).items()}
    assert found == {
        "ann": ("graded", "12"),
        "bob": ("graded", "9"),
        "eve": ("import-error", "0"),
        "zed": ("missing", "0"),
    }
    assert grades(out)["zed"]["max"] == "12"
    assert "reference 12/12, starter" in output
    assert output.index("preflight: canary") < output.index("ann ")
    assert re.search(r"^ann +12/12 +[\d.]+ s +graded", output, re.MULTILINE)
    assert "Python cannot read the file" in (out / "feedback" / "eve.md").read_text("utf-8")
    assert f"Files: {FILE}" in (out / "feedback" / "ann.md").read_text("utf-8")
    assert "4 of 4 are graded already" in run(classroom, "--out", out, "--isolation", isolation)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--exercise", "day09/nothing"), "There are no tests for day09/nothing"),
        (("--due", "tomorrow"), "is not a time such as"),
        (("--roster", __file__), "neither Moodle's"),
        (("--regrade", "stranger"), "--regrade: stranger has no hand-in"),
    ],
)
def test_a_wrong_call_is_told_before_anything_is_graded(classroom, tmp_path, words, message):
    output = run(classroom, "--out", tmp_path / "out", *words, code=2)
    assert message in " ".join(output.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_is_told(tmp_path):
    (tmp_path / "class").mkdir()
    assert "There is nothing in" in run(tmp_path / "class", "--out", tmp_path / "out", code=2)


def test_strong_isolation_is_refused_where_the_machine_cannot(monkeypatch, classroom, tmp_path):
    def refuse(*args):
        raise wall.WallError("Strong isolation is not possible: bubblewrap is not installed.")

    monkeypatch.setattr(wall, "choose", refuse)
    out = tmp_path / "out"
    output = run(classroom, "--out", out, "--isolation", "strong", code=2)
    assert "Strong isolation is not possible: bubblewrap is not installed" in output
    assert not out.exists()


@pytest.mark.second_half
def test_process_isolation_is_used_with_a_banner(classroom, tmp_path):
    output = run(classroom, "--out", tmp_path / "out", "--isolation", "process")
    assert "WARNING: submissions can read this machine's files" in output
    assert grades(tmp_path / "out")["ann"]["score"] == "12"


def hidden_test(folder, text):
    """Write a test of the instructor's own."""
    place = folder / NAME
    place.mkdir(parents=True)
    (place / "test_hidden.py").write_text(text)
    return folder


@pytest.mark.second_half
def test_hidden_tests_are_in_a_folder_of_their_own(classroom, tmp_path, isolation):
    tests = hidden_test(
        tmp_path / "hidden",
        "import pytest\n"
        "from course.grading import expect\n\n\n"
        "@pytest.mark.hidden\n@pytest.mark.points(5)\n"
        "def test_secret_case(client):\n"
        '    expect(client.get("/customers/139-0013-8001"), 200, json={"number": "13900138001"})\n',
    )
    out = tmp_path / "out"
    run(classroom, "--tests", tests, "--out", out, "--isolation", isolation)
    assert (grades(out)["ann"]["score"], grades(out)["bob"]["score"]) == ("5", "0")
    text = (out / "feedback" / "bob.md").read_text("utf-8")
    assert "a hidden test (0 of 5)" in text
    assert "secret" not in text
    assert "13900138001" not in text


@pytest.mark.second_half
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def test_no(client):\n    assert False\n", "The reference solution of day01/custom_con"),
        ("def test_no(client)\n", "Nothing was graded."),
    ],
)
def test_tests_that_cannot_be_right_grade_no_one(classroom, tmp_path, isolation, text, message):
    tests, out = hidden_test(tmp_path / "hidden", text), tmp_path / "out"
    words = (classroom, "--tests", tests, "--out", out, "--isolation", isolation)
    assert message in run(*words, code=2)
    assert not (out / "results.jsonl").exists()


# Interruptions


def start(folder, out, isolation, workers):
    """Start ``course grade`` as a process of its own and wait for its first mark."""
    words = [sys.executable, "-m", "course", "grade", folder, "--out", out]
    process = subprocess.Popen(
        [*map(str, words), "--isolation", isolation, "--workers", str(workers)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # A job in the background ignores it, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    journal = out / "results.jsonl"
    deadline = time.monotonic() + 120
    while not (journal.exists() and journal.read_text()):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.02)
    return process


@pytest.fixture
def dozen(tmp_path):
    """Give a folder with twelve students."""
    for number in range(12):
        hand_in(tmp_path / "class" / f"student{number:02}")
    return tmp_path / "class"


@pytest.mark.second_half
@pytest.mark.skipif(sys.platform == "win32", reason="processes are killed in another way there")
def test_a_killed_run_goes_on_where_it_stopped(dozen, tmp_path, isolation):
    out = tmp_path / "out"
    process = start(dozen, out, isolation, 1)
    os.killpg(process.pid, signal.SIGKILL)  # as when the machine goes down
    process.communicate()
    journal = out / "results.jsonl"
    with journal.open("a") as file:
        file.write('{"key": "half a li')
    before = len(journal.read_text().splitlines()) - 1
    assert before < 12
    output = run(dozen, "--out", out, "--isolation", isolation)
    assert f"{before} of 12 are graded already" in output
    assert "cannot be read" in output
    records = [json.loads(line) for line in journal.read_text().splitlines()]
    assert len(records) == len({record["key"] for record in records}) == 12
    assert {row["score"] for row in grades(out).values()} == {"12"}


@pytest.mark.second_half
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is sent in another way there")
def test_ctrl_c_leaves_no_judge_behind_and_says_how_to_go_on(dozen, tmp_path, isolation):
    process = start(dozen, tmp_path / "out", isolation, 2)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "goes on from there" in output
    assert "Traceback" not in output
    assert not is_alive_in_session(process.pid)


def is_alive_in_session(session):
    """Tell whether a process of a session that was begun by a process is alive."""
    found = subprocess.run(
        ["ps", "-eo", "sess,args"], check=False, capture_output=True, text=True
    ).stdout
    return any(line.split()[0] == str(session) for line in found.splitlines()[1:] if line.split())


# One judge


@pytest.mark.second_half
def test_a_judge_that_dies_is_replaced(isolation):
    found = plan.Plan((NAME,), TESTS, isolation)
    with engine.judge_of(found) as judge:
        assert engine.graded_by(judge, SOLUTION).exercises[0].score == 12
        judge._process.kill()
        assert engine.graded_by(judge, SOLUTION).exercises[0].score == 12


@pytest.mark.second_half
def test_a_judge_that_fails_twice_gives_no_zero(tmp_path):
    found = plan.Plan((NAME,), tmp_path / "no-tests", "process")
    with engine.judge_of(found) as judge:
        result = engine.graded_by(judge, SOLUTION)
    assert result.exercises == ()
    assert "The judge failed" in result.note


@pytest.mark.second_half
def test_an_archive_is_graded(tmp_path, isolation):
    files = {f"work/{NAME}/{FILE}": SOLUTION.read_text()}
    zipped(tmp_path / "class" / "leeann_4711_9988_work.zip", files)
    out = tmp_path / "out"
    run(tmp_path / "class", "--out", out, "--isolation", isolation)
    assert grades(out)["leeann"]["score"] == "12"


# One submission, with pytest


def pytest_run(*words):
    command = [sys.executable, "-m", "pytest", "-p", "no:playwright", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *map(str, words)], check=False, cwd=ROOT, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.second_half
@pytest.mark.parametrize(("source", "code", "points"), [(SOLUTION, 0, "12/12"), (HALF, 1, "9/12")])
def test_pytest_grades_one_submission(tmp_path, isolation, source, code, points):
    folder = hand_in(tmp_path / "ann", source)
    junit = tmp_path / "junit.xml"
    options = ("--submission", folder, "--isolation", isolation, f"--junitxml={junit}")
    found, output = pytest_run("tests/exercises", *options)
    assert found == code
    assert re.search(rf"^total +{points}$", output, re.MULTILINE)
    assert 'name="points" value="2.0"' in junit.read_text()


@pytest.mark.second_half
def test_pytest_without_a_submission_says_what_is_missing():
    code, output = pytest_run("tests/exercises/day01")
    assert code == 5
    assert "name what was handed in with --submission PATH" in output


@pytest.mark.second_half
def test_pytest_names_a_path_that_is_not_there(tmp_path):
    code, output = pytest_run("tests/exercises", "--submission", tmp_path / "nowhere")
    assert code == 4
    assert "does not exist" in output


# More machines than one


def test_a_submission_and_its_tests_can_be_sent_to_another_machine(tmp_path):
    folder = hand_in(tmp_path / "ann")
    (folder / NAME / "data.bin").write_bytes(bytes(range(256)))
    found = engine.packed(folder, [NAME])
    assert set(found) == {f"{NAME}/{FILE}", f"{NAME}/data.bin"}
    engine._write(tmp_path / "there", found)
    assert (tmp_path / "there" / NAME / "data.bin").read_bytes() == bytes(range(256))
    tests = engine.packed_tests(plan.Plan((NAME,), TESTS, "process"))
    assert f"{NAME}/test_custom_converter.py" in tests
    assert not [name for name in tests if name.startswith("day02")]


@pytest.mark.second_half
def test_a_cluster_that_loses_a_worker_loses_no_mark(tmp_path, isolation):
    pytest.importorskip("distributed", reason="distributed is not installed: --group cluster")
    paths = [hand_in(tmp_path / "class" / f"student{number:02}") for number in range(40)]
    with cluster(tmp_path) as (address, workers):
        seen = []
        for place, result in engine.on_cluster(
            paths, plan.Plan((NAME,), TESTS, isolation), address
        ):
            if not seen:
                workers[0].kill()
            seen.append(place)
            [found] = result.exercises
            assert (found.status, found.score) == (Status.GRADED, 12)
    assert sorted(seen) == list(range(40))


class cluster:  # noqa: N801 (reads as a function in the test)
    """A dask scheduler and two workers, each a process of its own on 127.0.0.1."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        file = self.folder / "scheduler.json"
        words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"]
        self.processes = [self.start(*words, "--scheduler-file", file)]
        deadline = time.monotonic() + 120
        while not file.exists() or not file.read_text().strip():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        for _ in range(2):
            words = ["worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
            self.processes.append(self.start(*words, "--host", "127.0.0.1"))
        return address, self.processes[1:]

    def __exit__(self, *problem):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:  # a worker that still looks for its scheduler
                process.kill()
                process.wait()

    def start(self, *words):
        command = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *map(str, words[1:])]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
