"""A solution of the exercise."""

from flask import Flask, abort, request

BREADS = ("rye", "wheat")

app = Flask(__name__)


@app.get("/search")
def search():
    """Read the query string."""
    page = request.args.get("page", 1, type=int)
    return {"page": page, "word": request.args["word"]}


@app.post("/order")
def order():
    """Read a form, and check the value."""
    bread = request.form["bread"]
    if bread not in BREADS:
        abort(400, "We have rye and wheat.")
    return {"bread": bread}
