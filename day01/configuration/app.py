"""Collect an application's settings from five sources, of which the later ones win.

What differs between your laptop, a test and a server is a setting, not code. Kept apart, the same
code runs in all three places, and a password need not stand in it.

Run it: flask --app day01.configuration.app run --debug
"""

import secrets
import tomllib
from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, current_app, render_template

# The settings that may be shown. A list of what is allowed, so that a secret that somebody adds
# next year stays inside.
PUBLIC = ("GREETING", "CURRENCY", "PAGE_SIZE", "COUNTRIES")


class Defaults:
    """Settings for the first start. Only the names in capitals are taken over."""

    GREETING = "Welcome!"
    CURRENCY = "EUR"
    page_sizes = (10, 20, 50)
    PAGE_SIZE = page_sizes[0]

    @property
    def SECRET_KEY(self) -> str:  # noqa: N802 - the name of a setting
        """Make another key for every application that is built."""
        return secrets.token_hex()


def price(amount: float) -> str:
    """Write a price in the shop's currency; ``current_app`` stands for the app at work."""
    return f"{amount:.2f} {current_app.config['CURRENCY']}"


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the shop; tests say in ``config`` what they need."""
    app = Flask(__name__)
    history = {}

    def note(source: str) -> None:
        """Keep the public settings as they are now, for the page to show."""
        history[source] = {name: app.config.get(name) for name in PUBLIC}

    app.config.from_object(Defaults())
    note("Defaults")
    app.config.from_pyfile("shop.cfg")
    note("shop.cfg")
    app.config.from_file("shop.toml", load=tomllib.load, text=False)
    note("shop.toml")
    app.config.from_prefixed_env()
    note("environment")
    app.config.from_mapping(config or {})
    note("create_app")

    @app.get("/")
    def index():
        """Show the public settings after each source; the last row is in force."""
        return render_template("index.html", tea=price(4.9), public=PUBLIC, history=history)

    @app.get("/settings/<name>")
    def setting(name: str):
        """Tell the story of one public setting; of any other, not even that it exists."""
        if name not in PUBLIC:
            abort(404)
        return [{"after": source, "value": values[name]} for source, values in history.items()]

    return app
