"""From exercise to exercise: what is solved is remembered, and what comes after it is shown."""

import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from course import catalogue, cli, progress
from course.catalogue import EXERCISE, ROOT
from course.grading import answers, terminal
from course.grading.submission import TESTS, exercises
from course.progress import Progress
from tests.exercises import patches

NAME = "day01/custom_converter"
OTHER = "day01/sending_data"
SOLUTION = (TESTS / NAME / "solution.py").read_text("utf-8")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Give a course of two exercises, which the command takes for its own."""
    root = tmp_path / "course"
    for lesson in (NAME, OTHER):
        shutil.copytree(ROOT / lesson, root / lesson)
    lines = [f"{n}. [x]({name.partition('/')[2]}/README.md)" for n, name in [(1, NAME), (2, OTHER)]]
    (root / "day01" / "README.md").write_text("# Day 1\n\n" + "\n".join(lines) + "\n")
    (root / "README.md").write_text("# A course\n\n1. [Day 1](day01/README.md): the first.\n")
    monkeypatch.setattr(catalogue, "ROOT", root)
    monkeypatch.chdir(tmp_path)
    return root


@pytest.fixture
def run():
    """Give a function that runs ``course`` with these words and returns code and output."""

    def run(*words):
        result = CliRunner().invoke(cli.main, words)
        return result.exit_code, result.output

    return run


def solve(root, lesson):
    shutil.copy(TESTS / lesson / "solution.py", root / lesson / EXERCISE)
    Progress(root).solve(lesson)


def test_after_a_solved_exercise_comes_the_next_one(root, run):
    (root / NAME / EXERCISE).write_text(SOLUTION, "utf-8")
    code, said = run("check", NAME)
    assert code == 0
    assert "What others get wrong here:\n  - The second digit may be anything.\n" in said
    assert "course check custom_converter --solution" in said
    assert "The next exercise:    course check sending_data  (Sending data)" in said
    assert Progress(root).is_solved(NAME)


def test_what_is_known_to_be_solved_is_not_checked_again(root, run):
    for lesson in (NAME, OTHER):
        solve(root, lesson)
    code, said = run("check")
    assert code == 0
    assert said.count(" solved\n") == 2
    assert said.endswith("2 of 2 solved.\n")


def test_a_change_of_the_file_or_of_the_tests_makes_it_unknown(root, tmp_path, monkeypatch):
    solve(root, NAME)
    found = Progress(root)
    assert found.is_solved(NAME)
    assert found.lessons()[NAME]["solved"]
    with (root / NAME / EXERCISE).open("a") as file:
        file.write("# mine\n")
    assert not found.is_solved(NAME)
    assert not found.lessons()[NAME]["solved"]
    assert found.was_solved(NAME)
    found.solve(NAME)
    tests = tmp_path / "tests"
    shutil.copytree(TESTS / NAME, tests / NAME, ignore=shutil.ignore_patterns("wrong"))
    next((tests / NAME).glob("test_*.py")).write_text("# other tests\n")
    monkeypatch.setattr(progress, "TESTS", tests)
    assert not found.is_solved(NAME)


def test_the_next_exercise_is_the_first_open_one_after_it(root):
    found = Progress(root)
    assert found.next_open(NAME).id == OTHER
    assert found.next_open(OTHER).id == NAME
    assert found.next_open("").id == NAME
    solve(root, NAME)
    assert found.next_open("").id == OTHER
    solve(root, OTHER)
    assert found.next_open(NAME) is None


def test_the_solution_is_refused_before_and_shown_after(root, run):
    code, said = run("check", "custom_converter", "--solution")
    assert code == 1
    assert "--solution --give-up" in said
    code, said = run("check", "custom_converter", "--solution", "--give-up")
    assert code == 0
    assert '+     regex = "1[3-9][0-9]-' in said
    assert "-     # TODO (task 2): to_python\n" in said
    assert "Tasks:" not in said
    solve(root, NAME)
    assert run("check", "custom_converter", "--solution") == (
        0,
        "Your files are the sample solution.\n",
    )


def test_to_give_up_goes_with_the_solution(root, run):
    assert run("check", NAME, "--give-up")[0] == 2
    assert run("check", "--solution")[0] == 2


def test_in_a_folder_of_a_lesson_its_exercise_is_meant(root, run, monkeypatch):
    for lesson in (NAME, OTHER):
        solve(root, lesson)
    monkeypatch.chdir(root / NAME)
    assert run("check", "--solution") == (0, "Your files are the sample solution.\n")
    assert terminal.here(root / OTHER) == OTHER
    (root / OTHER / "inner").mkdir()
    assert terminal.here(root / OTHER / "inner") == OTHER
    for folder in (root, root / "day01", root / "day01" / "nothing", root.parent):
        assert terminal.here(folder) is None


def test_every_exercise_has_a_solution_and_wrong_answers_to_show():
    for exercise in exercises():
        files = answers.solution(exercise)
        written = patches.solution_files(exercise)
        assert set(files.values()) == set(written.values()), exercise
        assert EXERCISE in files
        assert answers.difference(exercise)
        for sentence in answers.what_others_get_wrong(exercise):
            assert sentence.endswith("."), f"{exercise}: {sentence}"


def test_templates_belong_to_the_difference():
    lines = answers.difference("day03/forms")
    assert (" ", "templates/exercise_seats.html:") in lines
    assert ("+", "    {{ form.hidden_tag() }}") in lines


@pytest.fixture
def watch(root):
    """Give a function that runs ``course check --watch`` and returns what it prints, as lines."""
    processes = []

    def start(*words):
        script = "from course import catalogue, cli\nimport pathlib, sys\n"
        script += "catalogue.ROOT = pathlib.Path(sys.argv.pop(1))\ncli.main()\n"
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", script, str(root), "check", *words, "--watch"],
            cwd=ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process.stdout

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def read_until(word, lines):
    said = ""
    while word not in said and (line := lines.readline()):
        said += line
    return said


@pytest.mark.second_half
def test_watch_walks_on_to_the_next_exercise(root, watch):
    lines = watch()
    assert f"{NAME}\n" in read_until(terminal.WAITING, lines)
    (root / NAME / EXERCISE).write_text(SOLUTION, "utf-8")
    said = read_until(terminal.WAITING, lines)
    assert "Solved: 12 of 12" in said
    assert f"{OTHER}\n" in said
    shutil.copy(TESTS / OTHER / "solution.py", root / OTHER / EXERCISE)
    assert "All exercises are solved." in read_until("All exercises", lines)


@pytest.mark.second_half
def test_watch_with_a_name_stays(root, watch):
    lines = watch(NAME)
    read_until(terminal.WAITING, lines)
    (root / NAME / EXERCISE).write_text(SOLUTION, "utf-8")
    assert "Solved: 12 of 12" in read_until(terminal.WAITING, lines)
    (root / NAME / EXERCISE).write_text("def (:\n", "utf-8")
    assert "Python cannot read the file" in read_until(terminal.WAITING, lines)
