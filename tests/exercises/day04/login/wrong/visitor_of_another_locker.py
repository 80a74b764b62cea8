"""Wrong: the second visitor visits another locker.

Fails: test_a_locker_open_to_everybody_is_caught
"""

import pytest
from flask.testing import FlaskClient

from day04.login.exercise_app import create_app


@pytest.fixture
def app():
    """Build a new locker for each test."""
    return create_app({"TESTING": True})


@pytest.fixture
def client(app) -> FlaskClient:
    """Give a visitor."""
    return app.test_client()


def opened(client, pin):
    """Try a PIN; return the answer."""
    return client.post("/open", json={"pin": pin})


def test_the_pin_opens_the_locker(client):
    response = opened(client, "2468")
    assert response.status_code == 200
    assert response.json == {"open": True}
    response = client.get("/content")
    assert response.status_code == 200
    assert response.json == {"content": "an umbrella"}


@pytest.mark.parametrize("pin", ["1357", "246", "24681", "", " 2468"])
def test_any_other_text_does_not(client, pin):
    response = opened(client, pin)
    assert response.status_code == 401
    assert response.json == {"open": False}
    assert client.get("/content").status_code == 403


def test_three_wrong_pins_lock_it(client):
    for _ in range(3):
        assert opened(client, "1357").status_code == 401
    response = opened(client, "1357")
    assert response.status_code == 423
    assert response.json == {"open": False}


def test_the_right_pin_does_not_open_a_locked_locker(client):
    for _ in range(3):
        opened(client, "1357")
    assert opened(client, "2468").status_code == 423
    assert client.get("/content").status_code == 403


def test_a_right_pin_sets_the_count_back(client):
    for pin in ("1357", "1357", "2468", "1357", "1357"):
        opened(client, pin)
    assert opened(client, "2468").status_code == 200


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "{}", '{"pin": 2468}', '{"pin": null}'])
def test_what_is_no_pin_is_400_and_not_counted(client, body):
    for _ in range(4):
        response = client.post("/open", data=body, content_type="application/json")
        assert response.status_code == 400
    assert opened(client, "2468").status_code == 200


def test_closing_hides_the_content(client):
    opened(client, "2468")
    assert client.post("/close").status_code == 204
    assert client.get("/content").status_code == 403


def test_another_visitor_sees_nothing(app, client):
    opened(client, "2468")
    assert create_app().test_client().get("/content").status_code == 403
