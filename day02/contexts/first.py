"""Read the request in a function that has no parameter.

The file ``app.py`` beside this one shows what is in a context, and how long it lives.

Run it: flask --app day02.contexts.first run --debug
"""

from flask import Flask, request

app = Flask(__name__)


def get_visitor():
    """Return the visitor's name; the view does not pass the request, the context has it."""
    return request.args.get("name", "stranger")


@app.get("/hello")
def hello():
    """Greet the visitor."""
    return {"hello": get_visitor()}
