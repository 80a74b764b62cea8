"""Remember a visitor from one request to the next with the session.

``session`` is a dictionary for each visitor. Flask stores it in a cookie and signs it with the
secret key, so the visitor cannot change it.

Run it: flask --app day02.sessions.app run --debug
"""

import secrets
from datetime import timedelta

from flask import Flask, abort, redirect, render_template, request, session, url_for

from .form import get_short_text

app = Flask(__name__)
app.config.from_mapping(
    PERMANENT_SESSION_LIFETIME=timedelta(days=7),
    SESSION_COOKIE_SAMESITE="Lax",
)
app.config.from_prefixed_env()
# If the environment has no key, or an empty one, each start makes a new key.
app.secret_key = app.secret_key or secrets.token_hex()


@app.get("/")
def index():
    """Show the forms; the template reads the session."""
    return render_template("index.html")


@app.get("/who")
def who():
    """Return the name in the session."""
    return {"name": session.get("name")}


@app.post("/login")
def login():
    """Empty the session, then fill it: the old content may be another visitor's."""
    name = get_short_text("name")
    session.clear()
    session["name"] = name
    session["cart"] = []
    if "remember" in request.form:
        session.permanent = True
    return redirect(url_for("index"), 303)


@app.post("/logout")
def logout():
    """Empty the session; a second logout is not an error."""
    session.clear()
    return redirect(url_for("index"), 303)


def get_cart() -> list[str]:
    """Return the list in the session; abort without a login, and if the cart is full."""
    if "cart" not in session:
        abort(403, "Log in first.")
    if len(session["cart"]) == 10:  # more may not fit into a cookie
        abort(400, "The cart is full.")
    return session["cart"]


@app.post("/cart-unsafe")
def add_and_lose():
    """Show the mistake: the list changes, and the session does not notice."""
    get_cart().append(get_short_text("item"))
    return {"cart": session["cart"]}


@app.post("/cart")
def add():
    """Tell the session about the change inside the list."""
    get_cart().append(get_short_text("item"))
    session.modified = True
    return {"cart": session["cart"]}
