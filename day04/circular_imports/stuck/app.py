"""Make the app and the database; the view needs the model."""

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from .models import Book

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
db = SQLAlchemy(app)


@app.get("/")
def index():
    """Return the query that finds all books; this needs the model and ``db``."""
    return {"query": str(db.select(Book).compile(db.engine))}
