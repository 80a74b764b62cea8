"""Tests of the exercise: the log of a bakery."""

import random
import string

import pytest

from course.grading import expect, fail


@pytest.fixture
def bread():
    """Give a name that no solution can know in advance."""
    return "".join(random.choices(string.ascii_lowercase, k=8))


def log_of(client):
    return expect(client.get("/log"), 200)


def lines_with(reply, word):
    return [line for line in reply.text.splitlines() if word in line]


@pytest.mark.task(1)
@pytest.mark.hint("logging.FileHandler(path) is added with app.logger.addHandler(...).")
@pytest.mark.hint("Outside debug mode the level of app.logger is WARNING.", when="Came back: 200")
def test_a_sale_is_in_the_log(client, bread):
    """After a sale, the log has a line with its name."""
    expect(client.get(f"/sell/{bread}"), 200)
    expect(log_of(client), contains=f"sale of {bread}")


@pytest.mark.task(1)
@pytest.mark.needs("test_a_sale_is_in_the_log")
@pytest.mark.hint("Every handler writes each line once: add one.")
def test_each_sale_is_one_line(client, bread):
    """Two sales are two lines, the first one first."""
    for name in (f"{bread}1", f"{bread}2"):
        expect(client.get(f"/sell/{name}"), 200)
    reply = log_of(client)
    found = [line[-9:] for line in lines_with(reply, bread)]
    if found != [f"{bread}1", f"{bread}2"]:
        fail(reply, f"one line for {bread}1 and one for {bread}2", wanted=bread)


@pytest.mark.task(2)
@pytest.mark.hint('logging.Formatter("%(levelname)s %(message)s") belongs to the handler.')
def test_a_line_begins_with_its_level(client, bread):
    """The line of a sale is the level, a space and the message."""
    expect(client.get(f"/sell/{bread}"), 200)
    reply = log_of(client)
    if lines_with(reply, bread) != [f"INFO sale of {bread}"]:
        fail(reply, f"the line 'INFO sale of {bread}'", wanted=f"INFO sale of {bread}")


@pytest.mark.task(2)
@pytest.mark.hint("Flask logs an exception with app.logger: a handler there sees it.")
def test_an_exception_is_in_the_log(client):
    """After /burn, the log has a line with ERROR, and the name of the exception."""
    expect(client.get("/burn"), 500)
    reply = log_of(client)
    if not reply.text.startswith("ERROR") or "ZeroDivisionError" not in reply.text:
        fail(reply, "a line that begins with ERROR, and ZeroDivisionError below it")


@pytest.mark.task(3)
@pytest.mark.hint('app.logger.setLevel(app.config["LOG_LEVEL"])')
def test_with_debug_more_is_written(start, bread):
    """With LOG_LEVEL=DEBUG, a look is in the log."""
    client = start({"LOG_LEVEL": "DEBUG"})
    expect(client.get(f"/look/{bread}"), 200)
    expect(log_of(client), contains=f"a look at {bread}")


@pytest.mark.task(3)
@pytest.mark.needs("test_with_debug_more_is_written")
@pytest.mark.hint("Without another setting the level is INFO.")
def test_at_first_a_look_is_not_written(client, bread):
    """Without the setting, a look is not in the log, and a sale is."""
    expect(client.get(f"/look/{bread}"), 200)
    expect(client.get(f"/sell/{bread}"), 200)
    expect(log_of(client), contains=f"sale of {bread}", lacks=f"a look at {bread}")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.needs("test_a_sale_is_in_the_log")
@pytest.mark.hint("formatMessage of a Formatter can replace line ends; so can %r in the message.")
@pytest.mark.parametrize("end", ["%0A", "%0D", "%0D%0A"])
def test_a_line_end_in_a_name_makes_no_line(client, bread, end):
    """A name with a line end is logged in one line."""
    expect(client.get(f"/sell/{bread}{end}INFO%20sale%20of%20cake"), 200)
    reply = log_of(client)
    if [line for line in reply.text.splitlines() if line.startswith("INFO sale of cake")]:
        fail(reply, "one line: the client has made the second one up", wanted="INFO sale of cake")
