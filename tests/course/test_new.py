"""``course new`` lays out a lesson and an exercise that lack nothing but their words."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from course import catalogue, new
from course.catalogue import ROOT
from course.cli import main
from tests.exercises.completeness import missing


def test_a_lesson_has_its_files_and_its_place_in_the_day(course):
    before, *_ = catalogue.days(course)[0].lessons
    new.lesson("day91/greetings", "Good morning", before.name, course)
    names = [lesson.name for lesson in catalogue.days(course)[0].lessons]
    assert names[names.index(before.name) + 1] == "greetings"
    assert before.notes.rstrip().endswith("Next: [Good morning](../greetings/README.md).")
    lesson = catalogue.find("greetings", course)
    assert lesson.title == "Good morning"
    assert (course / "tests" / "day91" / "test_greetings.py").is_file()


def test_the_list_of_the_day_is_numbered_anew(course):
    before, *others = catalogue.days(course)[0].lessons
    new.lesson("day91/greetings", after=before.name, root=course)
    text = (course / "day91" / "README.md").read_text("utf-8")
    numbers = re.findall(r"^(\d+)\. \[", text, re.MULTILINE)
    assert numbers == [str(n + 1) for n in range(len(others) + 2)]


def test_what_is_left_to_fill_in_is_named_with_its_line(course):
    new.lesson("day91/greetings", root=course)
    found = catalogue.missing(course)
    assert "day91/greetings/app.py:1: one line: what the lesson shows." in found
    assert all(line.startswith(("day91/greetings/", "tests/day91/")) for line in found)


@pytest.mark.parametrize(
    ("name", "after", "says"),
    [
        ("day99/greetings", "", "the day is not one of day91"),
        ("greetings", "", "the day is not one of day91"),
        ("day91/Good Morning", "", "a Python name in lower case: day02/greetings."),
        ("day91/../greetings", "", "a Python name in lower case: day02/greetings."),
        ("day91/hello", "", "day91/hello exists already."),
        ("day91/greetings", "nothing", "nothing is not a lesson of day91. It has hello"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(course, name, after, says):
    before = sorted(course.rglob("*"))
    with pytest.raises(new.NewError, match=re.escape(says)):
        new.lesson(name, after=after, root=course)
    assert sorted(course.rglob("*")) == before


def test_an_exercise_of_a_lesson_that_is_not_there_is_refused(course):
    with pytest.raises(new.NewError, match="Lay it out first: course new lesson day91/greetings"):
        new.exercise("day91/greetings", course)


def test_an_exercise_is_laid_out_once(course):
    new.lesson("day91/greetings", root=course)
    new.exercise("day91/greetings", course)
    with pytest.raises(new.NewError, match="has an exercise already"):
        new.exercise("day91/greetings", course)


def test_the_exercise_lacks_its_words_and_wrong_answers_only(course):
    new.lesson("day91/greetings", root=course)
    new.exercise("day91/greetings", course)
    first, *_, last = missing("day91/greetings", course)
    assert first == "day91/greetings/exercise.py:1: what to build, in a few words."
    assert last.startswith("tests/exercises/day91/greetings/wrong has 1 wrong answers, and needs")


def test_the_command_says_what_is_wrong_with_a_name():
    result = CliRunner().invoke(main, ["new", "lesson", "day01/hello"])
    assert result.exit_code == 2
    assert "day01/hello exists already." in result.output


FILLED = (
    (r"<summary>TODO: ", "<summary>What "),
    (r"\*TODO: ", "*Older: "),
    (r"TODO: ", ""),
)


@pytest.mark.second_half
def test_once_filled_in_every_rule_holds(tmp_path):
    """In a copy of the repository: the rules' tests, the new lesson's and the new exercise's."""
    copy = tmp_path / "copy"
    others = shutil.ignore_patterns(".*", "node_modules", "__pycache__", "instance")

    def ignore(folder, names):
        built = {"site"} if Path(folder) == ROOT else set()  # course/site is the tool's own
        return others(folder, names) | built

    shutil.copytree(ROOT, copy, ignore=ignore)
    shutil.copy(ROOT / ".gitignore", copy)
    environ = os.environ | {"PYTHONPATH": str(copy)}

    def run(*command):
        ended = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=copy,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr

    run("course", "new", "lesson", "day02/greetings", "--after", "cookies")
    run("course", "new", "exercise", "day02/greetings")
    exercise = copy / "tests" / "exercises" / "day02" / "greetings"
    for path in [*(copy / "day02" / "greetings").iterdir(), *exercise.glob("*.py")]:
        fill_in(path)
    fill_in(copy / "tests" / "day02" / "test_greetings.py")
    patch = exercise / "wrong" / "no_limit.patch"
    for number in range(2, 6):
        shutil.copy(patch, patch.with_name(f"wrong_{number}.patch"))
    run("course.reference")
    rules = [f"tests/test_{name}.py" for name in ("tree", "language", "lessons", "reference")]
    plugins = ["-p", "no:xdist", "-p", "no:cacheprovider"]
    run("pytest", "-q", *plugins, *rules)
    run("pytest", "-q", *plugins, "--all", "tests/day02", "tests/course", "-k", "greetings")


def fill_in(path):
    text = path.read_text("utf-8")
    for old, better in FILLED:
        text = re.sub(old, better, text)
    path.write_text(text, "utf-8")
