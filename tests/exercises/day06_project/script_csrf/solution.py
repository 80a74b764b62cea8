"""A solution of the exercise."""

import secrets

from flask import Flask, request
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf

app = Flask(__name__)
app.secret_key = secrets.token_hex()
CSRFProtect(app)


@app.get("/")
def index():
    """Send the page."""
    response = app.make_response("<!doctype html><title>Wishes</title>\n")
    response.set_cookie("csrf_token", generate_csrf(), samesite="Lax")
    return response


@app.post("/wishes")
def add_wish():
    """Accept a wish."""
    return {"text": request.get_json()["text"]}, 201


@app.errorhandler(CSRFError)
def handle_csrf_error(error):
    """Tell the script why its request is refused."""
    return {"code": "csrf", "error": error.description}, 400
