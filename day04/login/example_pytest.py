"""Test the login with pytest: tests are functions, and get what they need as arguments.

Run it: pytest day04/login/example_pytest.py
"""
# ruff: noqa: D103, S101 - a test asserts, and its name says what

import pytest

from day04.login.app import create_app


@pytest.fixture
def app():
    """Build an app for one test, with a fast hash."""
    return create_app(
        {"TESTING": True, "WTF_CSRF_ENABLED": False, "PASSWORD_METHOD": "pbkdf2:sha256:1"}
    )


@pytest.fixture
def client(app):
    """Give a client; a fixture gets its own arguments in the same way."""
    return app.test_client()


@pytest.fixture
def ann(client):
    """Give a client that has logged in."""
    client.post("/api/login", json={"name": "ann", "password": "green tea"})
    return client


def name_in_session(client):
    """Return the name in the session, as the app reads it at the next request."""
    with client.session_transaction() as session:
        return session.get("name")


def test_the_right_password_logs_in(client):
    response = client.post("/api/login", json={"name": "ann", "password": "green tea"})
    assert response.status_code == 200
    assert response.json == {"code": "welcome", "message": "Hello ann"}
    assert name_in_session(client) == "ann"


@pytest.mark.parametrize("name", ["ann", "Ann", "nobody"])
@pytest.mark.parametrize("password", ["black tea", "Green tea", "green tea ", "x" * 1000])
def test_everything_else_is_refused_in_the_same_words(client, name, password):
    response = client.post("/api/login", json={"name": name, "password": password})
    assert response.status_code == 401
    assert response.json == {"code": "refused", "message": "The name or the password is wrong."}
    assert name_in_session(client) is None


@pytest.mark.parametrize(
    "body",
    ["", "{", "null", "[]", '"ann"', "{}", '{"name": "ann"}', '{"name": "ann", "password": 1}'],
)
def test_json_of_another_shape_is_400(client, body):
    response = client.post("/api/login", data=body, content_type="application/json")
    assert response.status_code == 400
    assert response.json["code"] == "incomplete"


def test_a_form_is_415(client):
    response = client.post("/api/login", data={"name": "ann", "password": "green tea"})
    assert response.status_code == 415
    assert response.json["code"] == "not_json"


def test_a_login_begins_a_new_session(client):
    with client.session_transaction() as session:
        session["cart"] = ["from an attacker"]
    client.post("/api/login", json={"name": "ann", "password": "green tea"})
    with client.session_transaction() as session:
        assert dict(session) == {"name": "ann"}


def test_the_account_redirects_to_the_login_and_back(client):
    page = client.get("/account", follow_redirects=True)
    assert [response.status_code for response in page.history] == [302]
    assert page.request.path == "/login"

    form = {"name": "ann", "password": "green tea"}
    page = client.post(page.request.full_path, data=form, follow_redirects=True)
    assert [response.status_code for response in page.history] == [303]
    assert page.request.path == "/account"
    assert "The account of ann" in page.text


def test_the_login_redirects_to_no_other_site(client):
    form = {"name": "ann", "password": "green tea"}
    response = client.post("/login?next=https://evil.example/", data=form)
    assert response.location == "/"


def test_after_the_logout_the_account_is_closed(ann):
    assert ann.get("/account").status_code == 200
    ann.post("/logout")
    assert ann.get("/account").status_code == 302
