"""Return a page of HTML: a template, filled in by a view, with a style sheet of its own.

The file ``app.py`` beside this one shows what else the application object knows about its folders.

Run it: flask --app day01.application.first run --debug
"""

from flask import Flask, render_template

app = Flask(__name__)


@app.get("/")
def index():
    """Return the card, made out to a friend."""
    return render_template("card.html", name="my friend")


@app.get("/for/<name>")
def card(name: str):
    """Return the same card with the name from the path."""
    return render_template("card.html", name=name)
