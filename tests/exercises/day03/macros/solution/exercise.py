"""A solution of the exercise."""

from flask import Flask, render_template

SOUNDS = {"kick": "k", "snare": "s", "crash": "c"}

app = Flask(__name__)


@app.get("/")
def index():
    """Show a button for each sound."""
    return render_template("exercise_drums.html", sounds=SOUNDS)
