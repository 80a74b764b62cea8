"""What a judge makes of its tests: boxes, statuses, points."""

from types import SimpleNamespace

import pytest

from course.grading import submission
from course.grading.judge import plugin
from course.grading.judge.client import JudgeError, JudgeProcess
from course.grading.judge.loop import status_of
from course.grading.results import (
    ExerciseResult,
    Kind,
    Outcome,
    Status,
    SubmissionResult,
    TestResult,
)
from course.grading.sandbox import wall

NAME = "day01/custom_converter"
SHIPPED = submission.TESTS / NAME / "test_custom_converter.py"


def item(path, *, hidden=False):
    return SimpleNamespace(
        path=path, get_closest_marker=lambda name: object() if hidden and name == "hidden" else None
    )


def test_hidden_tests_and_tests_that_are_not_shipped_have_boxes_of_their_own(tmp_path):
    launcher = SimpleNamespace(wall=wall.build("process", wall.Limits()))
    subject = plugin.Subject(tmp_path, launcher)
    other = tmp_path / NAME / "test_it.py"
    kinds = [item(SHIPPED), item(SHIPPED, hidden=True), item(other), item(other, hidden=True)]
    boxes = [subject.box(each) for each in kinds]
    assert len({boxes[0], boxes[1], boxes[2]}) == 3
    assert boxes[3] is boxes[1]
    assert [plugin.is_secret(each) for each in kinds] == [False, True, True, True]
    assert {id(box.budget) for box in boxes} == {id(subject.budget(NAME))}
    subject.close()


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("Came back: 422", "for 422"),
        ("Came back:  422 UNPROCESSABLE", "for 422"),
        ("Came back: 500", "for all"),
        ("", "for all"),
    ],
)
def test_the_hint_that_fits_the_message_is_given(message, hint):
    marks = [
        SimpleNamespace(args=("for all",), kwargs={}),
        SimpleNamespace(args=("for 422",), kwargs={"when": "back: 422"}),
    ]
    for given in (marks, marks[::-1]):
        item = SimpleNamespace(iter_markers=lambda name, given=given: given)
        assert plugin._hint(item, message) == hint


def a_test(kind=None):
    outcome = Outcome.FAILED if kind else Outcome.PASSED
    return TestResult("test_x", "about", outcome, 0.0 if kind else 1.0, 1.0, kind=kind)


@pytest.mark.parametrize(
    ("kinds", "expected", "status"),
    [
        ([None, None], 2, Status.GRADED),
        ([None, Kind.WRONG], 2, Status.GRADED),
        ([None, Kind.DIED, Kind.RAISED], 3, Status.GRADED),
        ([None, Kind.TIME], 2, Status.PARTIAL),
        ([Kind.IMPORT, Kind.IMPORT], 2, Status.IMPORT_ERROR),
        ([Kind.IMPORT, Kind.TIME], 2, Status.IMPORT_ERROR),
        ([None, Kind.IMPORT], 2, Status.GRADED),
        ([None, Kind.GRADER], 2, Status.GRADER_ERROR),
        ([None], 2, Status.GRADER_ERROR),
    ],
)
def test_the_status_follows_from_the_kinds_of_failures(kinds, expected, status):
    assert status_of(tuple(map(a_test, kinds)), expected) is status


def test_results_cross_the_border_between_processes_unchanged():
    tests = (a_test(), a_test(Kind.TIME))
    part = ExerciseResult(NAME, Status.PARTIAL, 1.0, 2.0, tests, ("exercise.py",), ("a note",))
    result = SubmissionResult((part,), 0.5, "a note")
    assert SubmissionResult.from_json(result.to_json()) == result


TESTS = '''
import pytest
from course.grading import expect

@pytest.mark.points(4)
def test_half(client, score):
    """Half of the points."""
    score(0.5)

@pytest.mark.hidden
def test_hidden(client):
    expect(client.get("/customers/138-0013-8000"), 201)

def test_stumbles(client):
    client.get("/nothing").json["key"]

@pytest.mark.points(3)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_cases(client, n):
    assert n != 2, "two"
'''


@pytest.fixture
def tests(tmp_path):
    place = tmp_path / "tests" / NAME
    place.mkdir(parents=True)
    (place / "test_it.py").write_text(TESTS, "utf-8")
    return tmp_path / "tests"


def test_points_are_earned_shared_and_kept_apart(tests):
    with JudgeProcess(tests, [NAME], "process") as judge:
        [part] = judge.grade(submission.TESTS / NAME / "solution.py").exercises
        [missing] = judge.grade(tests).exercises
    found = {test.name: test for test in part.tests}
    assert (part.status, part.score, part.possible) == (Status.GRADED, 4.0, 9.0)
    assert (found["test_half"].score, found["test_half"].points) == (2.0, 4.0)
    assert found["test_hidden"].hidden
    assert [found[f"test_cases[{n}]"].score for n in (1, 2, 3)] == [1.0, 0.0, 1.0]
    stumbled = found["test_stumbles"].message
    assert "The test could not use what came back" in stumbled
    assert "Sent last: GET /nothing" in stumbled
    assert "def test_stumbles" not in stumbled
    assert (missing.status, missing.score, missing.possible) == (Status.MISSING, 0.0, 9.0)


@pytest.mark.second_half
def test_tests_that_cannot_be_collected_are_told(tests):
    (tests / NAME / "test_it.py").write_text("def test_x(:", "utf-8")
    judge = JudgeProcess(tests, [NAME], "process")
    with pytest.raises(JudgeError, match="cannot be collected"):
        judge.start()
    judge.close()
