"""Exercise: a bookshelf.

You want to know which books you have, and to write a line about them now and then. Programs send
JSON to the shelf; a database stores it. The connection to the database and the function that reads
the JSON are finished below. The tables and the views are missing.

Tasks:

1. Store books. ``POST /books`` with a title and an author returns 201 and the book, ``GET /books``
   lists all by title, ``GET /books/<id>`` shows one. All of it is still there after a restart.
2. Refuse a book that exists. The same title by the same author is 409, and the shelf stays as it
   was. The same title by another author is another book.
3. Search for a title. ``GET /books?q=sea`` lists the books whose title contains these words. They
   are taken as they are: ``%`` and ``'`` have no special meaning.
4. Store notes. ``POST /books/<id>/notes`` with a text returns 201, ``GET /books/<id>`` lists the
   texts of this book as "notes", the oldest first.
5. Delete a book. ``DELETE /books/<id>`` returns 204, and its notes are deleted with it.

An unknown id is 404 everywhere.

Run it:   flask --app day03.database.exercise run --debug
Try it:   curl --json '{"title": "Emma", "author": "Jane Austen"}' http://127.0.0.1:5000/books
          curl http://127.0.0.1:5000/books
          curl --json '{"text": "lent to Ann"}' http://127.0.0.1:5000/books/1/notes
          curl -i -X DELETE http://127.0.0.1:5000/books/1
Check it: course check database
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, abort, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import NullPool


class Base(DeclarativeBase):
    """The base class of all models."""


db = SQLAlchemy(model_class=Base)

# TODO (task 1): class Book(db.Model), with id, title and author
# TODO (task 2): a UniqueConstraint of two columns
# TODO (task 4): class Note(db.Model), each note of one book


def sent(name: str) -> str:
    """Return a text of the JSON that was sent, or refuse the request with 400."""
    body = request.get_json()
    text = body.get(name) if isinstance(body, dict) else None
    if not isinstance(text, str) or not 0 < len(text.strip()) <= 200:
        abort(400, f"Send JSON with a text named {name}.")
    return text.strip()


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is where it keeps the database."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day03_database" / "exercise",
        SQLALCHEMY_ENGINE_OPTIONS={"poolclass": NullPool},
    )
    app.config.from_mapping(config or {})
    folder = Path(app.config["DATA_FOLDER"]).absolute()
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{folder / 'shelf.db'}"
    db.init_app(app)
    app.before_request(create_tables)
    app.add_url_rule("/books", view_func=list_books)
    app.add_url_rule("/books", view_func=add_book, methods=["POST"])
    app.add_url_rule("/books/<int:book_id>", view_func=show_book)
    app.add_url_rule("/books/<int:book_id>/notes", view_func=add_note, methods=["POST"])
    app.add_url_rule("/books/<int:book_id>", view_func=delete_book, methods=["DELETE"])
    return app


def create_tables():
    """Create what is missing; a column added later comes only with a new file."""
    Path(db.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    db.create_all()


def list_books():
    """List the books."""
    # TODO (tasks 1 and 3)
    return {"books": []}


def add_book():
    """Add a book to the shelf."""
    # TODO (tasks 1 and 2): sent("title"), sent("author")
    abort(501)


def show_book(book_id: int):
    """Show a book: {"id": …, "title": …, "author": …}, and later "notes"."""
    # TODO (tasks 1 and 4)
    abort(501)


def add_note(book_id: int):
    """Write a line about a book."""
    # TODO (task 4): sent("text")
    abort(501)


def delete_book(book_id: int):
    """Take a book from the shelf."""
    # TODO (task 5)
    abort(501)
