"""Make the app and the database; the view needs the model."""

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from .models import Book

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
db = SQLAlchemy(app)


@app.get("/")
def index():
    """Show the query that finds all books; it takes the model and the database to write it."""
    return {"query": str(db.select(Book).compile(db.engine))}
