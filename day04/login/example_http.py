"""Test the login from outside: a server on a port, and requests over the network.

Run it: pytest day04/login/example_http.py
"""
# ruff: noqa: D103, S101 - a test asserts, and its name says what

import re
import threading

import pytest
import requests
from werkzeug.serving import make_server

from day04.login.app import create_app

LOGIN = {"name": "ann", "password": "green tea"}


@pytest.fixture(scope="module")
def base_url():
    """Start a server for all tests of this file, and stop it after the last one."""
    app = create_app({"PASSWORD_METHOD": "pbkdf2:sha256:1"})
    server = make_server("127.0.0.1", 0, app, threaded=True)  # 0: any port that is free
    # It checks every 10 ms whether to stop; without the number, every half second.
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def visitor():
    """Give a session of requests, which keeps cookies as a browser does."""
    with requests.Session() as session:
        session.trust_env = False  # without the proxy settings of this machine
        yield session


def test_the_cookie_of_a_login_opens_the_account(base_url, visitor):
    response = visitor.post(f"{base_url}/api/login", json=LOGIN, timeout=5)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["code"] == "welcome"
    assert "HttpOnly" in response.headers["Set-Cookie"]

    page = visitor.get(f"{base_url}/account", timeout=5)
    assert page.history == []
    assert "The account of ann" in page.text


def test_a_wrong_password_gets_no_cookie(base_url, visitor):
    wrong = LOGIN | {"password": "black tea"}
    response = visitor.post(f"{base_url}/api/login", json=wrong, timeout=5)
    assert response.status_code == 401
    assert response.json()["code"] == "refused"
    assert not visitor.cookies


def test_a_person_logs_in_through_the_page(base_url, visitor):
    page = visitor.get(f"{base_url}/account", timeout=5)
    assert [response.status_code for response in page.history] == [302]
    assert page.url == f"{base_url}/login?next=account"

    token = re.search('name="csrf_token" value="(.+)"', page.text)[1]
    page = visitor.post(page.url, data=LOGIN | {"csrf_token": token}, timeout=5)
    assert [response.status_code for response in page.history] == [303]
    assert page.url == f"{base_url}/account"
    assert "The account of ann" in page.text
