"""``course grade`` as an instructor uses it: a class, an interruption, hidden tests, a cluster."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from course import cli
from course.catalogue import EXERCISE as FILE
from course.catalogue import ROOT
from course.grading import grade, wall
from course.grading.intake import Handin, collect
from course.grading.submission import TESTS

NAME = "day01/custom_converter"
SOLUTION = TESTS / NAME / "solution.py"
WRONG = TESTS / NAME / "wrong" / "no_to_python.py"


@pytest.fixture(scope="module")
def isolation():
    """Name the strongest wall of this machine."""
    try:
        return wall.choose("strong", wall.Limits()).isolation
    except wall.WallError:
        return "process"


def hand_in(folder, source=SOLUTION):
    place = folder / NAME
    place.mkdir(parents=True)
    shutil.copy(source, place / FILE)
    return folder


@pytest.fixture
def classroom(tmp_path):
    """Give a folder with four students: right, wrong, broken, empty-handed."""
    folder = tmp_path / "class"
    hand_in(folder / "ann")
    hand_in(folder / "bob", WRONG)
    (hand_in(folder / "eve") / NAME / FILE).write_text("app = (\n")
    (folder / "zed").mkdir()
    return folder


def run(*words, code=0):
    result = CliRunner().invoke(cli.main, ["grade", *map(str, words)])
    assert result.exit_code == code, result.output
    return result.output


def grades(out):
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_a_class_is_graded(classroom, tmp_path, isolation):
    out = tmp_path / "out"
    output = run(classroom, "--out", out, "--isolation", isolation)
    found = {name: (row["status"], row["score"]) for name, row in grades(out).items()}
    assert found == {
        "ann": ("graded", "12"),
        "bob": ("graded", "9"),
        "eve": ("import-error", "0"),
        "zed": ("missing", "0"),
    }
    assert "reference 12/12, starter" in output
    assert output.index("preflight: canary") < output.index("ann ")
    assert re.search(r"^ann +12/12 +[\d.]+ s +graded", output, re.MULTILINE)
    assert (out / "report.html").exists()
    assert "Python cannot read the file" in (out / "feedback" / "eve.md").read_text("utf-8")
    results = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert {record["student"] for record in results} == {"ann", "bob", "eve", "zed"}


def test_nothing_is_graded_twice_unless_forced_or_changed(classroom, tmp_path, isolation):
    words = (classroom, "--out", tmp_path / "out", "--isolation", isolation)
    run(*words)
    assert "4 of 4 are graded already" in run(*words)
    shutil.copy(SOLUTION, classroom / "bob" / NAME / FILE)
    output = run(*words)
    assert "3 of 4 are graded already" in output
    assert "1 graded in" in output
    assert grades(tmp_path / "out")["bob"]["score"] == "12"
    assert "4 graded in" in run(*words, "--force")


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path, isolation):
    folder, out = tmp_path / "class", tmp_path / "out"
    for number in range(12):
        hand_in(folder / f"student{number:02}")
    words = [sys.executable, "-m", "course", "grade", folder, "--out", out, "--workers", "1"]
    process = subprocess.Popen(
        [*map(str, words), "--isolation", isolation],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    journal = out / "results.jsonl"
    deadline = time.monotonic() + 60
    while not (journal.exists() and len(journal.read_text().splitlines()) >= 3):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)  # as when the machine goes down
    process.wait()
    process.stdout.close()
    with journal.open("a") as file:
        file.write('{"key": "half a li')
    before = len(journal.read_text().splitlines()) - 1
    assert before < 12
    output = run(folder, "--out", out, "--isolation", isolation)
    assert f"{before} of 12 are graded already" in output
    records = [json.loads(line) for line in journal.read_text().splitlines()]
    assert len(records) == len({record["key"] for record in records}) == 12
    assert {row["score"] for row in grades(out).values()} == {"12"}


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is sent in another way there")
def test_ctrl_c_leaves_no_judge_behind_and_says_how_to_go_on(tmp_path, isolation):
    folder, out = tmp_path / "class", tmp_path / "out"
    for number in range(30):
        hand_in(folder / f"student{number:02}")
    words = [sys.executable, "-m", "course", "grade", folder, "--out", out, "--workers", "2"]
    process = subprocess.Popen(
        [*map(str, words), "--isolation", isolation],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # A job in the background ignores it, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    journal = out / "results.jsonl"
    deadline = time.monotonic() + 60
    while not (journal.exists() and journal.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "goes on from there" in output
    assert "Traceback" not in output
    assert str(folder) not in commands()


def commands():
    """Return the command lines of all processes, where the system shows them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return "\n".join(found)


def test_hidden_tests_lie_in_a_folder_of_their_own(classroom, tmp_path, isolation):
    tests = tmp_path / "hidden"
    (tests / NAME).mkdir(parents=True)
    (tests / NAME / "test_hidden.py").write_text(
        "import pytest\n"
        "from course.grading import expect\n\n\n"
        "@pytest.mark.hidden\n@pytest.mark.points(5)\n"
        "def test_secret_case(client):\n"
        '    expect(client.get("/customers/139-0013-8001"), 200, json={"number": "13900138001"})\n'
    )
    out = tmp_path / "out"
    run(classroom, "--tests", tests, "--out", out, "--isolation", isolation)
    assert (grades(out)["ann"]["score"], grades(out)["bob"]["score"]) == ("5", "0")
    text = (out / "feedback" / "bob.md").read_text("utf-8")
    assert "a hidden test (0 of 5)" in text
    assert "secret" not in text
    assert "13900138001" not in text


def test_tests_that_the_reference_fails_grade_nobody(classroom, tmp_path, isolation):
    tests = tmp_path / "hidden"
    (tests / NAME).mkdir(parents=True)
    (tests / NAME / "test_x.py").write_text("def test_no(client):\n    assert False\n")
    out = tmp_path / "out"
    output = run(classroom, "--tests", tests, "--out", out, "--isolation", isolation, code=2)
    assert "Nothing was graded. The reference solution of day01/custom_converter fails" in output
    assert not out.exists()


def test_tests_that_cannot_be_read_grade_nobody(classroom, tmp_path, isolation):
    tests = tmp_path / "hidden"
    (tests / NAME).mkdir(parents=True)
    (tests / NAME / "test_x.py").write_text("def test_no(client)\n")
    output = run(
        classroom, "--tests", tests, "--out", tmp_path / "out", "--isolation", isolation, code=2
    )
    assert "Nothing was graded." in output


def test_late_work_loses_its_part(classroom, tmp_path, isolation):
    times = tmp_path / "times.csv"
    times.write_text("student,submitted\nann,2026-03-03T10:00+08:00\nbob,2026-03-01T10:00+08:00\n")
    words = ("--due", "2026-03-01T23:59+08:00", "--late", "10%/day", "--isolation", isolation)
    out = tmp_path / "out"
    assert "--due needs --times" in run(classroom, "--out", out, *words, code=2)
    run(classroom, "--out", out, *words, "--times", times)
    ann = grades(out)["ann"]
    assert (ann["raw"], ann["penalty"], ann["score"]) == ("12", "20%", "9.6")
    assert grades(out)["bob"]["score"] == "9"


def test_a_roster_is_filled(classroom, tmp_path, isolation):
    roster = tmp_path / "roster.csv"
    roster.write_text(
        "Identifier,Full name,Email address,Grade,Maximum Grade\n"
        "Participant 1,ann,ann@example.org,,100\nParticipant 2,nobody,no@example.org,,100\n"
    )
    out = tmp_path / "out"
    output = run(classroom, "--out", out, "--isolation", isolation, "--roster", roster)
    assert "moodle.csv: 1 of 2 rows filled" in output
    assert "not in the roster: bob, eve, zed" in output
    assert ",ann@example.org,100,100\n" in (out / "moodle.csv").read_text().replace("\r", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--exercise", "day09/nothing"), "There are no tests for day09/nothing"),
        (("--due", "tomorrow"), "is no time such as"),
        (("--roster", __file__), "neither Moodle's"),
    ],
)
def test_a_wrong_call_is_told_before_anything_is_graded(classroom, tmp_path, words, message):
    output = run(classroom, "--out", tmp_path / "out", *words, code=2)
    assert message in " ".join(output.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_is_told(tmp_path):
    (tmp_path / "class").mkdir()
    assert "There is nothing in" in run(tmp_path / "class", code=2)


def test_strong_isolation_is_refused_where_the_machine_cannot(monkeypatch, classroom, tmp_path):
    monkeypatch.setattr(wall, "_bubblewrap_problem", lambda: "bubblewrap is not installed")
    out = tmp_path / "out"
    output = run(classroom, "--out", out, "--isolation", "strong", code=2)
    assert "Strong isolation is not possible: bubblewrap is not installed" in output
    assert not out.exists()


def test_process_isolation_is_used_with_a_banner(classroom, tmp_path):
    output = run(classroom, "--out", tmp_path / "out", "--isolation", "process")
    assert "WARNING: submissions can read this machine's files" in output
    assert grades(tmp_path / "out")["ann"]["score"] == "12"


def test_a_judge_that_dies_is_replaced(monkeypatch, tmp_path, isolation):
    plan = grade.Plan((NAME,), TESTS, isolation)
    grader = grade.Grader(plan)
    try:
        assert grader.grade(SOLUTION)["exercises"][0]["score"] == 12
        grader._process.kill()
        assert grader.grade(SOLUTION)["exercises"][0]["score"] == 12
    finally:
        grader.close()


def test_a_judge_that_fails_twice_is_no_zero(tmp_path):
    plan = grade.Plan((NAME,), tmp_path / "no-tests", "process")
    grader = grade.Grader(plan)
    try:
        answer = grader.grade(SOLUTION)
    finally:
        grader.close()
    record = grade.finished(Handin("ann", SOLUTION), "key", answer)
    assert (record["status"], record["score"]) == ("grader-error", None)
    assert "The judge failed" in record["note"]


def test_a_grader_error_is_tried_again(tmp_path, isolation):
    plan = grade.Plan((NAME,), TESTS, isolation)
    journal = grade.Journal(tmp_path / "results.jsonl", plan)
    handin = Handin("ann", SOLUTION)
    empty = {"seconds": 0.0, "exercises": []}
    journal.add(grade.finished(handin, journal.key(handin), empty))
    assert journal.key(handin) not in grade.Journal(journal.path, plan).records


def test_a_zip_file_is_graded(tmp_path, isolation):
    folder = tmp_path / "class"
    hand_in(tmp_path / "work")
    folder.mkdir()
    shutil.make_archive(folder / "leeann_4711_9988_work", "zip", tmp_path / "work")
    out = tmp_path / "out"
    run(folder, "--out", out, "--isolation", isolation)
    assert grades(out)["leeann"]["score"] == "12"


# -- one submission, with pytest ---------------------------------------------------------------


def pytest_run(*words):
    command = [sys.executable, "-m", "pytest", "-p", "no:playwright", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *map(str, words)], check=False, cwd=ROOT, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("source", "code", "points"), [(SOLUTION, 0, "12/12"), (WRONG, 1, "9/12")])
def test_pytest_grades_one_submission(tmp_path, isolation, source, code, points):
    folder = hand_in(tmp_path / "ann", source)
    junit = tmp_path / "junit.xml"
    options = ("--submission", folder, "--isolation", isolation, f"--junitxml={junit}")
    found, output = pytest_run("tests/exercises", *options)
    assert found == code
    assert re.search(rf"^total +{points}$", output, re.MULTILINE)
    assert 'name="points" value="2.0"' in junit.read_text()


def test_pytest_without_a_submission_says_what_is_missing():
    code, output = pytest_run("tests/exercises/day01")
    assert code == 5
    assert "name what was handed in with --submission PATH" in output


def test_pytest_names_a_path_that_is_not_there(tmp_path):
    code, output = pytest_run("tests/exercises", "--submission", tmp_path / "nobody")
    assert code == 4
    assert "does not exist" in output


# -- more machines than one ----------------------------------------------------------------------


@pytest.mark.skipif(
    not os.environ.get("COURSE_TEST_CLUSTER"),
    reason="starts a cluster of its own; set COURSE_TEST_CLUSTER=1 to try it (needs distributed)",
)
def test_a_cluster_that_loses_a_worker_loses_no_mark(tmp_path, isolation):
    folder = tmp_path / "class"
    for number in range(40):
        hand_in(folder / f"student{number:02}")
    with cluster(tmp_path) as (address, workers):
        handins = collect([folder], tmp_path / "unpacked")
        plan = grade.Plan((NAME,), TESTS, isolation)
        journal = grade.Journal(tmp_path / "results.jsonl", plan)
        seen = []
        for record in grade.run(handins, plan, journal, workers=2, scheduler=address):
            if not seen:
                workers[0].kill()
            seen.append(record["student"])
            assert (record["status"], record["score"]) == ("graded", 12)
    assert sorted(seen) == [f"student{number:02}" for number in range(40)]
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    assert len(lines) == len({json.loads(line)["key"] for line in lines}) == 40


class cluster:  # noqa: N801 (reads as a function in the test)
    """A dask scheduler and two workers, each a process of its own on 127.0.0.1."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        file = self.folder / "scheduler.json"
        words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"]
        self.processes = [self.start(*words, "--scheduler-file", file)]
        deadline = time.monotonic() + 30
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
