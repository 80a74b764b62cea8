"""A solution of the exercise."""

from flask import Flask, render_template, request

app = Flask(__name__)


@app.get("/")
def index():
    """Show one book, whose facts come from the query string. The filters are in the template."""
    return render_template(
        "exercise_book.html",
        title=request.args.get("title", ""),
        authors=request.args.getlist("author"),
        price=request.args.get("price", 0.0, type=float),
    )
