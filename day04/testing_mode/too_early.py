"""Show the mistake: the extension reads the settings before they are complete."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from .guest_book import GuestBook


def create_app_unsafe(config: Mapping[str, Any] | None = None) -> Flask:
    """Build an app that has the settings of ``config``, and stores its data elsewhere."""
    app = Flask(__name__)
    app.config["DATA_FOLDER"] = Path(app.instance_path) / "day04_testing_mode"
    GuestBook(app)
    app.config.from_mapping(config or {})
    return app
