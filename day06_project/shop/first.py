"""The skeleton of the shop in one file: settings, a blueprint, a factory.

The package around this file has a module for each part.

Run it: flask --app day06_project.shop.first run --debug
"""

import os
import secrets

from flask import Blueprint, Flask

api = Blueprint("api", __name__)


class Config:
    """Hold the settings of every environment."""

    MAX_CONTENT_LENGTH = 64 * 1024

    def __init__(self):
        """Read the key of this process, or take a random one."""
        self.SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_hex()


class ProductionConfig(Config):
    """Change what is different in production."""

    SESSION_COOKIE_SECURE = True


CONFIGS = {"development": Config, "production": ProductionConfig}


@api.get("/health")
def health():
    """Say that the shop runs."""
    return {"status": "ok"}


def create_app(config=None):
    """Build the shop: settings first, then its parts."""
    app = Flask(__name__)
    environment = os.environ.get("FLASK_CONFIG", "development")
    app.config.from_object(CONFIGS[environment]())
    app.config.from_mapping(config or {})
    app.register_blueprint(api, url_prefix="/api/v1.0")
    return app
