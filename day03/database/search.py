"""Search for titles in two ways: with SQL built from text, and with a bound parameter."""
# ruff: noqa: S608 (the danger of SQL built from text is a part of the lesson)

from flask import abort, render_template, request
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from .forms import CONTROL_CHARACTERS
from .models import Book, db


def read_words() -> str:
    """Return what the visitor searches for; refuse what no search box sends."""
    words = request.args.get("q", "")
    if len(words) > 200 or CONTROL_CHARACTERS.search(words):
        abort(400, "Search for at most 200 characters, all of them visible.")
    return words


def search_unsafe():
    """Show the danger: what the visitor typed becomes part of the SQL."""
    words = read_words()
    sql = f"SELECT title FROM book WHERE title LIKE '%{words}%' ORDER BY title"
    try:
        titles = db.session.scalars(text(sql)).all()
    except SQLAlchemyError:  # an apostrophe in the words is enough
        abort(400, f"The database cannot read this: {sql}")
    return render_template("search.html", words=words, sql=sql, values={}, titles=titles)


def search():
    """Show the defence: the SQL is complete, and the words are sent beside it."""
    words = read_words()
    query = select(Book.title).order_by(Book.title)
    query = query.where(Book.title.contains(words, autoescape=True))
    titles = db.session.scalars(query).all()
    sql, values = str(query), query.compile().params
    return render_template("search.html", words=words, sql=sql, values=values, titles=titles)
