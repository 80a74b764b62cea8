"""A solution of the exercise."""

from flask import Flask, render_template, request

app = Flask(__name__)


@app.get("/")
def index():
    """Show the trains, which come from the query string: name=minutes."""
    trains = [{"name": name, "minutes": int(value)} for name, value in request.args.items()]
    return render_template("exercise_board.html", trains=trains)
