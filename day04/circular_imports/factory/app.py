"""Build the app in a function; no other file imports this one."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from .extensions import db
from .views import books


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Put the parts together; each call makes a new app."""
    app = Flask(__name__)
    app.config.from_mapping(SQLALCHEMY_DATABASE_URI="sqlite://")
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    db.init_app(app)
    app.register_blueprint(books)
    return app
