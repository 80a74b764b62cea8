"""Remember a visitor from one request to the next with the session.

``session`` is a dictionary that is there again at the visitor's next request. Flask keeps it in a
cookie, signed with the secret key: the visitor can read and copy it, but not change it.

Run it: flask --app day02.sessions.app run --debug
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Flask, abort, redirect, render_template, request, session, url_for

from . import by_path
from .attack import read
from .form import given


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; who gives it a key of its own says so in ``config`` or the environment."""
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY=secrets.token_hex(),
        PERMANENT_SESSION_LIFETIME=timedelta(days=7),
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    by_path.add_to(app)
    # Who is logged in. A set in memory serves one process; a database would serve several.
    tickets = set()

    def cart() -> list[str]:
        """Return the visitor's own list, as it lies in the session."""
        if "cart" not in session:
            abort(403, "Log in first.")
        if len(session["cart"]) == 10:
            abort(400, "The cart is full.")
        return session["cart"]

    @app.get("/")
    def index():
        """Show the session beside the cookie it came from, which is read here without the key."""
        cookie = request.cookies.get(app.config["SESSION_COOKIE_NAME"], "")
        return render_template("index.html", cookie=cookie, content=read(cookie))

    @app.post("/login")
    def login():
        """Fill the session, from empty: what was in it may be somebody else's."""
        name = given("name")
        tickets.discard(session.get("ticket"))
        session.clear()
        session["name"] = name
        session["cart"] = []
        session["ticket"] = secrets.token_hex(8)
        tickets.add(session["ticket"])
        if "remember" in request.form:
            session.permanent = True
        return redirect(url_for("index"), 303)

    @app.post("/logout")
    def logout():
        """Empty the session, as often as one likes; ``pop`` with a default never fails."""
        tickets.discard(session.pop("ticket", None))
        session.clear()
        return redirect(url_for("index"), 303)

    @app.get("/who-unsafe")
    def who_unsafe():
        """Show the danger: believe the cookie, which may be a copy from before the logout."""
        return {"name": session.get("name")}

    @app.get("/who")
    def who():
        """Show the defence: the server remembers who is logged in, and forgets it at logout."""
        return {"name": session["name"] if session.get("ticket") in tickets else None}

    @app.post("/cart-unsafe")
    def add_and_lose():
        """Show the mistake: the list has changed, the session has not noticed."""
        cart().append(given("item"))
        return {"cart": session["cart"]}

    @app.post("/cart")
    def add():
        """Tell the session, and it is sent. A new value, set by key, it notices by itself."""
        cart().append(given("item"))
        session.modified = True
        return {"cart": session["cart"]}

    return app
