"""Exercise: make an app that can be tested.

The wish list of a tea shop works, but no one can write a test for it. A test would write into the
real list of the shop, and a mistake in a view looks like any other page.

Tasks:

1. Let a test choose the folder. With ``create_app({"DATA_FOLDER": ...})`` the wishes are stored in
   that folder, and in no other.
2. Let a mistake reach the test. With ``TESTING`` the exception of ``/average`` for an empty list
   goes through to the caller. Without it, a visitor gets the page of ``show_error_page`` and 500.
3. Tell an expected error from a mistake. If the list is full, the response is 409 with the JSON
   ``{"error": "The list is full."}``, with ``TESTING`` and without it.

Run it:   flask --app day04.testing_mode.exercise run
Try it:   curl -d wish=matcha http://127.0.0.1:5000/wishes
          curl http://127.0.0.1:5000/wishes
          curl -i http://127.0.0.1:5000/average
Check it: course check testing_mode
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, current_app, request

MOST = 3


class FullError(Exception):
    """Mean that the list has no room for another wish."""


class WishList:
    """Store the wishes in a file, one on each line."""

    def __init__(self, app: Flask) -> None:
        """Read the settings once, as most extensions do."""
        self.path = Path(app.config["DATA_FOLDER"]) / "wishes.txt"
        app.extensions["wishes"] = self

    def read(self) -> list[str]:
        """Return all wishes, the first one first."""
        return self.path.read_text("utf-8").splitlines() if self.path.exists() else []

    def add(self, wish: str) -> None:
        """Add a wish; raise ``FullError`` if there is no room."""
        if len(self.read()) >= MOST:
            raise FullError("The list is full.")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{wish}\n")


def show_wishes():
    """List the wishes."""
    return {"wishes": current_app.extensions["wishes"].read()}


def add_wish():
    """Store the wish of the form."""
    current_app.extensions["wishes"].add(request.form["wish"])
    return {"stored": request.form["wish"]}, 201


def average():
    """Return how long a wish is; no one has thought of an empty list."""
    wishes = current_app.extensions["wishes"].read()
    return {"letters": sum(map(len, wishes)) / len(wishes)}


def show_error_page(error):
    """Tell the visitor nothing about the mistake."""
    return "<h1>Something went wrong</h1>", 500


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; a test gives its own settings as ``config``."""
    app = Flask(__name__)
    app.config.from_mapping(DATA_FOLDER=Path(app.instance_path) / "day04_testing_mode")
    WishList(app)
    # TODO (task 1): the list has read its folder already
    app.config.from_mapping(config or {})
    app.add_url_rule("/wishes", view_func=show_wishes)
    app.add_url_rule("/wishes", view_func=add_wish, methods=["POST"])
    app.add_url_rule("/average", view_func=average)
    # TODO (task 2): this handler takes every exception, so none reaches a test
    # TODO (task 3): a handler for FullError alone
    app.register_error_handler(Exception, show_error_page)
    return app
