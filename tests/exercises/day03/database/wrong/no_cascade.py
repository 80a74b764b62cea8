"""Wrong: the relation has no cascade, and a book with notes cannot be deleted.

Fails: test_the_notes_of_a_deleted_book_are_gone
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, abort, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.pool import NullPool


class Base(DeclarativeBase):
    """What all models have in common."""


db = SQLAlchemy(model_class=Base)


class Book(db.Model):
    """One book; an author has no other of that title."""

    __table_args__ = (UniqueConstraint("title", "author"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    author: Mapped[str] = mapped_column(String(200))
    notes: Mapped[list["Note"]] = relationship(order_by="Note.id")

    def as_dict(self) -> dict[str, Any]:
        """Return what is told about a book."""
        return {"id": self.id, "title": self.title, "author": self.author}


class Note(db.Model):
    """One line about one book."""

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(200))
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))


def sent(name: str) -> str:
    """Return a text of the JSON that was sent, or answer 400."""
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

    @app.before_request
    def prepare():
        """Create what is missing; a column added later comes only with a new file."""
        folder.mkdir(parents=True, exist_ok=True)
        db.create_all()

    @app.get("/books")
    def books():
        """List the books."""
        words = request.args.get("q", "")
        query = select(Book).where(Book.title.contains(words, autoescape=True))
        found = db.session.scalars(query.order_by(Book.title))
        return {"books": [book.as_dict() for book in found]}

    @app.post("/books")
    def add_book():
        """Put a book onto the shelf."""
        book = Book(title=sent("title"), author=sent("author"))
        db.session.add(book)
        try:
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
            abort(409, "This book is there already.")
        return book.as_dict(), 201

    @app.get("/books/<int:book_id>")
    def book(book_id: int):
        """Show a book."""
        book = db.get_or_404(Book, book_id)
        return book.as_dict() | {"notes": [note.text for note in book.notes]}

    @app.post("/books/<int:book_id>/notes")
    def add_note(book_id: int):
        """Write a line about a book."""
        book = db.get_or_404(Book, book_id)
        book.notes.append(Note(text=sent("text")))
        db.session.commit()
        return {"text": book.notes[-1].text}, 201

    @app.delete("/books/<int:book_id>")
    def delete_book(book_id: int):
        """Take a book from the shelf."""
        db.session.delete(db.get_or_404(Book, book_id))
        db.session.commit()
        return "", 204

    return app
