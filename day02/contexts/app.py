"""See where ``request``, ``session``, ``current_app`` and ``g`` come from, and how long each lives.

They are imported like global variables, and yet every request finds its own values in them. Flask
puts those into a context before your code runs and takes them away afterwards; outside of a context
the four names stand for nothing.

Run it: flask --app day02.contexts.app run --debug
"""

import os
import secrets
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, copy_current_request_context, current_app, g, request, session

from .side_by_side import in_tasks, in_threads

app = Flask(__name__)
# Another key at every start, unless the environment brings one that stays.
app.secret_key = os.environ.get("FLASK_SECRET_KEY") or secrets.token_hex()


def visitor() -> str:
    """Tell who asks. Nobody handed the request in: it is found in the context."""
    return request.args.get("name", "stranger")


@app.get("/")
def index():
    """Ask all four of them."""
    return {
        "request": request.path,
        "session": list(session),
        "current_app": current_app.name,
        "g": list(g),
    }


@app.get("/hello")
def hello():
    """Greet whoever asks, with a function that takes no arguments."""
    return {"hello": visitor()}


@app.get("/count")
def count():
    """Count in the session, which the visitor brings along, and in ``g``, which starts empty."""
    session["requests"] = session.get("requests", 0) + 1
    g.requests = g.get("requests", 0) + 1
    return {"session": session["requests"], "g": g.requests}


@app.get("/side-by-side")
def side_by_side():
    """Handle three requests at the same time, in three threads and in three asyncio tasks."""
    names = ["Ann", "Bo", "Cy"]
    return {"threads": in_threads(app, names), "tasks": in_tasks(app, names)}


@app.get("/helper")
def helper():
    """Ask for the visitor in a second thread: without the context, with a copy, with the value."""
    with ThreadPoolExecutor() as pool:
        without = pool.submit(visitor).exception()
        copied = pool.submit(copy_current_request_context(visitor)).result()
        handed_in = pool.submit(str.upper, visitor()).result()
    first_line = str(without).partition("\n")[0]
    return {"without": first_line, "copied": copied, "handed in": handed_in}
