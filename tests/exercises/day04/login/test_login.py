"""Tests of the exercise: write the tests. The student's tests are run on right and wrong apps."""

import random
import re

import pytest

from course.grading.judge.diagnosis import Finding
from course.grading.judge.expect import raise_failure
from course.grading.judge.slips import slips
from course.grading.results import Kind
from course.grading.sandbox.faults import AppFaultError
from tests.exercises.day04.login.lockers import (
    FILE,
    OTHER,
    OUT_OF_ORDER,
    WRONG,
    app_text,
    written_anew,
)


@pytest.fixture(scope="module")
def known():
    """Give a place for what was found: each app is tried once for all tests of this file."""
    return {}


@pytest.fixture
def verdict(run_pytest, known, source):
    """Give a function that returns what the student's tests say of an app, or raises a fault.

    The apps are tried in an order that changes, so that no test file can know which one it has.
    """

    def run(name):
        if not known:
            try_all(run_pytest, known)
        found = known.get(name, known["right"])
        if isinstance(found, AppFaultError):
            raise found
        return found | {"slips": slips(source)}

    return run


def try_all(run_pytest, known):
    """Try the apps until the tests run out of time, or fail where they have to pass."""
    apps = [("right", app_text()), ("right again", app_text()), ("other", written_anew(OTHER))]
    apps += [(name, app_text(lines)) for name, lines in WRONG.items()]
    apps += [("out of order", app_text(OUT_OF_ORDER))]
    random.shuffle(apps)
    for name, text in apps:
        try:
            known[name] = run_pytest({FILE: f"{text}\n# {random.random()}\n"})
            stop = name.startswith("right") and not is_passed(known[name])
        except AppFaultError as error:
            known[name] = error
            stop = error.kind == Kind.TIME
        if stop:
            known["right"] = known[name]
            break


def complaints(found):
    """Return what of a report of pytest is worth reading first."""
    lines = str(found.get("text", "")).splitlines()
    kept = [line for line in lines if re.match(r"(test_\S*:|E  |>|\S*exercise\.py:\d+)", line)]
    return re.sub(r"/\S*?/(day04/login/)", r"\1", "\n".join((kept or lines)[:12]))


def expect_that(is_so, lines, found):
    """Fail with these lines, and with the slips that can be read in the student's file."""
    if not is_so:
        lines += [f"Line {line}:  {words}" for line, words in found["slips"][:3]]
        place = f"exercise.py:{found['slips'][0][0]}" if found["slips"] else ""
        raise_failure(lines, Finding(place=place))


def is_passed(found):
    return found["code"] == 0 and found.get("passed", 0) > 0


def expect_pass(found, app):
    is_none = found["code"] == 5 or (found["code"] == 0 and not found.get("passed"))
    lines = [
        "Sent:      nothing: pytest found no test that ran.",
        "Expected:  functions whose names begin with test_",
    ]
    expect_that(not is_none, lines, found)
    lines = [
        f"Your tests were run on {app}.",
        "Expected:  all of them pass",
        f"Came back: {found.get('failed')} failed",
        complaints(found),
    ]
    expect_that(is_passed(found), lines, found)


def expect_right_first(verdict):
    """Fail unless the student's tests pass on the right app and fail on one out of order."""
    passed = all(is_passed(verdict(right)) for right in ("right", "right again"))
    if not passed or is_passed(verdict("out of order")):
        pytest.fail(
            "First your tests must pass on the right app, and fail on an app that is out of order. "
            "See the first failure of task 1.",
            pytrace=False,
        )


def expect_failure(found, app):
    """Fail unless at least one of the student's tests has failed."""
    lines = [
        f"Your tests were run on {app}.",
        "Expected:  at least one of them fails",
        f"Came back: {found.get('passed')} passed, {found.get('failed')} failed",
    ]
    expect_that(found["code"] == 1, lines, found)


def expect_caught(verdict, name):
    """Fail unless the student's tests pass on the right app and fail on this one."""
    expect_right_first(verdict)
    expect_failure(verdict(name), f"a locker that {name}")


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("Run `pytest day04/login/exercise.py`: it shows what was compared, and the line.")
def test_the_right_app_passes(verdict):
    """Your tests pass on the right app, and fail on an app that is out of order."""
    expect_pass(verdict("right"), "the right app, written with other names and other lines")
    expect_pass(verdict("right again"), "the right app a second time")
    expect_failure(
        verdict("out of order"),
        "an app that is out of order: it answers every request with 503, so a test that sends one "
        "and compares the status code fails",
    )


@pytest.mark.task(1)
@pytest.mark.hint("Compare what is promised: statuses, and the JSON of /open and /content.")
def test_another_right_app_passes(verdict):
    """Your tests pass on another app that keeps the same promises in its own way."""
    expect_right_first(verdict)
    expect_pass(
        verdict("other"), "another right locker, whose error texts, headers and names differ"
    )


@pytest.mark.task(1)
@pytest.mark.hint("Send a PIN that is not 2468. Which status, and what may /content answer?")
def test_a_locker_for_every_pin_is_caught(verdict):
    """A locker that opens for every PIN fails one of your tests."""
    expect_caught(verdict, "opens for every PIN")


@pytest.mark.task(1)
@pytest.mark.hint("Text can be compared in many ways: try 246, 46 and 24680.")
def test_a_locker_for_half_a_pin_is_caught(verdict):
    """A locker that opens for a part of the PIN fails one of your tests."""
    expect_caught(verdict, "opens for a part of the PIN, such as 246")


@pytest.mark.task(2)
@pytest.mark.hint("Send four wrong PINs, and compare the fourth answer.")
def test_a_locker_that_never_locks_is_caught(verdict):
    """A locker that never locks fails one of your tests."""
    expect_caught(verdict, "never locks")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("Lock it with three wrong PINs; then send the right one.")
def test_a_lock_that_does_not_hold_is_caught(verdict):
    """A locker that opens for the right PIN though it is locked fails one of your tests."""
    expect_caught(verdict, "opens for the right PIN though it is locked")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("Wrong, wrong, right, wrong: only the third wrong one in a row locks.")
def test_a_count_that_is_not_set_back_is_caught(verdict):
    """A locker that goes on counting after the right PIN fails one of your tests."""
    expect_caught(verdict, "goes on counting after the right PIN")


@pytest.mark.task(3)
@pytest.mark.hint('In JSON 2468 is a number and "2468" a text. Only the text is a PIN.')
def test_a_locker_for_numbers_is_caught(verdict):
    """A locker that opens for the number 2468 fails one of your tests."""
    expect_caught(verdict, "takes the number 2468 for the text")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("Send three bodies without a PIN, and then the right PIN.")
def test_a_locker_that_counts_odd_bodies_is_caught(verdict):
    """A locker that counts a body without a PIN as a wrong one fails one of your tests."""
    expect_caught(verdict, "counts a body without a PIN as a wrong one")


@pytest.mark.task(4)
@pytest.mark.hint("Open it, close it, and ask for the content.")
def test_a_locker_that_stays_open_is_caught(verdict):
    """A locker that stays open when it is closed fails one of your tests."""
    expect_caught(verdict, "stays open when it is closed")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("app.test_client() gives another visitor of the same app: its own cookies.")
def test_a_locker_open_to_everybody_is_caught(verdict):
    """A locker that shows the content to every visitor once it is open fails one of your tests."""
    expect_caught(verdict, "shows the content to every visitor as soon as one has opened it")
