"""Run one function before every view, and one after it.

The file ``app.py`` beside this one has further hooks and records the order in which they run.

Run it: flask --app day02.request_hooks.first run --debug
"""

from flask import Flask, g, request

app = Flask(__name__)


@app.before_request
def set_visitor():
    """Run before every view: prepare what the views need."""
    g.visitor = request.args.get("name", "stranger")


@app.after_request
def add_header(response):
    """Run after every view: change the response, and return it."""
    response.headers["X-Shop"] = "open"
    return response


@app.get("/")
def index():
    """Return what the hook has stored in ``g``."""
    return {"visitor": g.visitor}
