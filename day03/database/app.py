"""Keep authors, books and tags in a database, and change them through pages and forms.

A database outlives the program, serves many visitors at once, and refuses data that break its
rules, such as a second author of one name. Classes stand for its tables (``models.py``), forms say
what may enter it (``forms.py``), and a request makes all of its changes or none (``editing.py``).

Run it: flask --app day03.database.app run --debug
"""

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
from .models import Author, Book, Tag, db, set_up_engine
from .samples import create_tables
from .search import search, search_unsafe

PER_PAGE = 3
# What a page shows, loaded with one query for each relation.
WITH_BOOKS = selectinload(Author.books).selectinload(Book.tags)
WITH_AUTHORS = selectinload(Tag.books).joinedload(Book.author)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is where it keeps the database."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day03_database",
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=100_000,  # bytes
        SQLALCHEMY_ENGINE_OPTIONS={"poolclass": NullPool},  # close the file after each use
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    app.secret_key = app.secret_key or secrets.token_hex()  # an empty key does not count
    folder = Path(app.config["DATA_FOLDER"]).absolute()
    # Before init_app, which builds the engine from it: a later value has no effect.
    app.config.setdefault("SQLALCHEMY_DATABASE_URI", f"sqlite:///{folder / 'library.db'}")
    db.init_app(app)
    CSRFProtect(app)
    with app.app_context():
        set_up_engine(db.engine)
    app.before_request(prepare)
    app.register_error_handler(OverflowError, show_not_found)
    add_rules(app)
    return app


def add_rules(app: Flask) -> None:
    """Connect each path with its view."""
    form = ["GET", "POST"]
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/slow", view_func=slow)
    app.add_url_rule("/authors/new", view_func=new_author, methods=form)
    app.add_url_rule("/authors/<int:author_id>", view_func=show_author)
    app.add_url_rule("/authors/<int:author_id>/edit", view_func=edit_author, methods=form)
    app.add_url_rule("/authors/<int:author_id>/delete", view_func=delete_author, methods=["POST"])
    app.add_url_rule("/authors/<int:author_id>/books/new", view_func=new_book, methods=form)
    app.add_url_rule("/books/<int:book_id>/edit", view_func=edit_book, methods=form)
    app.add_url_rule("/books/<int:book_id>/delete", view_func=delete_book, methods=["POST"])
    app.add_url_rule("/tags/<int:tag_id>", view_func=show_tag)
    app.add_url_rule("/search", view_func=search)
    app.add_url_rule("/search-unsafe", view_func=search_unsafe)


def prepare():
    """Create the tables when they are first needed, and count the queries from here on."""
    create_tables()
    g.queries = 0


def show_not_found(error: OverflowError):
    """Return 404 for an id that is too large for SQLite: no row can have it."""
    return NotFound()


def index():
    """Show the authors; one query loads all their books, and one all the tags."""
    return list_authors(WITH_BOOKS)


def slow():
    """Show the same page, with a query for the books of each author and the tags of each book."""
    return list_authors()


def list_authors(*options: Any):
    """Show one page of the list of authors."""
    number = request.args.get("page", "1")
    if not re.fullmatch("[1-9][0-9]{0,5}", number):
        abort(400, "A page is a number from 1 on.")
    query = select(Author).order_by(Author.name).options(*options)
    authors = db.paginate(query, page=int(number), per_page=PER_PAGE)  # 404 after the last page
    return render_template("authors.html", authors=authors)


def new_author():
    """Create an author."""
    return author_form("A new author", Author())


def show_author(author_id: int):
    """Read an author."""
    author = db.get_or_404(Author, author_id, options=[WITH_BOOKS])
    return render_template("author.html", author=author)


def edit_author(author_id: int):
    """Update an author."""
    author = db.get_or_404(Author, author_id)
    return author_form(f"Change {author.name}", author)


def delete_author(author_id: int):
    """Delete an author; the books of the author are deleted, too."""
    db.session.delete(db.get_or_404(Author, author_id))
    db.session.commit()
    return redirect(url_for("index"), 303)


def new_book(author_id: int):
    """Create a book of this author."""
    author = db.get_or_404(Author, author_id)
    return book_form(f"A new book by {author.name}", Book(author_id=author.id))


def edit_book(book_id: int):
    """Update a book."""
    book = db.get_or_404(Book, book_id)
    return book_form(f"Change {book.title}", book)


def delete_book(book_id: int):
    """Delete a book; its tags stay, because other books can have them."""
    book = db.get_or_404(Book, book_id)
    db.session.delete(book)
    db.session.commit()
    return redirect(url_for("show_author", author_id=book.author_id), 303)


def show_tag(tag_id: int):
    """Show the books of a tag: the same relation, read from its other end."""
    tag = db.get_or_404(Tag, tag_id, options=[WITH_AUTHORS])
    return render_template("tag.html", tag=tag)
