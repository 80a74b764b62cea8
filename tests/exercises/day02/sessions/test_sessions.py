"""Tests of the exercise: a counter of visits."""

import random
import secrets
from datetime import UTC, datetime, timedelta

import pytest

from course.grading import expect, fail

TEAS = ["assam", "ceylon", "darjeeling", "keemun", "matcha", "oolong", "sencha", "yunnan"]


@pytest.fixture
def launch(start):
    """Give a function that starts the app with FLASK_SECRET_KEY in the environment, or without."""

    def run(key=None):
        # The day's package is imported before the exercise, so it can set the variable.
        lines = ["import os", "os.environ.pop('FLASK_SECRET_KEY', None)"]
        lines += [f"os.environ['FLASK_SECRET_KEY'] = {key!r}"] if key else []
        return start(files={"day02/__init__.py": "\n".join(lines) + "\n"})

    return run


def visit(client, times):
    """Visit so many times and return the session's cookie; fail in plain words if there is none."""
    for number in range(1, times + 1):
        reply = expect(client.get("/"), 200, json={"visits": number})
    cookie = client.get_cookie("session")
    if cookie is None:
        fail(reply, "a cookie named session; there was none")
    return cookie, reply


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint(
    "Put the new number into the session: session['visits'] = ...", when="'visits': 2"
)
@pytest.mark.hint(
    "session.get('visits', 0) is the number so far; app.secret_key makes it writable."
)
def test_visits_are_counted(client):
    """The first visit is number 1, the next one number 2, and so on."""
    visit(client, random.randrange(3, 7))


@pytest.mark.task(1)
@pytest.mark.hint("A variable of the program is the same for all visitors; the session is not.")
def test_each_browser_has_its_own_count(client, new_client):
    """A second browser begins with 1, and the first one goes on where it was."""
    other, times = new_client(), random.randrange(2, 5)
    visit(client, times)
    visit(other, times + 1)
    expect(client.get("/"), 200, json={"visits": times + 1})


@pytest.mark.task(2)
@pytest.mark.points(3)
@pytest.mark.hint(
    "A list that changes inside the session goes unnoticed: set session['seen'] anew."
)
def test_the_last_three_teas_are_remembered(client):
    """`seen` has the teas looked at, the latest first, three at most."""
    names = random.sample(TEAS, 5)
    for number, name in enumerate(names, 1):
        seen = names[:number][::-1][:3]
        expect(client.get(f"/teas/{name}"), 200, json={"tea": name, "seen": seen})


@pytest.mark.task(2)
@pytest.mark.hint("Take the name out of the list before you put it in front.")
def test_no_tea_is_remembered_twice(client):
    """A tea that is looked at again moves to the front."""
    one, two, three = random.sample(TEAS, 3)
    for name, seen in (
        (one, [one]),
        (one, [one]),
        (two, [two, one]),
        (three, [three, two, one]),
        (one, [one, three, two]),
    ):
        expect(client.get(f"/teas/{name}"), 200, json={"tea": name, "seen": seen})


@pytest.mark.task(2)
@pytest.mark.needs("test_the_last_three_teas_are_remembered")
@pytest.mark.hint("A list of the program is the same for all visitors; the session is not.")
def test_each_browser_sees_its_own_teas(client, new_client):
    """What one browser looked at is not shown to another one."""
    one, two = random.sample(TEAS, 2)
    expect(client.get(f"/teas/{one}"), 200)
    expect(new_client().get(f"/teas/{two}"), 200, json={"tea": two, "seen": [two]})


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("session.clear() empties it; redirect(url_for('index'), 303) leads back.")
def test_the_visitor_is_forgotten(client):
    """After POST /forget the browser is led to / and is new: one visit, no teas."""
    one, two = random.sample(TEAS, 2)
    visit(client, 2)
    expect(client.get(f"/teas/{one}"), 200)
    reply = expect(client.post("/forget"), 303)
    if reply.location != "/":
        fail(reply, "the Location /")
    expect(client.get("/"), 200, json={"visits": 1})
    expect(client.get(f"/teas/{two}"), 200, json={"tea": two, "seen": [two]})


@pytest.mark.task(3)
@pytest.mark.hint("session.pop needs a default, and `del` fails for what is not there.")
def test_a_visitor_may_be_forgotten_twice(client):
    """POST /forget works for a browser that was never here, and a second time."""
    for _ in range(2):
        expect(client.post("/forget"), 303)


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("app.config.from_prefixed_env() takes over what begins with FLASK_.")
def test_with_a_key_from_outside_visits_outlive_a_restart(launch):
    """With the same FLASK_SECRET_KEY, the count goes on after a restart."""
    key, times = f"key-{secrets.token_hex(8)}", random.randrange(2, 5)
    cookie, _ = visit(launch(key), times)
    client = launch(key)
    client.set_cookie("session", cookie.value)
    reply = client.get("/")
    if expect(reply, 200).get_json(silent=True) != {"visits": times + 1}:
        fail(reply, f"after a restart with the same FLASK_SECRET_KEY, {{'visits': {times + 1}}}")


@pytest.mark.task(4)
@pytest.mark.hint("The variable wins over the key that you made; so it has to be read after it.")
def test_another_key_from_outside_is_another_key(launch):
    """With another FLASK_SECRET_KEY, cookies from before count no more."""
    cookie, _ = visit(launch(f"key-{secrets.token_hex(8)}"), 2)
    client = launch(f"key-{secrets.token_hex(8)}")
    client.set_cookie("session", cookie.value)
    reply = client.get("/")
    if expect(reply, 200).get_json(silent=True) != {"visits": 1}:
        fail(reply, "after a restart with another FLASK_SECRET_KEY, {'visits': 1}")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("secrets.token_hex() makes another key each time; a key in the code is known.")
def test_without_a_key_from_outside_each_start_has_another(launch):
    """Without FLASK_SECRET_KEY, cookies from before the restart count no more."""
    cookie, _ = visit(launch(), 2)
    client = launch()
    client.set_cookie("session", cookie.value)
    reply = client.get("/")
    if expect(reply, 200).get_json(silent=True) != {"visits": 1}:
        fail(reply, "after a restart without FLASK_SECRET_KEY, {'visits': 1}: a new key")


@pytest.mark.task(5)
@pytest.mark.points(2)
@pytest.mark.hint("PERMANENT_SESSION_LIFETIME counts only if session.permanent is set to True.")
def test_the_cookie_lasts_30_days(client):
    """The cookie has an end, 30 days from now."""
    cookie, reply = visit(client, 1)
    wanted = datetime.now(UTC) + timedelta(days=30)
    if cookie.expires is None or abs(cookie.expires - wanted) > timedelta(hours=1):
        until = f"until {cookie.expires:%d %b %Y %H:%M}" if cookie.expires else "without an end"
        fail(reply, f"a cookie until {wanted:%d %b %Y %H:%M}; it was one {until}")


@pytest.mark.task(5)
@pytest.mark.hint("The setting is named SESSION_COOKIE_SAMESITE.")
def test_the_cookie_is_not_sent_from_other_sites(client):
    """The cookie has SameSite=Lax, and is still hidden from scripts."""
    cookie, reply = visit(client, 1)
    if cookie.same_site != "Lax" or not cookie.http_only:
        header = reply.headers.get("Set-Cookie", "")
        fail(reply, f"HttpOnly and SameSite=Lax in Set-Cookie; it was {header.partition(';')[2]}")
