"""Protect a request that a script sends: the token is in a header.

The file ``app.py`` beside this one has a page with a script and a captcha.

Run it: flask --app day06_project.script_csrf.first run --debug
"""

import secrets

from flask import Flask, request
from flask_wtf.csrf import CSRFProtect, generate_csrf

app = Flask(__name__)
app.secret_key = secrets.token_hex()
CSRFProtect(app)


@app.get("/")
def index():
    """Send the page; the cookie carries the token to the page's script."""
    response = app.make_response("<!doctype html><title>Questions</title>\n")
    response.set_cookie("csrf_token", generate_csrf(), samesite="Lax")
    return response


@app.post("/questions")
def ask():
    """Take a question; without the token, Flask does not call this view."""
    return {"text": request.get_json()["text"]}, 201
