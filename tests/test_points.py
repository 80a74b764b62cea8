"""Every testable point of the source notes has a test that names it."""

import ast
import csv

import pytest

from course import catalogue
from course.catalogue import ROOT

TESTS = ROOT / "tests"

with (TESTS / "points.csv").open(encoding="utf-8", newline="") as file:
    POINTS = list(csv.DictReader(file))

FINISHED = {day.name for day in catalogue.days() if day.exists}


def marked(path):
    """Return the ids that the tests of a file name in ``@pytest.mark.point(...)``."""
    tree = ast.parse(path.read_text("utf-8"))
    return {
        argument.value
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_")
        for decorator in function.decorator_list
        for call in ast.walk(decorator)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.point"
        for argument in call.args
    }


PROVED = {path: marked(path) for path in TESTS.rglob("test_*.py")}


def test_each_point_belongs_to_a_day_of_the_map():
    assert {point["lesson"].split("/")[0] for point in POINTS} == {
        day.name for day in catalogue.days()
    }


def test_each_point_belongs_to_a_lesson():
    ids = {lesson.id for lesson in catalogue.lessons()}
    lessons = {point["lesson"].rstrip("/") for point in POINTS}
    assert {lesson for lesson in lessons if lesson.split("/")[0] in FINISHED} <= ids


@pytest.mark.parametrize("day", sorted(FINISHED))
def test_each_testable_point_of_a_finished_day_is_proved(day):
    testable = {
        point["id"]
        for point in POINTS
        if point["lesson"].split("/")[0] == day and point["verdict"] != "not testable"
    }
    of_the_day = [ids for path, ids in PROVED.items() if path.parent == TESTS / day]
    assert testable - set().union(*of_the_day) == set()


def test_each_marker_names_a_point():
    assert set().union(*PROVED.values()) <= {point["id"] for point in POINTS}
