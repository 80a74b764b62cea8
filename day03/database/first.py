"""Store authors in a database, and list them.

The file ``app.py`` beside this one is a library with books, tags, pages and forms.

Run it: flask --app day03.database.first run --debug
"""

from pathlib import Path

from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import NullPool


class Base(DeclarativeBase):
    """The base class of all models."""


db = SQLAlchemy(model_class=Base)


class Author(db.Model):
    """The table ``author``; an object is one row of it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def create_app(config=None):
    """Build the app, and the file of its database."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day03_database",
        SQLALCHEMY_ENGINE_OPTIONS={"poolclass": NullPool},  # close the file after each use
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    folder = Path(app.config["DATA_FOLDER"]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{folder / 'first.db'}"
    db.init_app(app)
    with app.app_context():
        db.create_all()
    app.add_url_rule("/authors", view_func=list_authors)
    app.add_url_rule("/authors", view_func=add_author, methods=["POST"])
    return app


def list_authors():
    """Read the rows of the table, in the order of the names."""
    authors = db.session.scalars(select(Author).order_by(Author.name))
    return [{"id": author.id, "name": author.name} for author in authors]


def add_author():
    """Add a row, and commit: only then it is stored."""
    author = Author(name=request.form["name"])
    db.session.add(author)
    db.session.commit()
    return {"id": author.id, "name": author.name}, 201
