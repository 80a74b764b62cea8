"""Let Ann log in, and test it: the app and its tests in one file.

The file ``app.py`` beside this one has a page, an API and more protection.

Run it: flask --app day04.login.first run --debug
Test it: pytest day04/login/first.py
"""
# ruff: noqa: D103, S101 - a test asserts, and its name says what

import secrets

from flask import Flask, abort, request, session
from werkzeug.security import check_password_hash, generate_password_hash

app = Flask(__name__)
app.secret_key = secrets.token_hex()
password_hash = generate_password_hash("green tea")


@app.post("/login")
def login():
    """Log Ann in if the name and the password are right."""
    name, password = request.form.get("name"), request.form.get("password", "")
    if name != "ann" or not check_password_hash(password_hash, password):
        abort(401)
    session["name"] = name
    return f"Hello {name}\n"


def test_the_right_password_logs_in():
    client = app.test_client()
    response = client.post("/login", data={"name": "ann", "password": "green tea"})
    assert response.status_code == 200
    assert response.text == "Hello ann\n"


def test_a_wrong_password_does_not():
    client = app.test_client()
    response = client.post("/login", data={"name": "ann", "password": "black tea"})
    assert response.status_code == 401
