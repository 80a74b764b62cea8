"""Exercise: end a circular import.

A book shop has two files that need each other: this one and ``exercise_models.py``. It starts,
because one import hides in a view. So the app does not know its table before someone has asked for
the books.

Tasks:

1. Make ``db`` in a file of its own, ``exercise_db.py``, without an app. Both files import it from
   there, at their top. Then ``/tables`` lists the table ``book`` from the first request on.
2. Build the app in a function. ``create_app(config)`` returns a new app with all three views, and
   the settings in ``config`` replace those of this file.

Run it:   flask --app day04.circular_imports.exercise run --debug
Try it:   curl http://127.0.0.1:5000/tables
          curl http://127.0.0.1:5000/books
          curl http://127.0.0.1:5000/
Check it: course check circular_imports
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app

from .exercise_db import db
from .exercise_models import Book


def index():
    """Say whose shop this is."""
    return {"shop": current_app.config["SHOP_NAME"]}


def list_tables():
    """List the tables that the app knows."""
    return {"tables": sorted(db.metadata.tables)}


def show_query():
    """Return the query that finds all books."""
    return {"query": str(db.select(Book).compile(db.engine))}


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the shop."""
    app = Flask(__name__)
    app.config.from_mapping(SQLALCHEMY_DATABASE_URI="sqlite://", SHOP_NAME="Books and tea")
    app.config.from_mapping(config or {})
    db.init_app(app)
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/tables", view_func=list_tables)
    app.add_url_rule("/books", view_func=show_query)
    return app
