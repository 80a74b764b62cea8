"""Tests of the exercise: the first two pages of a shop."""

import pytest

from course.grading import expect


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint('A view is a function below a line such as @app.get("/tea").')
def test_tea_is_ready(client):
    """GET /tea responds with the text of task 1."""
    expect(client.get("/tea"), 200, text="Tea is ready.")


@pytest.mark.task(2)
@pytest.mark.hint("It is a second function with another name, and a route of its own.")
def test_the_german_page_has_its_text(client):
    """GET /tee responds with the German text of task 2."""
    expect(client.get("/tee"), 200, text="Der Tee ist fertig.")


@pytest.mark.task(2)
@pytest.mark.needs("test_the_german_page_has_its_text")
@pytest.mark.hint("Make the response with app.make_response(...), then set response.headers[...].")
def test_the_german_page_says_its_language(client):
    """The response to GET /tee has the header Content-Language: de."""
    expect(client.get("/tee"), 200, headers={"Content-Language": "de"})
