"""Test an app that knows it is being tested.

Run it: pytest day04/testing_mode/example_pytest.py
"""
# ruff: noqa: D103, S101 - a test asserts, and its name says what

import pytest
from flask import request, session, url_for

from day04.testing_mode.app import create_app, greeting


@pytest.fixture
def app(tmp_path):
    """Build an app with a folder of its own, which pytest makes and later deletes."""
    return create_app({"TESTING": True, "DATA_FOLDER": tmp_path})


@pytest.fixture
def client(app):
    """Give a client that lets the exceptions of the app reach the test."""
    return app.test_client()


@pytest.fixture
def visitor(tmp_path):
    """Give a client that gets what a visitor gets: the error page."""
    config = {"TESTING": True, "PROPAGATE_EXCEPTIONS": False, "DATA_FOLDER": tmp_path}
    return create_app(config).test_client()


def test_an_exception_reaches_the_test(client):
    with pytest.raises(ZeroDivisionError):
        client.get("/boom")


def test_a_visitor_gets_the_error_page(visitor):
    response = visitor.get("/boom")
    assert response.status_code == 500
    assert "It is not your fault" in response.text
    assert "ZeroDivisionError" not in response.text


def test_a_function_that_needs_a_request(app):
    with app.test_request_context("/?page=2"):
        assert request.args["page"] == "2"
        assert url_for("boom") == "/boom"
        app.preprocess_request()  # runs the hooks before a view; the context alone does not
        assert greeting() == "Hello stranger"


def test_a_visitor_who_was_here_before(client):
    with client.session_transaction() as earlier:
        earlier["name"] = "Ann"
    assert client.get("/").json["greeting"] == "Hello Ann"


def test_a_signature_is_remembered(client):
    with client:  # keeps the context of the last request open
        client.post("/guests", data={"name": "Ann"})
        assert session["name"] == "Ann"
    assert client.get("/").json == {"greeting": "Hello Ann", "guests": ["Ann"]}


def test_the_names_are_in_the_folder_of_the_test(client, tmp_path):
    client.post("/guests", data={"name": "Ann"})
    assert (tmp_path / "guests.txt").read_text("utf-8") == "Ann\n"
