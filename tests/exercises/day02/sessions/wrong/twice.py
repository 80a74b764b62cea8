"""Wrong: a tea is remembered as often as it is looked at.

Fails: test_no_tea_is_remembered_twice
"""

import secrets
from datetime import timedelta

from flask import Flask, abort, redirect, session, url_for

TEAS = ("assam", "ceylon", "darjeeling", "keemun", "matcha", "oolong", "sencha", "yunnan")

app = Flask(__name__)
app.config.from_mapping(
    SECRET_KEY=secrets.token_hex(),
    PERMANENT_SESSION_LIFETIME=timedelta(days=30),
    SESSION_COOKIE_SAMESITE="Lax",
)
app.config.from_prefixed_env()


@app.get("/")
def index():
    """Count the visits of this browser."""
    session.permanent = True
    session["visits"] = session.get("visits", 0) + 1
    return {"visits": session["visits"]}


@app.get("/teas/<name>")
def tea(name: str):
    """Show a tea, and which ones this browser has seen."""
    if name not in TEAS:
        abort(404)
    session.permanent = True
    before = session.get("seen", [])
    session["seen"] = [name, *before][:3]
    return {"tea": name, "seen": session["seen"]}


@app.post("/forget")
def forget():
    """Empty the session."""
    session.clear()
    return redirect(url_for("index"), 303)
