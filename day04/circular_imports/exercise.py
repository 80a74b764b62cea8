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

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config.from_mapping(SQLALCHEMY_DATABASE_URI="sqlite://", SHOP_NAME="Books and tea")
# TODO (task 1): this needs an app, so exercise_models.py has to wait for this file
db = SQLAlchemy(app)


# TODO (task 2): without ``app`` at the top, the views are registered in create_app
@app.get("/")
def index():
    """Say whose shop this is."""
    return {"shop": current_app.config["SHOP_NAME"]}


@app.get("/tables")
def list_tables():
    """List the tables that the app knows."""
    return {"tables": sorted(db.metadata.tables)}


@app.get("/books")
def show_query():
    """Return the query that finds all books."""
    from .exercise_models import Book

    return {"query": str(db.select(Book).compile(db.engine))}
