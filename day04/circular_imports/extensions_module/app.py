"""Make the app, and connect ``db`` with it."""

from flask import Flask

from .extensions import db
from .models import Book

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
db.init_app(app)


@app.get("/")
def index():
    """Return the query that finds all books."""
    return {"query": str(db.select(Book).compile(db.engine))}
