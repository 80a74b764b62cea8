"""Take JSON from the body of a request, and refuse with JSON what is not what you asked for.

The client makes the body. It may not be JSON, or it may have another shape than the view expects.
For each mistake there is a response that tells the client what was wrong.

Run it: flask --app day02.json_body.app run --debug
"""

import json

from flask import Flask, abort, jsonify, request
from werkzeug.exceptions import BadRequest, HTTPException

from . import strict_json

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
DRINKS = ("tea", "coffee")

app = Flask(__name__)
# The client decides how long a body is; above this many bytes the response is 413.
app.config["MAX_CONTENT_LENGTH"] = 10_000


@app.get("/drinks")
def list_drinks():
    """Return a list: Flask sends it as a JSON array."""
    return list(DRINKS)


@app.post("/orders")
def place_order():
    """Show the defence: check the shape first, then each value."""
    order = request.get_json()
    if not isinstance(order, dict):
        abort(400, "Send a JSON object, in braces.")
    drink, cups = order.get("drink"), order.get("cups")
    if drink not in DRINKS:
        abort(400, "Send a 'drink', tea or coffee.")
    # Not isinstance: in Python, True is an int, too.
    if type(cups) is not int or not 1 <= cups <= 20:
        abort(400, "Send 'cups', a whole number from 1 to 20.")
    return {"drink": drink, "cups": cups}, 201


@app.post("/orders-unsafe")
def place_order_unsafe():
    """Show the danger: a view that expects a dict with the right names."""
    order = request.get_json()
    return {"drink": order["drink"], "cups": order["cups"]}, 201


@app.route("/any", methods=METHODS)
def read_any():
    """Take any JSON with any method; get_json refuses other types and broken JSON."""
    return describe(request.get_json())


def describe(value: object):
    """Return the value and the name of its type."""
    # jsonify raises a RecursionError here, where refuse_deep_nesting handles it.
    return jsonify(type=type(value).__name__, value=value)


@app.route("/raw", methods=METHODS)
def read_raw():
    """Return the body as it came; after get_data, the form can still be read."""
    return {"get_data": request.get_data(as_text=True), "form": request.form}


@app.route("/data", methods=METHODS)
def read_data():
    """Return what is left of the body after Flask has read a form from it."""
    return {"data": repr(request.data), "form": request.form}


@app.post("/forced")
def read_forced():
    """Show the danger: read JSON under any header, which every web page can send."""
    value = request.get_json(force=True, silent=True)
    if value is None:
        abort(400, "Send JSON, and not null.")  # silent: the view cannot tell the two apart
    return describe(value)


@app.post("/strict")
def read_strict():
    """Parse the JSON ourselves, and refuse what Python's parser accepts."""
    if not request.is_json:
        abort(415, "Send it with Content-Type: application/json.")
    try:
        value = strict_json.loads(request.get_data())
    except ValueError as error:  # broken JSON, too, and bytes that are not text
        abort(400, f"This is not valid JSON: {error}.")
    return describe(value)


@app.errorhandler(HTTPException)
def as_json(error: HTTPException):
    """Return errors as JSON, because a program reads them; status code and headers stay."""
    response = error.get_response()
    response.data = json.dumps({"error": error.name, "message": error.description}) + "\n"
    response.content_type = "application/json"
    return response


@app.errorhandler(RecursionError)
def refuse_deep_nesting(error: RecursionError):
    """Return 400 for thousands of nested levels, which no honest client sends."""
    return as_json(BadRequest("This is nested too deeply."))
