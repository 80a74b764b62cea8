"""A solution of the exercise."""

import os
import re
import secrets
from hashlib import sha256

from flask import Flask, current_app

FORMS = {
    "SMS_KEY": r"[a-zA-Z0-9]{20,40}",
    "SMS_SENDER": r"[a-zA-Z]{3,11}",
    "SMS_LIMIT": r"[1-9][0-9]{0,2}",
}


class SettingError(ValueError):
    """Say which settings are wrong."""


def create_app() -> Flask:
    """Build the shop from the environment variables."""
    app = Flask(__name__)
    values = {
        "SMS_KEY": os.environ.get("SMS_KEY"),
        "SMS_SENDER": os.environ.get("SMS_SENDER", "TeaShop"),
        "SMS_LIMIT": os.environ.get("SMS_LIMIT", "100"),
    }
    if not values["SMS_KEY"] and os.environ.get("SHOP_ENV") != "production":
        values["SMS_KEY"] = secrets.token_hex(16)
    wrong = [name for name, form in FORMS.items() if not re.fullmatch(form, values[name] or "")]
    if wrong:
        raise SettingError(f"Missing, or not of the right form: {', '.join(wrong)}.")
    app.config.update(values, SMS_LIMIT=int(values["SMS_LIMIT"]))
    app.add_url_rule("/settings", view_func=settings)
    app.add_url_rule("/key", view_func=key)
    return app


def settings():
    """Show the settings, and of the secret one only that it is set."""
    shown = {name: current_app.config[name] for name in ("SMS_SENDER", "SMS_LIMIT")}
    return {"SMS_KEY": "set", **shown}


def key():
    """Show how long the key is and a digest of it, from which no one can compute the key."""
    text = current_app.config["SMS_KEY"]
    return {"characters": len(text), "sha256": sha256(text.encode()).hexdigest()}
