"""Tell an app that it is being tested, and give it its settings early enough.

If a view fails, a visitor should get an error page, and a test should get the exception: the
setting TESTING decides. And a test must never touch the real data, so the app must know its folder
before the first extension reads it.

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
    """Build the app; a test gives its own folder and other settings as ``config``."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day04_testing_mode",
        GREETING="Hello",
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    app.secret_key = app.secret_key or secrets.token_hex()  # an empty key does not count
    GuestBook(app)  # after all settings: it reads them here, and only here
    app.before_request(set_visitor)
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/guests", view_func=sign, methods=["POST"])
    app.add_url_rule("/boom", view_func=boom)
    app.register_error_handler(FullError, handle_full_book)
    app.register_error_handler(500, show_error_page)
    return app


def set_visitor():
    """Store the visitor's name where the views and ``greeting`` find it."""
    g.visitor = session.get("name", "stranger")


def greeting() -> str:
    """Return the greeting of the settings, which is read again each time."""
    return f"{current_app.config['GREETING']} {g.visitor}"


def index():
    """Greet the visitor, and list the names in the guest book."""
    book = current_app.extensions["guest_book"]
    return {"greeting": greeting(), "guests": book.read_names()}


def sign():
    """Write a name into the book, and remember it for this visitor."""
    name = request.form.get("name", "").strip()
    if not 0 < len(name) <= 30 or not name.isprintable():
        abort(400, "Send a form with a 'name' of 1 to 30 characters.")
    current_app.extensions["guest_book"].add(name)
    session["name"] = name
    return redirect(url_for("index"), 303)


def boom():
    """Fail: this is a mistake in the program, and no handler expects it."""
    return {"cups for each": 12 / 0}


def handle_full_book(error: FullError):
    """Make the response for an expected exception; it never reaches the test."""
    return {"error": str(error)}, 409


def show_error_page(error: InternalServerError):
    """Make the response for all other exceptions. The visitor learns nothing about them."""
    return render_template("error.html"), 500
