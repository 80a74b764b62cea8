"""Make the tables of a small library with migrations.

The file ``app.py`` beside this one has a workspace for changes of the tables.

Run it: flask --app day04.migrations.first db --help
"""

from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.pool import NullPool

db = SQLAlchemy()


class Author(db.Model):
    """The table ``author``."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def create_app(config=None):
    """Build the app, and add the commands ``flask db`` to it."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day04_migrations",
        SQLALCHEMY_ENGINE_OPTIONS={"poolclass": NullPool},  # close the file after each use
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    folder = Path(app.config["DATA_FOLDER"]).absolute() / "first"
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{folder / 'library.db'}"
    db.init_app(app)
    Migrate(app, db, directory=folder / "migrations")
    return app
