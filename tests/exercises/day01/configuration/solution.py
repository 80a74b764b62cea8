"""A solution of the exercise: settings for two environments."""

import os
import secrets
import tomllib
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from flask import Flask

PUBLIC = ("CURRENCY", "PAGE_SIZE", "SHOW_DRAFTS")


class Settings:
    """What both environments have in common."""

    CURRENCY = "EUR"
    PAGE_SIZE = 10
    SHOW_DRAFTS = False


class Development(Settings):
    """Settings for the laptop."""

    PAGE_SIZE = 5
    SHOW_DRAFTS = True

    @property
    def SECRET_KEY(self) -> str:  # noqa: N802 - the name of a setting
        """Make another key for every application that is built."""
        return secrets.token_hex()


class Production(Settings):
    """Settings for the server; its key comes from outside."""

    PAGE_SIZE = 50


ENVIRONMENTS = {"development": Development, "production": Production}


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the shop; tests say in ``config`` what they need."""
    app = Flask(__name__)
    name = os.environ.get("SHOP_ENV", "development")
    if name not in ENVIRONMENTS:
        raise ValueError(f"SHOP_ENV is {name!r}; it must be one of {', '.join(ENVIRONMENTS)}.")
    app.config.from_object(ENVIRONMENTS[name]())
    app.config.from_file("exercise.toml", load=tomllib.load, text=False, silent=True)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    if not app.config["SECRET_KEY"]:
        raise ValueError("Set FLASK_SECRET_KEY: in production the key comes from outside.")

    @app.get("/settings")
    def settings():
        """Show the settings that are not secret."""
        return {name: app.config.get(name) for name in PUBLIC}

    @app.get("/key")
    def key():
        """Show by which key the app signs, without showing the key."""
        return {"sha256": sha256((app.config["SECRET_KEY"] or "").encode()).hexdigest()}

    return app
