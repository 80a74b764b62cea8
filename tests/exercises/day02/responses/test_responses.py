"""Tests of the exercise: the responses of a bakery."""

import pytest

from course.grading import expect, fail


@pytest.mark.task(1)
@pytest.mark.hint("A view that returns a text has the status code 200.")
def test_bread_is_a_text(client):
    """GET /bread responds with the text of task 1."""
    expect(client.get("/bread"), 200, text="Baked at 6.")


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("After the text, the view returns a comma and the status code, as a number.")
def test_cake_is_gone(client):
    """GET /cake responds with the text Sold out. and the status code 410."""
    expect(client.get("/cake"), 410, text="Sold out.")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("Flask makes JSON from a dict that a view returns.")
def test_prices_are_json(client):
    """GET /prices responds with JSON, and says so in its Content-Type."""
    reply = expect(client.get("/prices"), 200, json={"bread": 3, "roll": 1})
    if not reply.is_json:
        fail(reply, "the header `Content-Type: application/json`")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("A view returns at most three values: text, status code, headers.")
def test_the_secret_is_refused(client):
    """GET /secret responds with the text Staff only. and the status code 403."""
    expect(client.get("/secret"), 403, text="Staff only.")


@pytest.mark.task(3)
@pytest.mark.needs("test_the_secret_is_refused")
@pytest.mark.hint("The third value is a dict of headers.")
def test_the_refusal_has_a_reason(client):
    """The response to GET /secret has the header X-Reason: recipe."""
    expect(client.get("/secret"), 403, headers={"X-Reason": "recipe"})
