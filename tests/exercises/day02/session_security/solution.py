"""A solution of the exercise."""

import secrets
from datetime import timedelta

from flask import Flask, request, session

app = Flask(__name__)
app.secret_key = secrets.token_hex()

app.config.update(
    SESSION_COOKIE_SECURE=True,
    SESSION_COOKIE_SAMESITE="Lax",
    PERMANENT_SESSION_LIFETIME=timedelta(hours=1),
)


@app.post("/basket")
def put():
    """Remember a thing before the login."""
    session["thing"] = request.form.get("thing", "")
    return "Remembered."


@app.post("/login")
def log_in():
    """Log in; a real login asks for a password, too."""
    session.clear()
    session.permanent = True
    session["name"] = request.form.get("name", "")
    return "Logged in."


@app.get("/")
def index():
    """Show the session."""
    return dict(session)
