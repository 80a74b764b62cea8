"""Tell an app that it is being tested, and give it its settings before it is too late.

A visitor who meets a mistake gets an error page, and learns nothing. A test should learn all of it,
so the setting TESTING lets the exception through. And a test must never touch the real data: where
those lie has to be said before the first extension asks.

Run it: flask --app day04.testing_mode.app run
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, abort, current_app, g, redirect, render_template, request, session, url_for
from werkzeug.exceptions import InternalServerError

from .guest_book import FullError, GuestBook


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; a test names its own folder in ``config``, and whatever else it needs."""
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY=secrets.token_hex(),
        DATA_FOLDER=Path(app.instance_path) / "day04_testing_mode",
        GREETING="Hello",
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    # Last, for it reads the settings here and never again.
    book = GuestBook(app)

    @app.before_request
    def look_who_is_there():
        """Put the visitor's name where the views and ``greeting`` find it."""
        g.visitor = session.get("name", "stranger")

    @app.get("/")
    def index():
        """Greet the visitor, and list the guests who were here before."""
        return {"greeting": greeting(), "guests": book.names()}

    @app.post("/guests")
    def sign():
        """Write a name into the book, and remember the visitor by it."""
        name = request.form.get("name", "").strip()
        if not 0 < len(name) <= 30 or not name.isprintable():
            abort(400, "Send a form with a 'name' of 1 to 30 characters.")
        book.add(name)
        session["name"] = name
        return redirect(url_for("index"), 303)

    @app.get("/boom")
    def boom():
        """Fail: this is a mistake in the program, and nobody has thought of it."""
        return {"cups for each": 12 / 0}

    @app.errorhandler(FullError)
    def full(error: FullError):
        """Answer an exception that somebody has thought of. It never gets past this."""
        return {"error": str(error)}, 409

    @app.errorhandler(500)
    def sorry(error: InternalServerError):
        """Answer all the others, when they are not let through. The visitor learns nothing."""
        return render_template("sorry.html"), 500

    return app


def greeting() -> str:
    """Return a greeting in the words of the settings: they are read anew each time."""
    return f"{current_app.config['GREETING']} {g.visitor}"
