"""Make the app and the database, and import the model when the view is called."""

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
db = SQLAlchemy(app)


@app.get("/")
def index():
    """Import the model here: at the first request, this file has run to its end."""
    from .models import Book

    return {"query": str(db.select(Book).compile(db.engine))}
