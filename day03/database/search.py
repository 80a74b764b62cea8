"""Look for titles in two ways: with SQL put together from text, and with a bound parameter."""

from flask import abort, render_template, request
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from .forms import CONTROL_CHARACTERS
from .models import Book, db


def words_asked_for() -> str:
    """Return what the visitor looks for; refuse what no search box sends."""
    words = request.args.get("q", "")
    if len(words) > 200 or CONTROL_CHARACTERS.search(words):
        abort(400, "Look for at most 200 characters, all of them visible.")
    return words


def search_unsafe():
    """Show the danger: what the visitor typed becomes part of the SQL."""
    words = words_asked_for()
    sql = f"SELECT title FROM book WHERE title LIKE '%{words}%' ORDER BY title"  # noqa: S608
    try:
        titles = db.session.scalars(text(sql)).all()
    except SQLAlchemyError:  # an apostrophe among the words is enough
        abort(400, f"The database cannot read this: {sql}")
    return render_template("search.html", words=words, sql=sql, values={}, titles=titles)


def search():
    """Show the defence: the SQL is finished before, and the words travel beside it."""
    words = words_asked_for()
    query = select(Book.title).order_by(Book.title)
    query = query.where(Book.title.contains(words, autoescape=True))
    titles = db.session.scalars(query).all()
    sql, values = str(query), query.compile().params
    return render_template("search.html", words=words, sql=sql, values=values, titles=titles)
