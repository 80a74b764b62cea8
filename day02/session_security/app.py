"""See what an attacker can do with a session cookie, and what the server can do about it.

The cookie is signed: without the key no one can change it. But anyone who has it can read it, and
can send a copy of it, even after the logout.

Run it: flask --app day02.session_security.app run --debug
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Flask, current_app, redirect, render_template, request, session, url_for

from day02.sessions.form import get_short_text

from . import by_path
from .attack import read_content


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``config`` can hold a secret key of its own."""
    app = Flask(__name__)
    app.config.from_mapping(
        PERMANENT_SESSION_LIFETIME=timedelta(days=7),
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    app.secret_key = app.secret_key or secrets.token_hex()
    # Who is logged in. A set in memory works for one process; several need a database.
    app.extensions["tickets"] = set()
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/login", view_func=login, methods=["POST"])
    app.add_url_rule("/logout", view_func=logout, methods=["POST"])
    app.add_url_rule("/who-unsafe", view_func=who_unsafe)
    app.add_url_rule("/who", view_func=who)
    by_path.init_app(app)
    return app


def index():
    """Show the cookie and its content, which is read here without the key."""
    cookie = request.cookies.get(current_app.config["SESSION_COOKIE_NAME"], "")
    return render_template("index.html", cookie=cookie, content=read_content(cookie))


def login():
    """Empty the session, then fill it, and remember its ticket on the server."""
    tickets = current_app.extensions["tickets"]
    name = get_short_text("name")
    tickets.discard(session.get("ticket"))
    session.clear()
    session["name"] = name
    session["ticket"] = secrets.token_hex(8)
    tickets.add(session["ticket"])
    return redirect(url_for("index"), 303)


def logout():
    """Forget the ticket and empty the session; ``pop`` with a default never fails."""
    current_app.extensions["tickets"].discard(session.pop("ticket", None))
    session.clear()
    return redirect(url_for("index"), 303)


def who_unsafe():
    """Show the danger: trust the cookie, which may be a copy from before the logout."""
    return {"name": session.get("name")}


def who():
    """Show the defence: the server knows who is logged in, and forgets it at the logout."""
    is_valid = session.get("ticket") in current_app.extensions["tickets"]
    return {"name": session["name"] if is_valid else None}
