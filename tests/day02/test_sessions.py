"""The session: what it remembers, how long, and with which key.

Begin with test_the_session_remembers_who_logged_in. Attacks on the cookie are tested in
test_session_security.py.
"""

import random
import time
from datetime import timedelta

import pytest
from flask import Flask, session
from itsdangerous import TimestampSigner
from werkzeug.http import parse_date

from day02.sessions import app as lesson
from day02.sessions import first
from day02.sessions.app import app
from tests.day02.helpers import secret_key_of_a_new_start, set_cookies, start_again


@pytest.fixture
def client():
    return app.test_client()


def login(client, **form):
    """Log in, and return the response."""
    response = client.post("/login", data={"name": "Ann"} | form)
    assert (response.status_code, response.location) == (303, "/")
    return response


def who(client):
    return client.get("/who").json["name"]


def content_of(client):
    """Return the content of the client's session."""
    with client.session_transaction() as content:
        return dict(content)


def test_the_session_remembers_who_logged_in(client):
    assert who(client) is None
    assert "Hello stranger" in client.get("/").text
    login(client)
    assert who(client) == "Ann"
    assert "Hello Ann" in client.get("/").text
    other = app.test_client()
    assert who(other) is None


def test_the_small_program_remembers_a_name():
    client = first.app.test_client()
    assert client.get("/name").json == {"name": None}
    response = client.post("/name", data={"name": "Ann"})
    assert (response.status_code, response.location) == (303, "/name")
    assert client.get("/name").json == {"name": "Ann"}
    assert client.post("/name").status_code == 400
    assert first.app.test_client().get("/name").json == {"name": None}
    assert len(first.app.secret_key) == 64


@pytest.mark.parametrize("name", [None, "", "   ", "x" * 21])
def test_a_login_needs_a_short_name(client, name):
    response = client.post("/login", data={} if name is None else {"name": name})
    assert response.status_code == 400
    assert "1 to 20 characters" in response.text
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("name", ["A", "x" * 20])
def test_a_name_may_have_1_to_20_characters(client, name):
    login(client, name=name)
    assert who(client) == name


def test_logging_out_twice_is_no_error(client):
    login(client)
    response = client.post("/logout")
    assert (response.status_code, response.location) == (303, "/")
    assert "Max-Age=0" in response.headers["Set-Cookie"]
    assert who(client) is None
    assert client.get_cookie("session") is None
    assert client.post("/logout").status_code == 303


def test_a_login_starts_from_an_empty_session(client):
    login(client)
    client.post("/cart", data={"item": "tea"})
    login(client, name="Bob")
    assert content_of(client) == {"name": "Bob", "cart": []}


def test_a_change_inside_a_value_is_lost_unless_the_session_is_told(client):
    login(client)
    lost = client.post("/cart-unsafe", data={"item": "cup"})
    assert lost.json == {"cart": ["cup"]}
    assert "Set-Cookie" not in lost.headers
    kept = client.post("/cart", data={"item": "tea"})
    assert kept.json == {"cart": ["tea"]}
    assert "Set-Cookie" in kept.headers
    assert client.post("/cart", data={"item": "pot"}).json == {"cart": ["tea", "pot"]}
    assert content_of(client)["cart"] == ["tea", "pot"]
    assert "<p>Your cart: tea, pot</p>" in client.get("/").text


# The cart


def test_a_permanent_session_hides_the_mistake(client):
    login(client, remember="yes")
    client.post("/cart-unsafe", data={"item": "cup"})
    assert client.post("/cart-unsafe", data={"item": "tea"}).json == {"cart": ["cup", "tea"]}


@pytest.mark.parametrize("path", ["/cart", "/cart-unsafe"])
def test_the_cart_refuses_visitors_without_login_bad_items_and_too_many(client, path):
    assert client.post(path, data={"item": "tea"}).status_code == 403
    login(client)
    for form in [{}, {"item": ""}, {"item": "x" * 21}]:
        assert client.post(path, data=form).status_code == 400
    for _ in range(10):
        assert client.post("/cart", data={"item": "tea"}).status_code == 200
    response = client.post(path, data={"item": "tea"})
    assert response.status_code == 400
    assert "The cart is full." in response.text


def test_a_full_cart_of_rare_characters_still_fits_into_the_cookie(client):
    dice = random.Random(1)

    def rare():
        return "".join(chr(dice.randint(0x20000, 0x2A6DF)) for _ in range(20))

    login(client, name=rare(), remember="yes")
    # Werkzeug's warning about the size would be an error here.
    for _ in range(10):
        response = client.post("/cart", data={"item": rare()})
    assert len(response.json["cart"]) == 10
    assert len(response.headers["Set-Cookie"]) < 4093


# The cookie


def test_the_cookie_is_hidden_from_scripts_and_other_sites_and_has_no_end(client):
    response = login(client)
    header = response.headers["Set-Cookie"]
    assert header.startswith("session=eyJ")
    assert header.endswith("; HttpOnly; Path=/; SameSite=Lax")
    assert "Expires" not in header
    assert response.headers["Vary"] == "Cookie"


def test_a_permanent_session_gets_a_new_end_with_each_response(client):
    before = time.time()
    response = login(client, remember="yes")
    # Sent again with each response, though nothing has changed.
    for each in [response, client.get("/who")]:
        expires = parse_date(set_cookies(each)["session"][1]["Expires"])
        started = (expires - timedelta(days=7)).timestamp()
        assert before - 1 <= started <= time.time()


@pytest.mark.parametrize("remember", [{}, {"remember": "yes"}])
@pytest.mark.parametrize(("seconds", "name"), [(0, "Ann"), (1, None)])
def test_the_server_accepts_no_session_after_seven_days(
    client, monkeypatch, remember, seconds, name
):
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: 1_000_000)
    login(client, **remember)
    later = 1_000_000 + 7 * 86400 + seconds
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: later)
    assert who(client) == name


# The key


def test_the_key_is_random_at_each_start_unless_the_environment_has_one(monkeypatch):
    def start(**environ):
        return secret_key_of_a_new_start(lesson, monkeypatch, **environ)

    keys = {start(), start(), start(FLASK_SECRET_KEY="")}
    assert [len(key) for key in keys] == [64, 64, 64]
    assert start(FLASK_SECRET_KEY="from the environment") == "from the environment"


def test_the_environment_makes_the_cookie_secure(monkeypatch):
    secure = start_again(lesson, monkeypatch, FLASK_SESSION_COOKIE_SECURE="true")
    assert "; Secure;" in login(secure.test_client()).headers["Set-Cookie"]


# Attacks


def test_the_page_escapes_name_and_cart(client):
    login(client, name="<b>Ann")
    client.post("/cart", data={"item": "<b>tea"})
    page = client.get("/").text
    assert "Hello &lt;b&gt;Ann" in page
    assert "Your cart: &lt;b&gt;tea" in page
    assert "<b>" not in page


def test_what_was_planted_before_the_login_survives_only_without_clear(client):
    shop = Flask("shop")
    shop.secret_key = "a key that only the tests know"

    @shop.post("/login")
    def login_without_clear():
        session["name"] = "Ann"
        return {}

    naive = shop.test_client()
    for each in [naive, client]:
        with each.session_transaction() as content:
            content["send_to"] = "the attacker's address"
    naive.post("/login")
    assert content_of(naive) == {"name": "Ann", "send_to": "the attacker's address"}
    login(client)
    assert content_of(client) == {"name": "Ann", "cart": []}


def test_the_page_links_to_every_view_under_any_mount(client):
    mount = "http://localhost/run/sessions"
    page = client.get("/", base_url=mount).text
    assert '<form method="post" action="/run/sessions/login">' in page
    login(client)
    page = client.get("/", base_url=mount).text
    for path in ["/cart", "/logout"]:
        assert f'<form method="post" action="/run/sessions{path}">' in page
    assert '<button formaction="/run/sessions/cart-unsafe">' in page
