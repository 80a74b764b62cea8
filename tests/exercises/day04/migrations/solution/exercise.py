"""Exercise: change a table that has rows.

A library has books, and their titles are in its database. Now it wants to know how many copies it
has of each. The model below says so already; the database does not. Write the migration: the two
functions in ``exercise_migrations/versions/0002_count_copies.py``.

Tasks:

1. Write ``upgrade``. Each book gets the column ``copies``, a number that must not be NULL. The
   books that are there have one copy each.
2. Keep the table as the model says. After ``upgrade``, ``flask db check`` finds nothing to change.
3. Write ``downgrade``. The column goes, all books stay, and ``upgrade`` works again afterwards.

Run it:   flask --app day04.migrations.exercise db upgrade
          flask --app day04.migrations.exercise db check
          flask --app day04.migrations.exercise db downgrade
          flask --app day04.migrations.exercise run
Try it:   curl http://127.0.0.1:5000/
Check it: course check migrations
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import flask_migrate
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, mapped_column

FOLDER = Path(__file__).parent / "exercise_migrations"

db = SQLAlchemy()


class Book(db.Model):
    """One row of the table ``book``."""

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    copies: Mapped[int]


def show_books():
    """Return the rows with the columns that the database has now."""
    found = db.session.execute(db.text("SELECT * FROM book ORDER BY id"))
    return {"books": [dict(row) for row in found.mappings()]}


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the library; its database is a file in ``instance``."""
    app = Flask(__name__)
    folder = Path(app.instance_path) / "day04_migrations"
    folder.mkdir(parents=True, exist_ok=True)
    app.config.from_mapping(SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'exercise.db'}")
    app.config.from_mapping(config or {})
    db.init_app(app)
    # Batch mode: SQLite cannot change much of a table, so alembic makes a new one and copies.
    flask_migrate.Migrate(app, db, FOLDER, render_as_batch=True)
    app.add_url_rule("/", view_func=show_books)
    return app


def run(*commands: str) -> dict[str, Any]:
    """Do what ``flask db upgrade 0001`` and others do, in memory, for the check; return the rows.

    ``differences`` are those between the tables and the models, which ``flask db check`` lists.
    """
    app = create_app({"SQLALCHEMY_DATABASE_URI": "sqlite://"})
    with app.app_context():
        for command in commands:
            name, _, revision = command.partition(" ")
            step = {"upgrade": flask_migrate.upgrade, "downgrade": flask_migrate.downgrade}[name]
            step(revision=revision)
        tables = MigrationContext.configure(db.session.connection())
        differences = [str(each) for each in compare_metadata(tables, db.metadata)]
        return show_books() | {"differences": differences}
