"""Slips in a student's tests are told with their line; tests as they should be are let alone."""

import pytest

from course.grading.judge.slips import slips
from tests.exercises import patches


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("def test_a():\n    assert x == 422 or 400\n", 2, "`x == 422 or 400` is always true"),
        ("def test_a():\n    assert (x == 1, 'no')\n", 2, "an assert of a tuple"),
        ("def test_a():\n    x == 1\n    assert x\n", 2, "`x == 1` compares and asserts nothing"),
        ("def test_a(client):\n    client.get('/')\n", 1, "test_a asserts nothing"),
        (
            "import pytest\n@pytest.fixture(scope='module')\ndef app():\n    return 1\n",
            3,
            "the fixture app is shared",
        ),
    ],
)
def test_a_slip_is_told_with_its_line(text, line, words):
    [(number, said)] = slips(text)
    assert number == line
    assert words in said


def test_good_tests_have_no_slip():
    assert slips(patches.solution("day04/login").read_text("utf-8")) == []
    assert slips("def test_a():\n    check(1)\n    assert a in (1, 2) or b\n") == []


def test_a_file_that_python_cannot_read_has_none():
    assert slips("def (:") == []
