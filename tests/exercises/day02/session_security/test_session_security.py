"""Tests of the exercise: a login whose session is safe."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookies import SimpleCookie

import pytest

from course.grading import expect, fail

HTTPS = "https://localhost"


@pytest.fixture
def name():
    """Give a name that no solution can know in advance."""
    return f"ann{random.randrange(10**6)}"


def log_in(client, name):
    """Return the response to a login, and its cookie."""
    reply = expect(client.post("/login", data={"name": name}, base_url=HTTPS), 200)
    cookie = SimpleCookie(reply.headers.get("Set-Cookie", "")).get("session")
    if cookie is None:
        fail(reply, "a header Set-Cookie with the cookie session")
    return reply, cookie


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("Each is a setting of app.config whose name begins with SESSION_COOKIE_.")
@pytest.mark.parametrize("flag", ["Secure", "SameSite=Lax"])
def test_the_cookie_is_protected(client, name, flag):
    """The session cookie is Secure and SameSite=Lax."""
    reply, cookie = log_in(client, name)
    key, _, value = flag.lower().partition("=")
    found = str(cookie[key]).lower()
    if not found or (value and found != value):
        fail(reply, f"{flag} in the header Set-Cookie; it has {cookie[key] or 'no such word'}")


@pytest.mark.task(1)
@pytest.mark.needs("test_the_cookie_is_protected")
@pytest.mark.hint("HttpOnly is on already: leave it on.")
def test_scripts_cannot_read_the_cookie(client, name):
    """The session cookie is HttpOnly."""
    reply, cookie = log_in(client, name)
    if not cookie["httponly"]:
        fail(reply, "HttpOnly in the header Set-Cookie")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("session.clear() empties the session. When must it be called?")
def test_the_session_begins_anew(client, name):
    """After the login the session has the name and nothing from before it."""
    client.post("/basket", data={"thing": "planted"}, base_url=HTTPS)
    log_in(client, name)
    reply = expect(client.get("/", base_url=HTTPS), 200)
    found = {key: value for key, value in (reply.json or {}).items() if key != "_permanent"}
    if found != {"name": name}:
        fail(reply, f'a session with "name": "{name}" alone')


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("PERMANENT_SESSION_LIFETIME counts for a session with session.permanent = True.")
def test_the_session_ends_after_an_hour(client, name):
    """The cookie of the login expires in one hour."""
    reply, cookie = log_in(client, name)
    if not cookie["expires"]:
        fail(reply, "Expires in the header Set-Cookie; it is missing")
    rest = parsedate_to_datetime(cookie["expires"]) - datetime.now(UTC)
    if not timedelta(minutes=30) < rest < timedelta(minutes=90):
        fail(reply, f"Expires in one hour; it is in {round(rest / timedelta(hours=1))} hours")
