"""Tests of the exercise: the search and the counter of a bakery."""

import random

import pytest

from course.grading import expect, fail, json_of


@pytest.fixture
def word():
    """Give a word that no solution can know in advance."""
    return "".join(random.choices("abcdefgh", k=6))


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("The query string is in request.args, a dictionary.")
def test_the_word_is_found(client, word):
    """GET /search?word=... responds with the word."""
    reply = expect(client.get("/search", query_string={"word": word}), 200)
    found = json_of(reply)
    if not isinstance(found, dict) or found.get("word") != word:
        fail(reply, f'a JSON object with "word": "{word}"')


@pytest.mark.task(1)
@pytest.mark.needs("test_the_word_is_found")
@pytest.mark.hint("Square brackets refuse a missing name for you.")
def test_a_search_without_a_word_is_refused(client):
    """Without a word the response is 400."""
    expect(client.get("/search"), 400)


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("request.args.get takes the name, a default and type=int.")
def test_the_page_is_a_number(client, word):
    """The page of the query string is in the response, as a number."""
    page = random.randrange(2, 1000)
    reply = client.get("/search", query_string={"word": word, "page": page})
    expect(reply, 200, json={"page": page, "word": word})


@pytest.mark.task(2)
@pytest.mark.needs("test_the_page_is_a_number")
@pytest.mark.hint("The second argument of get is used if the name is missing or not a number.")
@pytest.mark.parametrize("query", ["word=rye", "word=rye&page=two"])
def test_the_page_is_1_otherwise(client, query):
    """Without a page, or if it is not a number, the page is 1."""
    expect(client.get(f"/search?{query}"), 200, json={"page": 1, "word": "rye"})


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("The fields of a form are in request.form.")
@pytest.mark.parametrize("bread", ["rye", "wheat"])
def test_bread_is_ordered(client, bread):
    """POST /order with a bread that is sold responds with it."""
    expect(client.post("/order", data={"bread": bread}), 200, json={"bread": bread})


@pytest.mark.task(3)
@pytest.mark.needs("test_bread_is_ordered")
@pytest.mark.hint("Check the value before you use it; abort(400) ends the view.")
@pytest.mark.parametrize("data", [{"bread": "stone"}, {"bread": ""}, {}], ids=str)
def test_other_orders_are_refused(client, data):
    """Bread that is not sold, or an order without bread, gets 400."""
    expect(client.post("/order", data=data), 400)
