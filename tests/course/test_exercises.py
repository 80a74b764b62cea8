"""Every exercise can be solved, is not solved as shipped, and names the mistakes people make."""

import ast
import json
import re

import pytest

from course import catalogue
from course.catalogue import EXERCISE as FILE
from course.catalogue import ROOT
from course.grading import judge, wall
from course.grading.submission import TESTS, exercises

EXERCISES = exercises()


def variants(exercise):
    """Yield the solution and the wrong solutions: files, or folders with templates of their own."""
    folder = TESTS / exercise
    yield next(path for path in (folder / "solution.py", folder / "solution") if path.exists())
    yield from sorted(p for p in (folder / "wrong").iterdir() if (p / FILE).exists() or p.suffix)


WRONG = [(e, path) for e in EXERCISES for path in list(variants(e))[1:]]


def docstring(path):
    return ast.get_docstring(
        ast.parse((path if path.is_file() else path / FILE).read_text("utf-8"))
    )


@pytest.fixture(scope="module")
def grade():
    """Give a function that grades one submission of one exercise, with the strongest wall here."""
    try:
        isolation = wall.choose("strong", wall.Limits()).isolation
    except wall.WallError:
        isolation = "process"
    process = judge.launch(TESTS, EXERCISES, isolation)

    def read():
        record = json.loads(process.stdout.readline())
        assert "broken" not in record, record
        return record

    def run(path, exercise):
        process.stdin.write(
            json.dumps({"path": str(path), "exercises": [exercise], "ours": True}) + "\n"
        )
        process.stdin.flush()
        return read()["exercises"][0]

    read()
    yield run
    process.stdin.close()
    process.stdout.close()
    assert process.wait(timeout=10) == 0


def lost(record):
    failed = (test for test in record["tests"] if test["outcome"] == "failed")
    return {test["test"].partition("[")[0] for test in failed}


def test_each_day_has_at_least_three_exercises():
    for day in catalogue.days():
        assert len([each for each in EXERCISES if each.startswith(f"{day.name}/")]) >= 3, day.name


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_solution_scores_full(grade, exercise):
    record = grade(next(variants(exercise)), exercise)
    messages = [test["message"] for test in record["tests"] if test["outcome"] == "failed"]
    assert (record["status"], messages) == ("graded", [])
    assert record["score"] == record["max"] > 0


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_starter_runs_and_scores_less_than_full(grade, exercise):
    record = grade(ROOT / exercise / FILE, exercise)
    assert record["status"] == "graded"
    assert record["score"] < record["max"]


@pytest.mark.parametrize(("exercise", "path"), WRONG, ids=[f"{e}-{path.stem}" for e, path in WRONG])
def test_a_wrong_solution_fails_where_its_mistake_is(grade, exercise, path):
    text = docstring(path)
    assert text.startswith("Wrong: ")
    named = set(
        re.search(r"^Fails: (.+(?:\n[^\n:]+)*)", text, re.MULTILINE)[1].replace(",", " ").split()
    )
    record = grade(path, exercise)
    assert record["status"] in {"graded", "partial"}
    assert lost(record) == named


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_exercise_is_complete(exercise):
    lesson = catalogue.find(exercise)
    starter = lesson.folder / FILE
    text = docstring(starter)
    assert text.startswith("Exercise: ")
    assert f"flask --app {exercise.replace('/', '.')}.exercise run" in text
    assert f"course check {lesson.name}" in text
    assert "curl" in text
    assert "TODO" in starter.read_text("utf-8")
    assert len(lesson.tasks()) >= 3
    assert len(list(variants(exercise))) >= 6
    announced = lesson.notes.partition("## In short")[2]
    assert "(exercise.py)" in announced
    assert f"`course check {lesson.name}`" in announced


@pytest.mark.parametrize("exercise", EXERCISES)
def test_each_test_belongs_to_a_task_and_explains_itself(exercise):
    numbers = {number for number, _ in catalogue.find(exercise).tasks()}
    found = set()
    for path in (TESTS / exercise).glob("test_*.py"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                marks = {ast.unparse(d).partition("(")[0]: d for d in function.decorator_list}
                assert "pytest.mark.hint" in marks, function.name
                assert ast.get_docstring(function), function.name
                found.add(marks["pytest.mark.task"].args[0].value)
    assert found == numbers
