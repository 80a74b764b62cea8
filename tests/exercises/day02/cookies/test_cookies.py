"""Tests of the exercise: a bakery that remembers the language."""

import random
from http.cookies import SimpleCookie

import pytest

from course.grading import expect, fail


def cookie_of(reply):
    """Return the cookie that a response sets; fail if it sets none."""
    header = reply.headers.get("Set-Cookie", "")
    cookie = SimpleCookie(header).get("language")
    if cookie is None:
        fail(reply, "a header Set-Cookie with the cookie language")
    return cookie


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("The cookies of a request are in request.cookies.")
def test_the_cookie_is_read(client):
    """/ responds with the language of the cookie."""
    language = random.choice(["de", "fr", "it"])
    client.set_cookie("language", language)
    expect(client.get("/"), 200, json={"language": language})


@pytest.mark.task(1)
@pytest.mark.needs("test_the_cookie_is_read")
@pytest.mark.hint("A cookie can be missing: read it with get and a default.")
def test_without_a_cookie_it_is_english(client):
    """Without a cookie the language is en."""
    expect(client.get("/"), 200, json={"language": "en"})


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("Make the response with redirect(...), then call its set_cookie.")
@pytest.mark.parametrize("language", ["de", "fr"])
def test_the_cookie_is_set(client, language):
    """POST /language/... redirects to / with 303 and sets the cookie."""
    reply = expect(client.post(f"/language/{language}"), 303, headers={"Location": "/"})
    found = cookie_of(reply).value
    if found != language:
        fail(reply, f"the cookie language={language}; it was language={found}")


@pytest.mark.task(2)
@pytest.mark.needs("test_the_cookie_is_set")
@pytest.mark.hint("One converter takes one of several words.")
def test_other_languages_are_not_found(client):
    """A language that the bakery does not have gets 404."""
    expect(client.post("/language/xx"), 404)


@pytest.mark.task(3)
@pytest.mark.hint("set_cookie has an argument max_age, in seconds or as a timedelta.")
def test_the_cookie_lasts_30_days(client):
    """The cookie has a Max-Age of 30 days."""
    reply = client.post("/language/de")
    found = cookie_of(reply)["max-age"] or "missing"
    if found != str(30 * 24 * 60 * 60):
        fail(reply, f"Max-Age=2592000, 30 days in seconds, in Set-Cookie; it was {found}")


@pytest.mark.task(3)
@pytest.mark.hint("set_cookie has an argument that hides the cookie from scripts.")
def test_scripts_cannot_read_the_cookie(client):
    """The cookie is HttpOnly."""
    reply = client.post("/language/de")
    if not cookie_of(reply)["httponly"]:
        fail(reply, "HttpOnly in the header Set-Cookie")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("delete_cookie is a method of the response.")
def test_the_cookie_is_deleted(client):
    """POST /forget redirects to / with 303 and deletes the cookie."""
    reply = expect(client.post("/forget"), 303, headers={"Location": "/"})
    if cookie_of(reply)["max-age"] != "0":
        fail(reply, "Max-Age=0 in the header Set-Cookie: it deletes the cookie")
