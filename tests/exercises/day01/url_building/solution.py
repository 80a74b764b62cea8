"""A solution of the exercise."""

from flask import Flask, redirect, request, url_for

app = Flask(__name__)


@app.get("/plants/<int:plant_id>")
def plant(plant_id: int):
    """Show one plant."""
    return f"Plant {plant_id}"


@app.get("/search")
def search():
    """Show what was searched for."""
    return request.args.get("q", "")


@app.get("/thanks")
def thanks():
    """Thank for an order."""
    return "Thank you."


@app.get("/")
def index():
    """Show the paths of two plants."""
    return [url_for("plant", plant_id=7), url_for("plant", plant_id=8)]


@app.get("/tulips")
def tulips():
    """Show the path of a search."""
    return url_for("search", q="red tulips")


@app.post("/order")
def order():
    """Take an order."""
    return redirect(url_for("thanks"), code=303)
