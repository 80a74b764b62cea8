"""The token of a form, and what another site can do without it.

The form itself is tested in test_forms.py.
Begin with test_the_form_has_a_token_that_is_accepted.
"""

import re

import pytest
from flask import Flask, session
from flask_wtf.csrf import generate_csrf
from itsdangerous import TimestampSigner

from day03.forms.app import create_app
from day03.forms.form import RegisterForm
from tests.day03.helpers import GOOD, fields, registered, send
from tests.helpers import csrf_token, page


def app_with(**config):
    """Build an app; a password is hashed in one round, for a safe hash takes time."""
    return create_app({"PASSWORD_METHOD": "pbkdf2:sha256:1"} | config)


@pytest.fixture(scope="module")
def shared_app():
    """Build the app once, for its templates take time to compile."""
    return app_with()


@pytest.fixture
def app(shared_app):
    shared_app.config["ACCOUNTS"].clear()
    return shared_app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def accounts(app):
    return app.config["ACCOUNTS"]


def refusal(response):
    """Return why a request was refused, from the page that says so."""
    assert response.status_code == 400
    assert "<h1>Nothing was changed</h1>" in response.text
    assert '<a href="/">Open the form again</a>' in response.text
    return re.search(r"<p>(The .+)</p>", response.text)[1]


def test_the_form_has_a_token_that_is_accepted(client, accounts):
    token = csrf_token(client.get("/"))
    response = client.post("/", data=GOOD | {"csrf_token": token})
    assert response.status_code == 303
    assert list(accounts) == ["ann"]


# The token


@pytest.mark.point("D3-32", "D3-39")
def test_without_a_token_nothing_is_accepted(client, accounts):
    assert refusal(client.post("/", data=GOOD)) == "The CSRF token is missing."
    client.get("/")
    assert refusal(client.post("/", data=GOOD)) == "The CSRF token is missing."
    assert refusal(send(client, csrf_token="")) == "The CSRF token is missing."
    assert accounts == {}


@pytest.mark.point("D3-32")
def test_a_token_needs_the_cookie_of_the_same_visitor(app, accounts):
    mallory, victim = app.test_client(), app.test_client()
    foreign = csrf_token(mallory.get("/"))
    data = GOOD | {"csrf_token": foreign}
    assert refusal(victim.post("/", data=data)) == "The CSRF session token is missing."
    victim.get("/")
    assert refusal(victim.post("/", data=data)) == "The CSRF tokens do not match."
    assert accounts == {}
    assert mallory.post("/", data=data).status_code == 303


@pytest.mark.point("D3-32")
@pytest.mark.parametrize("made_up", ["guess", "a.b.c", "é\0€", "x" * 9000])
def test_a_token_cannot_be_made_up(client, accounts, made_up):
    assert refusal(send(client, csrf_token=made_up)) == "The CSRF token is invalid."
    assert accounts == {}


@pytest.mark.point("D3-33")
def test_a_token_of_another_key_is_invalid(client, accounts):
    foreign = csrf_token(app_with().test_client().get("/"))
    assert refusal(send(client, csrf_token=foreign)) == "The CSRF token is invalid."
    assert accounts == {}


@pytest.mark.point("D3-32")
@pytest.mark.parametrize(
    ("limit", "seconds", "status"),
    [(3600, 3599, 303), (3600, 3601, 400), (60, 61, 400), (None, 10**6, 303)],
)
def test_a_token_is_valid_for_an_hour_unless_told_otherwise(monkeypatch, limit, seconds, status):
    config = {} if limit == 3600 else {"WTF_CSRF_TIME_LIMIT": limit}
    client = app_with(**config).test_client()
    data = GOOD | {"csrf_token": csrf_token(client.get("/"))}
    now = TimestampSigner("any").get_timestamp()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now + seconds)
    response = client.post("/", data=data)
    assert response.status_code == status
    if status == 400:
        assert refusal(response) == "The CSRF token has expired."
        assert send(client).status_code == 303


@pytest.mark.point("D3-32", "D3-38")
def test_the_form_alone_checks_its_token(app):
    with app.test_request_context(method="POST", data=GOOD):
        form = RegisterForm()
        assert not form.validate_on_submit()
        assert form.errors == {"csrf_token": ["The CSRF token is missing."]}
    with app.test_request_context():
        form = RegisterForm()
        assert not form.validate_on_submit()
        assert form.errors == {}


@pytest.mark.point("D3-33")
@pytest.mark.parametrize(("key", "status"), [("qwerty", 303), ("a better key", 400)])
def test_an_attacker_who_guesses_the_key_makes_a_session_and_its_token(key, status):
    forger = Flask("elsewhere")
    forger.secret_key = "qwerty"
    serializer = forger.session_interface.get_signing_serializer(forger)
    with forger.test_request_context():
        made_up = generate_csrf()
        cookie = serializer.dumps(dict(session))
    client = app_with(SECRET_KEY=key).test_client()
    client.set_cookie("session", cookie)
    assert client.post("/", data=GOOD | {"csrf_token": made_up}).status_code == status


@pytest.mark.parametrize("content", [{"name": "ann"}, {"id": "x"}, {"name": "ann", "id": "x"}])
def test_a_session_needs_the_right_name_and_the_right_id(app, accounts, content):
    registered(app)
    other = app.test_client()
    with other.session_transaction() as session:
        session.update(content)
    assert other.get("/account").status_code == 303
    assert list(accounts) == ["ann"]


# What another site can do


def from_another_site(client, path):
    """Send what a page elsewhere can make the visitor's browser send: the cookie goes along."""
    headers = {"Origin": "http://evil.example", "Referer": "http://evil.example/win"}
    return client.post(path, data={"prize": "1"}, headers=headers)


def test_another_site_deletes_the_account_where_no_token_is_asked_for(app, accounts):
    ann = registered(app)
    assert from_another_site(ann, "/delete-unsafe").status_code == 303
    assert accounts == {}


def test_another_site_has_no_token(app, accounts):
    ann = registered(app)
    assert refusal(from_another_site(ann, "/delete")) == "The CSRF token is missing."
    mallory = app.test_client()
    ann.get("/account")
    stolen = {"csrf_token": csrf_token(mallory.get("/"))}
    assert refusal(ann.post("/delete", data=stolen)) == "The CSRF tokens do not match."
    assert list(accounts) == ["ann"]


@pytest.mark.point("D3-40")
def test_the_button_of_the_page_has_the_token_in_it(app, accounts):
    ann = registered(app)
    data = {"csrf_token": csrf_token(ann.get("/account"))}
    assert ann.post("/delete", data=data).status_code == 303
    assert accounts == {}
    assert ann.get("/account").status_code == 303
    assert ann.post("/delete", data=data).status_code == 303


def test_the_account_page_has_a_button_with_the_token_and_two_without(app):
    forms = page(registered(app).get("/account")).select("form")
    assert [(form["action"], bool(form.select("[name=csrf_token]"))) for form in forms] == [
        ("/delete", True),
        ("/delete", False),
        ("/delete-unsafe", False),
    ]


def test_a_visitor_deletes_no_account_of_others(app, accounts):
    registered(app)
    stranger = app.test_client()
    data = {"csrf_token": csrf_token(stranger.get("/"))}
    assert stranger.post("/delete", data=data).status_code == 303
    assert list(accounts) == ["ann"]


def test_the_session_cookie_is_not_sent_from_other_sites(client):
    assert "SameSite=Lax" in client.get("/").headers["Set-Cookie"]


def test_a_program_may_send_the_token_as_a_header(app, accounts):
    ann = registered(app)
    header = {"X-CSRFToken": csrf_token(ann.get("/account"))}
    assert ann.post("/delete", headers=header).status_code == 303
    assert accounts == {}


@pytest.mark.parametrize(
    ("referer", "status"),
    [
        ("https://localhost/", 303),
        (None, 400),
        ("https://evil.example/", 400),
        ("http://localhost/", 400),
        ("https://localhost.evil.example/", 400),
    ],
)
def test_over_https_the_referer_must_be_our_own_page(client, referer, status):
    here = {"base_url": "https://localhost"}
    data = GOOD | {"csrf_token": csrf_token(client.get("/", **here))}
    headers = {"Referer": referer} if referer else {}
    assert client.post("/", data=data, headers=headers, **here).status_code == status


def test_in_tests_the_check_can_be_switched_off():
    app = app_with(WTF_CSRF_ENABLED=False)
    client = app.test_client()
    assert client.post("/", data=GOOD).status_code == 303
    assert "csrf_token" not in fields(client.get("/"))
