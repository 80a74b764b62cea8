"""Keep authors, books and tags in a database, through pages and forms.

A database outlives the program, serves many visitors at once, and refuses what contradicts itself,
such as one author twice. Classes stand for its tables (``models.py``), forms for what may enter it
(``forms.py``), and a request makes all of its changes or none (``editing.py``).

Run it: flask --app day03.database.app run --debug
"""

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, abort, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from sqlalchemy.pool import NullPool
from werkzeug.exceptions import NotFound

from .editing import author_form, book_form
from .models import Author, Book, Tag, db, watch
from .samples import create_tables
from .search import search, search_unsafe

PER_PAGE = 3
# What a page is going to show, fetched beforehand: one query for each relation.
WITH_BOOKS = selectinload(Author.books).selectinload(Book.tags)
WITH_AUTHORS = selectinload(Tag.books).joinedload(Book.author)


def author_list(*options: Any):
    """Show the authors, some of them at a time."""
    number = request.args.get("page", "1")
    if not re.fullmatch("[1-9][0-9]{0,5}", number):
        abort(400, "A page is a number from 1 on.")
    query = select(Author).order_by(Author.name).options(*options)
    authors = db.paginate(query, page=int(number), per_page=PER_PAGE)  # 404 beyond the last one
    return render_template("authors.html", authors=authors)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is where it keeps the database."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day03_database",
        SECRET_KEY=os.environ.get("FLASK_SECRET_KEY") or secrets.token_hex(),
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=100_000,  # bytes
        SQLALCHEMY_ENGINE_OPTIONS={"poolclass": NullPool},  # a file need not be held open
    )
    app.config.from_mapping(config or {})
    folder = Path(app.config["DATA_FOLDER"]).absolute()
    # Before init_app, which builds the engine from it: what is set later is ignored.
    app.config.setdefault("SQLALCHEMY_DATABASE_URI", f"sqlite:///{folder / 'library.db'}")
    db.init_app(app)
    CSRFProtect(app)
    with app.app_context():
        watch(db.engine)

    @app.before_request
    def prepare():
        """Create what is missing when it is first needed, and count queries from here on."""
        create_tables()
        g.queries = 0

    @app.get("/")
    def index():
        """Show the authors; all the books come with one query, and all the tags with another."""
        return author_list(WITH_BOOKS)

    @app.get("/slow")
    def slow():
        """Show the same, with a query for each author's books and one for each book's tags."""
        return author_list()

    @app.route("/authors/new", methods=["GET", "POST"])
    def new_author():
        """Create an author."""
        return author_form("A new author", Author())

    @app.get("/authors/<int:author_id>")
    def author(author_id: int):
        """Read an author."""
        author = db.get_or_404(Author, author_id, options=[WITH_BOOKS])
        return render_template("author.html", author=author)

    @app.route("/authors/<int:author_id>/edit", methods=["GET", "POST"])
    def edit_author(author_id: int):
        """Update an author."""
        author = db.get_or_404(Author, author_id)
        return author_form(f"Change {author.name}", author)

    @app.post("/authors/<int:author_id>/delete")
    def delete_author(author_id: int):
        """Delete an author, and with the author all the books."""
        db.session.delete(db.get_or_404(Author, author_id))
        db.session.commit()
        return redirect(url_for("index"), 303)

    @app.route("/authors/<int:author_id>/books/new", methods=["GET", "POST"])
    def new_book(author_id: int):
        """Create a book of this author."""
        author = db.get_or_404(Author, author_id)
        return book_form(f"A new book by {author.name}", Book(author_id=author.id))

    @app.route("/books/<int:book_id>/edit", methods=["GET", "POST"])
    def edit_book(book_id: int):
        """Update a book."""
        book = db.get_or_404(Book, book_id)
        return book_form(f"Change {book.title}", book)

    @app.post("/books/<int:book_id>/delete")
    def delete_book(book_id: int):
        """Delete a book; its tags stay, for others may carry them."""
        book = db.get_or_404(Book, book_id)
        db.session.delete(book)
        db.session.commit()
        return redirect(url_for("author", author_id=book.author_id), 303)

    @app.get("/tags/<int:tag_id>")
    def tag(tag_id: int):
        """Show the books of a tag: the same relation, read from its other end."""
        tag = db.get_or_404(Tag, tag_id, options=[WITH_AUTHORS])
        return render_template("tag.html", tag=tag)

    app.add_url_rule("/search", view_func=search)
    app.add_url_rule("/search-unsafe", view_func=search_unsafe)

    @app.errorhandler(OverflowError)
    def too_large(error: OverflowError):
        """Answer an id that no row can have, for SQLite's numbers end before it."""
        return NotFound()

    return app
