"""The token of a form, and what another site can do without it.

The form itself is tested in test_forms.py.
Begin with test_the_form_has_a_token_that_is_accepted.
"""

import re
from io import BytesIO

import pytest
from flask import Flask, session
from flask_wtf.csrf import generate_csrf
from itsdangerous import TimestampSigner

from day03.forms.app import create_app
from day03.forms.form import RegisterForm
from tests.day03.helpers import GOOD, fields
from tests.helpers import csrf_token, page


def app_with(**config):
    """Build an app; a password is hashed in one round, since a safe hash takes time."""
    return create_app({"PASSWORD_METHOD": "pbkdf2:sha256:1"} | config)


@pytest.fixture(scope="module")
def shared_app():
    """Build the app once, since its templates take time to compile."""
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


def send(client, **changes):
    """Post the form as a browser does that has opened the page: with the token in it."""
    return client.post("/", data=GOOD | {"csrf_token": csrf_token(client.get("/"))} | changes)


def registered(app):
    """Return a new visitor who has an account."""
    client = app.test_client()
    assert send(client).status_code == 303
    return client


def refusal(response):
    """Return why a request was refused, from the page that says so."""
    assert response.status_code == 400
    assert "<h1>Nothing was changed</h1>" in response.text
    assert '<a href="/">Open the form again</a>' in response.text
    return re.search(r"<p>(The .+)</p>", response.text)[1]


def test_the_form_has_a_token_that_is_accepted(client, accounts):
    form = fields(client.get("/"))
    assert form["csrf_token"]["type"] == "hidden"
    token = form["csrf_token"]["value"]
    response = client.post("/", data=GOOD | {"csrf_token": token})
    assert response.status_code == 303
    assert list(accounts) == ["ann"]


def test_a_form_without_the_token_is_refused(client, accounts):
    response = client.post("/", data=GOOD)
    assert response.status_code == 400
    assert "The CSRF token is missing." in response.text
    assert accounts == {}


def test_a_refused_form_can_be_corrected_and_sent_again(client):
    refused = send(client, repeat="typo")
    again = client.post("/", data=GOOD | {"csrf_token": csrf_token(refused)})
    assert again.status_code == 303


def test_the_button_of_the_page_has_the_token_in_it(app, accounts):
    ann = registered(app)
    data = {"csrf_token": csrf_token(ann.get("/account"))}
    assert ann.post("/delete", data=data).status_code == 303
    assert accounts == {}
    assert ann.get("/account").status_code == 303
    assert ann.post("/delete", data=data).status_code == 303


def test_a_program_may_send_the_token_as_a_header(app, accounts):
    ann = registered(app)
    header = {"X-CSRFToken": csrf_token(ann.get("/account"))}
    assert ann.post("/delete", headers=header).status_code == 303
    assert accounts == {}


# The token


def test_without_a_token_nothing_is_accepted(client, accounts):
    assert refusal(client.post("/", data=GOOD)) == "The CSRF token is missing."
    client.get("/")
    assert refusal(client.post("/", data=GOOD)) == "The CSRF token is missing."
    assert refusal(send(client, csrf_token="")) == "The CSRF token is missing."
    assert accounts == {}


def test_a_token_needs_the_cookie_of_the_same_visitor(app, accounts):
    mallory, victim = app.test_client(), app.test_client()
    foreign = csrf_token(mallory.get("/"))
    data = GOOD | {"csrf_token": foreign}
    assert refusal(victim.post("/", data=data)) == "The CSRF session token is missing."
    victim.get("/")
    assert refusal(victim.post("/", data=data)) == "The CSRF tokens do not match."
    assert accounts == {}
    assert mallory.post("/", data=data).status_code == 303


@pytest.mark.parametrize("made_up", ["guess", "a.b.c", "é\0€", "x" * 9000])
def test_a_token_cannot_be_made_up(client, accounts, made_up):
    assert refusal(send(client, csrf_token=made_up)) == "The CSRF token is invalid."
    assert accounts == {}


def test_a_token_of_another_key_is_invalid(client, accounts):
    foreign = csrf_token(app_with().test_client().get("/"))
    assert refusal(send(client, csrf_token=foreign)) == "The CSRF token is invalid."
    assert accounts == {}


@pytest.mark.parametrize(
    ("config", "seconds", "status"),
    [
        ({}, 3600, 303),
        ({}, 3601, 400),
        ({"WTF_CSRF_TIME_LIMIT": 60}, 61, 400),
        ({"WTF_CSRF_TIME_LIMIT": None}, 10**6, 303),
    ],
)
def test_a_token_is_valid_for_an_hour_unless_told_otherwise(monkeypatch, config, seconds, status):
    now = 1_000_000_000
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now)
    client = app_with(**config).test_client()
    data = GOOD | {"csrf_token": csrf_token(client.get("/"))}
    now += seconds
    response = client.post("/", data=data)
    assert response.status_code == status
    if status == 400:
        assert refusal(response) == "The CSRF token has expired."
        assert send(client).status_code == 303


def test_the_form_alone_checks_its_token(app):
    with app.test_request_context(method="POST", data=GOOD):
        form = RegisterForm()
        assert not form.validate_on_submit()
        assert form.errors == {"csrf_token": ["The CSRF token is missing."]}
    with app.test_request_context():
        form = RegisterForm()
        assert not form.validate_on_submit()
        assert form.errors == {}


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


def test_registering_begins_a_new_session(app):
    client = app.test_client()
    client.get("/")
    with client.session_transaction() as session:
        session["left over"] = "from before"
        before = session["csrf_token"]
    send(client)
    with client.session_transaction() as session:
        assert session["name"] == "ann"
        assert "left over" not in session
        assert session.get("csrf_token") != before


def test_the_same_form_sent_twice_makes_one_account(client, accounts):
    form = GOOD | {"csrf_token": csrf_token(client.get("/"))}
    assert client.post("/", data=form).status_code == 303
    before = dict(accounts["ann"])
    assert client.post("/", data=form).status_code == 400
    assert send(client).status_code == 422
    assert accounts == {"ann": before}
    assert "Hello Ann" in client.get("/account").text


def test_the_same_form_sent_twice_at_once_makes_one_account(app, accounts):
    client, double = app.test_client(), app.test_client()
    form = GOOD | {"csrf_token": csrf_token(client.get("/"))}
    double.set_cookie("session", client.get_cookie("session").value)
    assert [each.post("/", data=form).status_code for each in (client, double)] == [303, 422]
    assert len(accounts) == 1


def test_a_file_in_place_of_the_token_is_refused(client, accounts):
    response = send(client, csrf_token=(BytesIO(b"a token"), "token.txt"))
    assert refusal(response) == "The CSRF token is missing."
    assert accounts == {}


def test_json_needs_a_token_before_it_is_refused(client):
    assert client.post("/", json={"name": "Ann"}).status_code == 400
    headers = {"X-CSRFToken": csrf_token(client.get("/"))}
    assert client.post("/", json={"name": "Ann"}, headers=headers).status_code == 415


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
