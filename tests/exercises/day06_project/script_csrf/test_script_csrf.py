"""Tests of the exercise: a list of wishes that another site cannot write to."""

import random
from http.cookies import SimpleCookie

import pytest

from course.grading import expect, fail, json_of


@pytest.fixture
def wish():
    """Give a wish that no solution can know in advance."""
    return {"text": f"teapot {random.randrange(10**6)}"}


def get_token(client):
    """Return the reply to GET /, and its cookie csrf_token."""
    reply = expect(client.get("/"), 200)
    for header in reply.headers.getlist("Set-Cookie"):
        cookie = SimpleCookie(header).get("csrf_token")
        if cookie is not None:
            return reply, cookie
    fail(reply, "a header Set-Cookie with the cookie csrf_token", is_error=False)


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("CSRFProtect of flask_wtf.csrf gets the app, and checks each request.")
def test_a_wish_without_a_token_is_refused(client, wish):
    """A POST to /wishes without a token is 400."""
    expect(client.post("/wishes", json=wish), 400)


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("response.set_cookie takes a name, a value, and samesite.")
def test_the_page_sets_the_cookie(client):
    """GET / sets the cookie csrf_token: SameSite=Lax, and a script can read it."""
    reply, cookie = get_token(client)
    if cookie["httponly"]:
        fail(reply, "a cookie without HttpOnly, so that the script can read it", is_error=False)
    if cookie["samesite"].lower() != "lax":
        found = cookie["samesite"] or "no such word"
        fail(reply, f"SameSite=Lax in the header Set-Cookie; it has {found}", is_error=False)


@pytest.mark.task(2)
@pytest.mark.needs("test_the_page_sets_the_cookie")
@pytest.mark.points(2)
@pytest.mark.hint("generate_csrf() makes the token that Flask-WTF accepts.")
def test_a_wish_with_the_token_is_accepted(client, wish):
    """A POST with the cookie's value in the header X-CSRFToken is 201."""
    _, cookie = get_token(client)
    reply = client.post("/wishes", json=wish, headers={"X-CSRFToken": cookie.value})
    expect(reply, 201, json=wish)


@pytest.mark.task(2)
@pytest.mark.needs("test_a_wish_with_the_token_is_accepted")
@pytest.mark.hint("Let Flask-WTF compare the token with the session, not your own code.")
def test_the_token_of_another_visitor_is_refused(client, new_client, wish):
    """A POST with the token of another visitor is 400."""
    get_token(client)
    _, cookie = get_token(new_client())
    expect(client.post("/wishes", json=wish, headers={"X-CSRFToken": cookie.value}), 400)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("The exception is CSRFError; its description says the reason.")
def test_the_refusal_is_json(client, wish):
    """The refusal has the code csrf, and the reason as the error."""
    reply = expect(client.post("/wishes", json=wish), 400)
    found = json_of(reply)
    if not isinstance(found, dict) or found.get("code") != "csrf":
        fail(reply, 'JSON with "code": "csrf"', is_error=False)
    if found.get("error") != "The CSRF token is missing.":
        fail(reply, 'JSON with "error": "The CSRF token is missing."', is_error=False)
