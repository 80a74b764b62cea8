"""Wrong: the visits are counted in a variable of the program.

Fails: test_each_browser_has_its_own_count, test_the_visitor_is_forgotten,
test_with_a_key_from_outside_visits_outlive_a_restart
"""

import secrets
from datetime import timedelta

from flask import Flask, abort, redirect, session, url_for

TEAS = ("assam", "ceylon", "darjeeling", "keemun", "matcha", "oolong", "sencha", "yunnan")

counts = {"visits": 0}
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
    counts["visits"] = session["visits"] = counts["visits"] + 1
    return counts


@app.get("/teas/<name>")
def tea(name: str):
    """Show a tea, and which ones this browser has seen."""
    if name not in TEAS:
        abort(404)
    session.permanent = True
    before = [each for each in session.get("seen", []) if each != name]
    session["seen"] = [name, *before][:3]
    return {"tea": name, "seen": session["seen"]}


@app.post("/forget")
def forget():
    """Empty the session."""
    session.clear()
    return redirect(url_for("index"), 303)
