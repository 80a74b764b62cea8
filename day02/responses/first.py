"""Return three values from three views; Flask makes a response from each.

The file ``app.py`` beside this one shows the other values that a view can return.

Run it: flask --app day02.responses.first run --debug
"""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    """Return text: it becomes the body, with status code 200."""
    return "Welcome to the tea house.\n"


@app.get("/order")
def order():
    """Return a body and a status code."""
    return "Your tea is on its way.\n", 202


@app.get("/teas")
def list_teas():
    """Return a list: Flask sends it as JSON."""
    return ["green", "black", "oolong"]
