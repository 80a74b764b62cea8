"""Tests of the exercise: a logout that holds."""

import base64
import json
import re
import secrets
import zlib

import pytest

from course.grading import expect, fail


@pytest.fixture
def people():
    """Give names with PINs that no solution can know in advance."""
    return {f"{name}-{secrets.token_hex(3)}": secrets.token_hex(3) for name in ("ann", "ben")}


@pytest.fixture
def ann(people):
    return next(iter(people))


@pytest.fixture
def begin(start, people):
    """Give a function that starts the app; with keep=True, anew in the same folder."""
    return lambda *, keep=False: start({"PINS": people}, keep=keep, told=None)


@pytest.fixture
def client(begin):
    """Give a browser for the app."""
    return begin()


@pytest.fixture
def log_in(people):
    """Give a function that logs a person in."""

    def run(client, name):
        expect(client.post("/login", json={"name": name, "pin": people[name]}), 204)

    return run


def put(client, tea):
    return expect(client.post("/basket", json={"tea": tea}), 204)


def tea():
    return f"tea-{secrets.token_hex(3)}"


def id_of(client):
    """Return the value of the session's cookie; fail in plain words if there is none."""
    cookie = client.get_cookie("session")
    if cookie is None:
        reply = client.get("/")
        fail(reply, "a cookie named session; this browser has none")
    return cookie.value


def copy(value, client):
    """Give this browser a copy of another one's cookie."""
    client.set_cookie("session", value)
    return client


def expect_state(client, name, basket, why):
    reply = client.get("/")
    wanted = {"name": name, "basket": basket}
    if reply.status_code != 200 or reply.get_json(silent=True) != wanted:
        fail(reply, f"{json.dumps(wanted)}, because {why}")


def expect_name(client, name, why):
    reply = client.get("/")
    body = reply.get_json(silent=True)
    if reply.status_code != 200 or not isinstance(body, dict) or body.get("name", "") != name:
        fail(reply, f"the name {json.dumps(name)}, because {why}")


def readable(value):
    """Return all that anyone who has a cookie can read in it."""
    found = value.encode()
    for part in re.split(r"[.:|]", value):
        try:
            data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
            found += data
            found += zlib.decompress(data)
        except (ValueError, zlib.error):
            continue
    return found


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("SESSION_TYPE, SESSION_CACHELIB, then Session(app): see the lesson's app.py.")
def test_the_basket_lies_on_the_server(client, new_client):
    """Two browsers with the same cookie see the same basket, with what each has put there."""
    one, two = tea(), tea()
    put(client, one)
    other = copy(id_of(client), new_client())
    expect_state(other, None, [one], "its cookie is a copy of the one that has put it there")
    put(client, two)
    expect_state(other, None, [one, two], "another browser with the same cookie has put it there")


@pytest.mark.task(1)
@pytest.mark.hint("What Flask keeps by itself in the cookie is signed, and everybody can read it.")
def test_the_cookie_is_an_id(client, log_in, ann):
    """The cookie holds neither the name nor the basket, and is hidden from scripts."""
    one = tea()
    put(client, one)
    log_in(client, ann)
    value = id_of(client)
    for secret in (one, ann):
        if secret.encode() in readable(value):
            reply = client.get("/")
            fail(reply, f"a cookie without {secret}; it can be read in {value}")
    if not client.get_cookie("session").http_only:
        fail(client.get("/"), "a cookie that is HttpOnly")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint(
    "FileSystemCache(str(folder / 'sessions')); SimpleCache is memory, which is gone."
)
def test_sessions_outlive_a_restart(begin, log_in, ann):
    """After a restart the same cookie brings the same name and basket."""
    client, one = begin(), tea()
    log_in(client, ann)
    put(client, one)
    client = copy(id_of(client), begin(keep=True))
    expect_state(client, ann, [one], "the cookie is the one from before the restart")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("regenerate(session) works only as long as something is in the session.")
def test_a_login_changes_the_id(client, new_client, log_in, ann):
    """The cookie from before the login, which another person may have planted, has no name."""
    put(client, tea())
    before = id_of(client)
    log_in(client, ann)
    expect_name(client, ann, "this browser has logged in")
    other = copy(before, new_client())
    expect_state(other, None, [], "its cookie is a copy from before the login")
    if id_of(client) == before:
        fail(client.get("/"), "another cookie than before the login")


@pytest.mark.task(3)
@pytest.mark.needs("test_a_login_changes_the_id")
@pytest.mark.hint("A new id need not be an empty session.")
def test_a_login_keeps_the_basket(client, log_in, ann):
    """What was in the basket before the login is in it afterwards."""
    one, two = tea(), tea()
    put(client, one)
    log_in(client, ann)
    put(client, two)
    expect_state(client, ann, [one, two], "these were put there, before and after the login")


@pytest.mark.task(4)
@pytest.mark.points(3)
@pytest.mark.hint("session.clear(): an empty session is deleted from the store, too.")
def test_the_logout_holds(client, new_client, log_in, ann):
    """After the logout the browser and a copy of its cookie have no name and no basket."""
    log_in(client, ann)
    put(client, tea())
    value = id_of(client)
    expect_name(copy(value, new_client()), ann, "its cookie is a copy of the one of a login")
    expect(client.post("/logout"), 204)
    expect_state(client, None, [], "this browser has logged out")
    other = copy(value, new_client())
    expect_state(other, None, [], "its cookie is a copy from before the logout")


@pytest.mark.task(4)
@pytest.mark.needs("test_the_logout_holds")
@pytest.mark.hint("clear() never fails; pop and del fail for what is not there.")
def test_who_is_nobody_may_log_out(client):
    """POST /logout is 204 for a browser without a session, and a second time."""
    for _ in range(2):
        expect(client.post("/logout"), 204)


@pytest.mark.task(5)
@pytest.mark.points(2)
@pytest.mark.hint(
    "Keep a number in the session at login; if it is not the latest, the session has no name."
)
def test_all_browsers_are_logged_out(client, new_client, log_in, ann):
    """After a logout everywhere no browser of this person is logged in; a new login works."""
    browsers = [client, new_client(), new_client()]
    for browser in browsers:
        log_in(browser, ann)
    for again in (False, True):
        expect(browsers[1].post("/logout/everywhere"), 204)
        for browser in browsers:
            why = f"{ann} has logged out everywhere{' a second time' if again else ''}"
            expect_name(browser, None, why)
        log_in(browsers[1], ann)
        expect_name(browsers[1], ann, "this browser has logged in again")
        expect_name(browsers[0], None, "only another browser has logged in again")


@pytest.mark.task(5)
@pytest.mark.hint("One number for each person, by the name; nothing else is touched.")
def test_others_stay_logged_in(client, new_client, log_in, people):
    """A logout everywhere ends the sessions of this person, and no others."""
    ann, ben = people
    other = new_client()
    log_in(client, ann)
    log_in(other, ben)
    expect(client.post("/logout/everywhere"), 204)
    expect_name(client, None, f"{ann} has logged out everywhere")
    expect_name(other, ben, f"only {ann} has logged out everywhere")
    expect(new_client().post("/logout/everywhere"), 401)
    expect_name(other, ben, "a visitor who is not logged in cannot log others out")


@pytest.mark.task(5)
@pytest.mark.needs("test_all_browsers_are_logged_out")
@pytest.mark.hint("A dictionary of the program begins anew after a restart: keep it in files.")
def test_a_logout_everywhere_outlives_a_restart(begin, log_in, ann):
    """After a logout everywhere and a restart, the old cookies still have no name."""
    client = begin()
    log_in(client, ann)
    value = id_of(client)
    other = type(client)(client.application)
    log_in(other, ann)
    expect(other.post("/logout/everywhere"), 204)
    client = copy(value, begin(keep=True))
    expect_name(client, None, f"{ann} has logged out everywhere before the restart")
