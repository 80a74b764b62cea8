"""Every testable point of the source notes has a test that proves it: ``points.toml`` names it."""

import csv
import re
import tomllib

import pytest

from course import catalogue
from course.catalogue import ROOT

TESTS = ROOT / "tests"

with (TESTS / "points.csv").open(encoding="utf-8", newline="") as file:
    POINTS = list(csv.DictReader(file))

PROVED = tomllib.loads((TESTS / "points.toml").read_text("utf-8"))
"""The points that tests prove, by file and test."""

DAYS = [day.name for day in catalogue.days()]


def test_each_point_belongs_to_a_lesson():
    ids = {lesson.id for lesson in catalogue.lessons()}
    assert {point["lesson"].rstrip("/") for point in POINTS} <= ids


@pytest.mark.parametrize("day", DAYS)
def test_each_testable_point_of_a_day_is_proved(day):
    testable = {
        point["id"]
        for point in POINTS
        if point["lesson"].split("/")[0] == day and point["verdict"] != "not testable"
    }
    tests = [tests for file, tests in PROVED.items() if file.startswith(f"{day}/")]
    proved = {point for each in tests for points in each.values() for point in points}
    assert sorted(testable - proved) == [], "points.toml names no test of the day for these"


def test_each_named_point_is_one():
    named = {point for tests in PROVED.values() for points in tests.values() for point in points}
    assert sorted(named - {point["id"] for point in POINTS}) == []


@pytest.mark.parametrize("file", PROVED)
def test_each_named_test_is_there(file):
    text = (TESTS / file).read_text("utf-8") if (TESTS / file).is_file() else ""
    there = set(re.findall(r"^def (test_\w+)\(", text, re.MULTILINE))
    assert sorted(PROVED[file].keys() - there) == [], f"points.toml, [{file!r}]: no such test"
