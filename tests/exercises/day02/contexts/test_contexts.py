"""Tests of the exercise: a till whose functions need no app and no list as an argument."""

import random

import pytest

from course.grading import expect


def invented(word):
    """Return a word that no solution can know in advance."""
    return f"{word}{random.randrange(10**6)}"


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("Outside a view, the running app has the name current_app. Read its config.")
def test_a_price_has_a_currency(client):
    """/price/490 responds with 4.90 EUR."""
    expect(client.get("/price/490"), 200, text="4.90 EUR")


@pytest.mark.task(1)
@pytest.mark.needs("test_a_price_has_a_currency")
@pytest.mark.hint("Read the setting during the request: current_app.config['CURRENCY'].")
def test_each_app_has_its_own_currency(start):
    """An app with another CURRENCY shows that one."""
    currency = invented("C")
    client = start({"CURRENCY": currency})
    expect(client.get("/price/1250"), 200, text=f"12.50 {currency}")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("g is an empty object for values of your own. Put a list there.")
def test_the_lines_are_on_the_receipt(client):
    """The receipt has the items of the request, in their order."""
    items = [invented("tea"), invented("cake")]
    reply = client.get("/receipt", query_string={"item": items})
    expect(reply, 200, json={"lines": items})


@pytest.mark.task(2)
@pytest.mark.needs("test_the_lines_are_on_the_receipt")
@pytest.mark.hint("What a module, the app or the session holds stays. Only g is new each time.")
def test_the_next_request_begins_anew(client):
    """The receipt of the next request has only the items of that request."""
    client.get("/receipt", query_string={"item": invented("tea")})
    item = invented("cake")
    reply = client.get("/receipt", query_string={"item": item})
    expect(reply, 200, json={"lines": [item]})


@pytest.mark.task(2)
@pytest.mark.needs("test_the_lines_are_on_the_receipt")
@pytest.mark.hint('g.get("lines", []) has a default, as the get of a dict.')
def test_a_receipt_without_items_is_empty(client):
    """Without an item the list is empty."""
    expect(client.get("/receipt"), 200, json={"lines": []})
