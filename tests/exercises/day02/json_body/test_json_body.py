"""Tests of the exercise: a bakery that takes orders from programs."""

import random

import pytest

from course.grading import expect

NOT_OBJECTS = [[3], 3, "rolls"]
NOT_ORDERS = [{}, {"rolls": 0}, {"rolls": 51}, {"rolls": "3"}, {"rolls": 2.5}, {"rolls": True}]


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("request.get_json() returns the decoded body. Return a dict and 201.")
def test_an_order_is_taken(client):
    """POST /orders responds with the order and 201."""
    rolls = random.randrange(1, 51)
    expect(client.post("/orders", json={"rolls": rolls}), 201, json={"rolls": rolls})


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.needs("test_an_order_is_taken")
@pytest.mark.hint("A JSON object is a dict in Python: isinstance(..., dict).")
@pytest.mark.parametrize("value", NOT_OBJECTS, ids=str)
def test_what_is_not_an_object_is_refused(client, value):
    """JSON that is not an object gets 400."""
    expect(client.post("/orders", json=value), 400)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.needs("test_an_order_is_taken")
@pytest.mark.hint("Read the value with get, look at its type, then at its size.")
@pytest.mark.hint("True is an int for isinstance; type(...) is int.", when="true")
@pytest.mark.parametrize("order", NOT_ORDERS, ids=str)
def test_what_is_not_a_number_of_rolls_is_refused(client, order):
    """Anything but a whole number from 1 to 50 gets 400."""
    expect(client.post("/orders", json=order), 400)
