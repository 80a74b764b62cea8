"""Tests of the exercise: an app that can be tested."""

import random
import string

import pytest

from course.grading import expect, fail
from course.grading.sandbox.faults import AppFaultError


@pytest.fixture
def wish():
    """Give a wish that no solution can know in advance."""
    return "".join(random.choices(string.ascii_lowercase, k=8))


@pytest.fixture
def folder():
    """Give the name of a folder that no solution can know in advance."""
    return f"folder_{random.randrange(10**6)}"


def add(client, wish):
    return client.post("/wishes", data={"wish": wish})


def fill(client):
    for number in range(3):
        expect(add(client, f"tea {number}"), 201)


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("WishList(app) reads app.config once: all settings have to be there before.")
def test_the_wishes_are_in_the_folder_of_the_test(start, wish, folder):
    """Another folder has another list, and the first folder keeps its own."""
    client = start({"DATA_FOLDER": folder})
    expect(add(client, wish), 201)
    other = f"{folder}_2"
    client = start({"DATA_FOLDER": other}, keep=True)
    expect(client.get("/wishes"), 200, json={"wishes": []})
    client = start({"DATA_FOLDER": folder}, keep=True)
    expect(client.get("/wishes"), 200, json={"wishes": [wish]})


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("register_error_handler(500, ...) is left out with TESTING; Exception is not.")
def test_a_mistake_reaches_the_test(start):
    """With TESTING, the ZeroDivisionError of /average goes through to the caller."""
    client = start({"TESTING": True})
    try:
        reply = client.get("/average")
    except AppFaultError as fault:
        if "ZeroDivisionError" in str(fault):
            return
        raise
    fail(reply, "the ZeroDivisionError itself, as pytest.raises wants it")


@pytest.mark.task(2)
@pytest.mark.needs("test_a_mistake_reaches_the_test")
@pytest.mark.hint("Keep a handler for the number 500: Flask calls it for every mistake.")
def test_a_visitor_gets_the_error_page(client):
    """Without TESTING, a visitor gets the error page, and learns nothing about the mistake."""
    reply = expect(client.get("/average"), 500)
    expect(reply, contains="Something went wrong", lacks=("ZeroDivisionError", "division"))


@pytest.mark.task(3)
@pytest.mark.parametrize("testing", [False, True], ids=["without TESTING", "with TESTING"])
@pytest.mark.hint("A handler for your own exception works in every mode.")
def test_a_full_list_is_409(start, wish, testing):
    """A fourth wish is 409, and its JSON says that the list is full."""
    client = start({"TESTING": testing})
    fill(client)
    reply = expect(add(client, wish), 409, json={"error": "The list is full."})
    if wish in client.get("/wishes").text:
        fail(reply, "that the fourth wish is not stored")
