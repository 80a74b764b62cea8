"""Tests of the exercise: a garden shop whose links are built."""

import pytest

from course.grading import expect, fail

BELOW = "http://localhost/garden"


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint('url_for takes the name of the view and its parameters: url_for("plant", ...).')
def test_the_paths_move_with_the_shop(client):
    """If the shop is at /garden, so are the paths of the plants."""
    reply = client.get("/", base_url=BELOW)
    expect(reply, 200, json=["/garden/plants/7", "/garden/plants/8"])


@pytest.mark.task(1)
@pytest.mark.needs("test_the_paths_move_with_the_shop")
@pytest.mark.hint("url_for knows where the app is. Add nothing in front of what it returns.")
def test_the_paths_are_right_without_a_folder(client):
    """If the shop is at /, the paths begin with /plants."""
    expect(client.get("/"), 200, json=["/plants/7", "/plants/8"])


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("A value that the rule does not have goes into the query string.")
def test_the_link_finds_the_tulips(client):
    """The path that /tulips shows leads to a search for red tulips."""
    link = expect(client.get("/tulips"), 200).text.strip()
    if not link.startswith("/search?"):
        fail(client.get("/tulips"), "a path that begins with /search?")
    expect(client.get(link), 200, text="red tulips")


@pytest.mark.task(2)
@pytest.mark.needs("test_the_link_finds_the_tulips")
@pytest.mark.hint("Build the whole path with url_for.")
def test_the_link_moves_with_the_shop(client):
    """If the shop is at /garden, so is the search."""
    reply = client.get("/tulips", base_url=BELOW)
    if not reply.text.startswith("/garden/search?"):
        fail(reply, "a path that begins with /garden/search?")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("redirect takes a URL and the status code: redirect(..., code=...).")
def test_an_order_redirects_to_the_thanks(client):
    """POST /order redirects with 303 to the thanks."""
    reply = expect(client.post("/order", base_url=BELOW), 303)
    if reply.location != "/garden/thanks":
        fail(reply, "the Location /garden/thanks")
