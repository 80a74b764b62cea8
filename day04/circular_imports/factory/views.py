"""Define the views on a blueprint, which needs no app."""

from flask import Blueprint

from .extensions import db
from .models import Book

books = Blueprint("books", __name__)


@books.get("/")
def index():
    """Return the query that finds all books."""
    return {"query": str(db.select(Book).compile(db.engine))}
