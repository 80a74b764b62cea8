"""A solution of the exercise: log in with the tea club."""

import hmac
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Flask, abort, redirect, request, session, url_for


class ClubError(Exception):
    """Say that the club does not know a code."""


def index():
    """Return who is logged in, or null."""
    return {"name": session.get("name")}


def orders():
    """Show the visitor's orders; the list is empty."""
    if "name" not in session:
        abort(401)
    return {"name": session["name"], "orders": []}


def is_own_path(text: str) -> bool:
    """Tell whether this is a path of this site; for browsers ``//x`` and ``/\\x`` are hosts."""
    return text.startswith("/") and not text.startswith(("//", "/\\"))


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the shop; ``CLUB_CODES`` are the codes that the club has given out, with the names."""
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY=secrets.token_hex(),
        SESSION_COOKIE_SAMESITE="Lax",
        CLUB_URL="https://club.example",
        CLUB_CLIENT="tea-shop",
        CLUB_CODES={"CODE-OF-ANN": "Ann", "CODE-OF-BEN": "Ben"},
    )
    app.config.from_mapping(config or {})
    codes = dict(app.config["CLUB_CODES"])

    def exchange(code: str) -> str:
        """Play the club: return the name of who got this code; each works once."""
        if code not in codes:
            raise ClubError(code)
        return codes.pop(code)

    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/orders", view_func=orders)

    @app.get("/login")
    def login():
        """Send the visitor to the club."""
        session["state"] = secrets.token_hex(16)
        session["next"] = request.args.get("next", "")
        params = {
            "client_id": app.config["CLUB_CLIENT"],
            "redirect_uri": url_for("callback", _external=True),
            "state": session["state"],
        }
        return redirect(f"{app.config['CLUB_URL']}/authorize?{urlencode(params)}")

    @app.get("/callback")
    def callback():
        """Take the visitor back from the club."""
        state = session.pop("state", "")
        given = request.args.get("state", "")
        if not state or not hmac.compare_digest(given.encode(), state.encode()):
            abort(403, "This login was not begun in this browser, or it is over already.")
        code = request.args.get("code")
        if not code:
            abort(400, "You did not allow it, so you are not logged in.")
        try:
            name = exchange(code)
        except ClubError:
            abort(502, "The club does not know this login. Try again.")
        session["name"] = name
        place = session.pop("next", "")
        return redirect(place if is_own_path(place) else url_for("index"), 303)

    return app
