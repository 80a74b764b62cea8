"""Keep app, database and model in one file, which imports no other file of ours.

The folders beside this file cut the same program into several files.

Run it: flask --app day04.circular_imports.first run --debug
"""

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, mapped_column

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
db = SQLAlchemy(app)


class Book(db.Model):
    """One row of the table ``book``."""

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]


@app.get("/")
def index():
    """Return the query that finds all books."""
    return {"query": str(db.select(Book).compile(db.engine))}
