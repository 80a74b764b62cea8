"""Cookies: set on a response, read from the next request, deleted, and signed.

Begin with test_a_cookie_is_set_on_the_response_and_read_from_the_next_request: the test client
keeps cookies as a browser does.
"""

import time
from datetime import timedelta
from functools import partial

import pytest
from flask import request
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from day02.cookies import app as lesson
from day02.cookies import first
from day02.cookies.app import HOUR, app, serializer
from tests.day02.helpers import (
    browser_jar,
    cookie_header,
    secret_key_of_a_new_start,
    set_cookies,
)


@pytest.fixture
def client():
    return app.test_client()


def test_a_cookie_is_set_on_the_response_and_read_from_the_next_request(client):
    assert 'data-theme="light"' in client.get("/").text
    response = client.post("/theme", data={"theme": "dark"})
    assert (response.status_code, response.location) == (303, "/")
    value, attributes = set_cookies(response)["theme"]
    assert value == "dark"
    assert attributes.pop("Expires")  # says the same as Max-Age, for very old browsers
    assert attributes == {"Max-Age": "31536000", "Path": "/", "SameSite": "Lax"}
    page = client.get("/").text
    assert 'data-theme="dark"' in page
    assert "<option selected>dark</option>" in page
    assert "<dt>theme</dt>" in page


def test_the_small_program_sets_the_cookie_and_reads_it_at_the_next_request():
    client = first.app.test_client()
    assert client.get("/").json == {"theme": "light"}
    response = client.post("/dark")
    assert (response.status_code, response.location) == (303, "/")
    assert set_cookies(response) == {"theme": ("dark", {"Path": "/"})}
    assert client.get("/").json == {"theme": "dark"}


@pytest.mark.parametrize("form", [{}, {"theme": ""}, {"theme": "<b>"}, {"theme": "dark; Path=/x"}])
def test_a_theme_that_does_not_exist_sets_no_cookie(client, form):
    response = client.post("/theme", data=form)
    assert response.status_code == 400
    assert "Choose light or dark." in response.text
    assert set_cookies(response) == {}


def test_max_age_takes_seconds_or_a_timedelta_and_without_it_there_is_no_end(client):
    cookies = set_cookies(client.get("/lifetimes"))
    assert cookies["visit"] == ("short", {"Path": "/"})
    assert cookies["hour"][1]["Max-Age"] == "3600"
    assert cookies["day"][1]["Max-Age"] == "86400"


def test_no_protection_is_the_default_and_all_three_can_be_set(client):
    cookies = set_cookies(client.get("/protections"))
    assert cookies["bare"] == ("open", {"Path": "/"})
    attributes = {"Secure": "", "HttpOnly": "", "Path": "/", "SameSite": "Strict"}
    assert cookies["guarded"] == ("shut", attributes)


def test_deleting_with_another_path_keeps_the_cookie(client):
    client.post("/cart")
    response = client.post("/cart/empty-wrong")
    assert (response.status_code, response.location) == (303, "/cart")
    expired = {"Expires": "Thu, 01 Jan 1970 00:00:00 GMT", "Max-Age": "0"}
    assert set_cookies(response)["cart"] == ("", expired | {"Path": "/"})
    assert client.get("/cart").json == {"cart": "tea"}
    assert client.get_cookie("cart", path="/cart").value == "tea"

    response = client.post("/cart/empty")
    assert (response.status_code, response.location) == (303, "/cart")
    assert set_cookies(response)["cart"] == ("", expired | {"Path": "/cart"})
    assert client.get("/cart").json == {"cart": "empty"}
    assert client.get_cookie("cart", path="/cart") is None


# Edges


def test_a_cookie_with_a_path_is_sent_there_and_below(client):
    response = client.post("/cart")
    assert (response.status_code, response.location) == (303, "/cart")
    assert set_cookies(response)["cart"] == ("tea", {"Path": "/cart"})
    assert client.get("/cart").json == {"cart": "tea"}
    assert "<dt>cart</dt>" not in client.get("/").text
    jar = browser_jar(response)
    paths = ["/", "/cart", "/cart/empty", "/carts"]
    sent = [cookie_header(jar, f"https://shop.test{path}") != "" for path in paths]
    assert sent == [False, True, True, False]


def test_the_cookies_of_a_request_cannot_be_changed():
    with app.test_request_context(headers={"Cookie": "theme=dark"}):
        with pytest.raises(TypeError, match="immutable"):
            request.cookies["theme"] = "light"
        assert request.cookies["theme"] == "dark"


@pytest.mark.parametrize(
    ("later", "left"),
    [
        (timedelta(0), {"visit", "hour", "day"}),
        (timedelta(minutes=61), {"visit", "day"}),
        (timedelta(hours=25), {"visit"}),
    ],
)
def test_a_client_drops_cookies_that_have_expired(client, later, left):
    jar = browser_jar(client.get("/lifetimes"))
    now = time.time() + later.total_seconds()
    assert {cookie.name for cookie in jar if not cookie.is_expired(now)} == left
    # A cookie without an end is removed when the browser is closed.
    assert {cookie.name for cookie in jar if cookie.discard} == {"visit"}


def test_a_secure_cookie_is_sent_over_https_only(client):
    jar = browser_jar(client.get("/protections"))
    assert cookie_header(jar, "http://shop.test/") == "bare=open"
    assert "guarded=shut" in cookie_header(jar, "https://shop.test/")


def test_the_page_shows_what_a_script_can_read(client):
    page = client.get("/").text
    assert "<dt>No cookie</dt>" in page
    assert 'getElementById("seen").textContent = document.cookie' in page


def test_the_page_links_to_every_view_under_any_mount(client):
    page = client.get("/", base_url="http://localhost/run/cookies").text
    for text, target in [
        ("Three lifetimes", 'href="/run/cookies/lifetimes"'),
        ("Without and with protection", 'href="/run/cookies/protections"'),
        ("A role, plain and signed", 'href="/run/cookies/welcome"'),
        ("The vault without a check", 'href="/run/cookies/vault-unsafe"'),
        ("The vault with a check", 'href="/run/cookies/vault"'),
        ("The cart", 'href="/run/cookies/cart"'),
        ("Put tea into the cart", 'formaction="/run/cookies/cart"'),
        ("Empty it with another path", 'formaction="/run/cookies/cart/empty-wrong"'),
        ("Empty it", 'formaction="/run/cookies/cart/empty"'),
    ]:
        assert f"{target}>{text}<" in page
    assert '<form method="post" action="/run/cookies/theme">' in page


# A role in a cookie, plain and signed


def open_vault(client, address, **cookies):
    for name, value in cookies.items():
        client.set_cookie(name, value)
    response = client.get(address)
    return response.status_code, "The vault is open." in response.text


def signed(key, salt="role"):
    """Return the role admin, signed as the lesson does it."""
    return URLSafeTimedSerializer(key, salt=salt).dumps("admin")


def test_welcome_sets_the_role_plain_and_signed(client):
    cookies = set_cookies(client.get("/welcome"))
    assert cookies["role"] == ("customer", {"HttpOnly": "", "Path": "/"})
    value, attributes = cookies["signed_role"]
    assert serializer.loads(value) == "customer"
    assert attributes["Max-Age"] == "3600"
    assert "HttpOnly" in attributes


def test_the_unsafe_vault_opens_for_a_role_that_the_client_wrote(client):
    assert open_vault(client, "/vault-unsafe") == (403, False)
    client.get("/welcome")
    assert open_vault(client, "/vault-unsafe") == (403, False)
    assert open_vault(client, "/vault-unsafe", role="admin") == (200, True)


def test_the_vault_opens_for_what_the_server_has_signed(client):
    assert open_vault(client, "/vault", signed_role=signed(app.secret_key)) == (200, True)


# Attacks


def test_the_vault_stays_closed_for_what_the_server_has_not_signed(client):
    for value in [
        "",
        "admin",
        ".",
        "a.b.c",
        "é",
        "ImFkbWluIg",
        "." * 2000,
        signed("a key that the attacker made up"),
        signed(app.secret_key, salt="newsletter"),
        signed(app.secret_key, salt="itsdangerous"),  # the default
        serializer.dumps("customer"),
        serializer.dumps("admin")[:-1],
        serializer.dumps(["admin"]),
        serializer.dumps("admin").upper(),
    ]:
        response = open_vault(client, "/vault", signed_role=value, role="admin")
        assert response == (403, False), value


def test_a_signature_does_not_fit_another_content(client):
    assert open_vault(client, "/vault") == (403, False)
    client.get("/welcome")
    assert open_vault(client, "/vault") == (403, False)
    signature = client.get_cookie("signed_role").value.split(".", 1)[1]
    admin = serializer.dumps("admin").split(".", 1)[0]
    assert open_vault(client, "/vault", signed_role=f"{admin}.{signature}") == (403, False)


@pytest.mark.parametrize(("age", "status"), [(HOUR, 200), (HOUR + 1, 403)])
def test_the_server_counts_the_age_of_a_signature_itself(client, monkeypatch, age, status):
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: 1_000_000)
    old = serializer.dumps("admin")
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: 1_000_000 + age)
    assert open_vault(client, "/vault", signed_role=old)[0] == status


def test_the_page_escapes_what_the_cookies_say(client):
    client.set_cookie("theme", '"><script>alert(1)</script>')
    client.set_cookie("note", "<b>bold</b>")
    page = client.get("/").text
    assert "<script>alert" not in page
    assert "<dd>&lt;b&gt;bold&lt;/b&gt;</dd>" in page
    assert 'data-theme="&#34;&gt;&lt;script' in page


def test_the_key_is_new_at_each_start_unless_the_environment_sets_it(monkeypatch):
    start = partial(secret_key_of_a_new_start, lesson, monkeypatch)
    keys = {start(), start(), start(FLASK_SECRET_KEY="")}
    assert [len(key) for key in keys] == [64, 64, 64]
    assert start(FLASK_SECRET_KEY="0123") == "0123"
