"""See where ``request``, ``session``, ``current_app`` and ``g`` come from, and how long they live.

You import them like global variables, but every request has values of its own. Flask pushes a
context before your code runs and pops it afterwards. Outside of a context the names have no value.

Run it: flask --app day02.contexts.app run --debug
"""

import os
import secrets
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, copy_current_request_context, current_app, g, request, session

from .side_by_side import in_tasks, in_threads

app = Flask(__name__)
# A new key at every start, unless the environment sets one.
app.secret_key = os.environ.get("FLASK_SECRET_KEY") or secrets.token_hex()


def get_visitor() -> str:
    """Return the visitor's name; the view does not pass the request, the context has it."""
    return request.args.get("name", "stranger")


@app.get("/")
def index():
    """Use all four names."""
    return {
        "request": request.path,
        "session": list(session),
        "current_app": current_app.name,
        "g": list(g),
    }


@app.get("/hello")
def hello():
    """Greet the visitor, with a function that takes no arguments."""
    return {"hello": get_visitor()}


@app.get("/count")
def count():
    """Count in the session, which the cookie keeps, and in ``g``, which starts empty."""
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
    """Read the name in a second thread: without the context, with a copy, and from a value."""
    with ThreadPoolExecutor() as pool:
        without = pool.submit(get_visitor).exception()
        copied = pool.submit(copy_current_request_context(get_visitor)).result()
        passed = pool.submit(str.upper, get_visitor()).result()
    first_line = str(without).partition("\n")[0]
    return {"without": first_line, "copied": copied, "passed": passed}
