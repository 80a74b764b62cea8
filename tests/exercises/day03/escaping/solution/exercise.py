"""A solution of the exercise."""

from flask import Flask, render_template, request
from markupsafe import escape

app = Flask(__name__)


@app.get("/")
def index():
    """Show one message of the book; it comes from the query string."""
    name, text, page = (request.args.get(key, "") for key in ("name", "text", "page"))
    if not page.startswith(("https://", "http://")):
        page = ""
    return render_template("exercise_guests.html", name=name, text=text, page=page)


@app.get("/search")
def search():
    """Say what was searched for."""
    words = request.args.get("q", "")
    return f"<p>Nothing about {escape(words)}.</p>"
