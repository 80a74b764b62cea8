"""Read an application's settings from five sources, of which the later ones win.

What differs between your laptop, a test and a server is a setting, not code. So the same code runs
in all three places, and no password is part of it.

Run it: flask --app day01.configuration.app run --debug
"""

import secrets
import tomllib
from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, current_app, render_template

# The settings that visitors may see. A list of what is allowed keeps later secrets hidden, too.
PUBLIC = ("GREETING", "CURRENCY", "PAGE_SIZE", "COUNTRIES")


class Defaults:
    """Hold the settings of the first start; only names in upper case are settings."""

    GREETING = "Welcome!"
    CURRENCY = "EUR"
    page_sizes = (10, 20, 50)
    PAGE_SIZE = page_sizes[0]

    def make_key(self) -> str:
        """Return a new key for every application that is built."""
        return secrets.token_hex()

    SECRET_KEY = property(make_key)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the shop; a test gives its own settings as ``config``."""
    app = Flask(__name__)
    history = app.extensions["history"] = {}
    app.config.from_object(Defaults())
    history["Defaults"] = public_settings(app)
    app.config.from_pyfile("shop.cfg")
    history["shop.cfg"] = public_settings(app)
    app.config.from_file("shop.toml", load=tomllib.load, text=False)
    history["shop.toml"] = public_settings(app)
    app.config.from_prefixed_env()
    history["environment"] = public_settings(app)
    app.config.from_mapping(config or {})
    history["create_app"] = public_settings(app)
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/settings/<name>", view_func=get_setting)
    return app


def public_settings(app: Flask) -> dict[str, Any]:
    """Return the public settings as they are now."""
    return {name: app.config.get(name) for name in PUBLIC}


def format_price(amount: float) -> str:
    """Write a price in the shop's currency; ``current_app`` is the app of this request."""
    return f"{amount:.2f} {current_app.config['CURRENCY']}"


def index():
    """Show the public settings after each source; the last row is in force."""
    history = current_app.extensions["history"]
    return render_template("index.html", tea=format_price(4.9), public=PUBLIC, history=history)


def get_setting(name: str):
    """Return one public setting after each source; for any other name return 404."""
    if name not in PUBLIC:
        abort(404)
    history = current_app.extensions["history"]
    return [{"after": source, "value": values[name]} for source, values in history.items()]
