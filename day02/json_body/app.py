"""Take JSON out of the body of a request, and refuse what is not what you asked for, in JSON too.

A body is bytes that somebody else has put together. They may be no JSON at all, or JSON of another
shape than the view has in mind. For each there is an answer that says whose mistake it was.

Run it: flask --app day02.json_body.app run --debug
"""

import json

from flask import Flask, abort, jsonify, request
from werkzeug.exceptions import BadRequest, HTTPException

from . import careful

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
DRINKS = ("tea", "coffee")

app = Flask(__name__)
# Whoever sends decides how much; above this many bytes of body the answer is 413.
app.config["MAX_CONTENT_LENGTH"] = 10_000


def described(value: object):
    """Answer with the value and the name of its type."""
    # Called here, not left to Flask, so that nested_too_deeply sees what goes wrong in it.
    return jsonify(type=type(value).__name__, value=value)


@app.get("/drinks")
def drinks():
    """Send JSON, to have seen some: a list that a view returns goes out as a JSON array."""
    return list(DRINKS)


@app.route("/raw", methods=METHODS)
def raw():
    """Take the body as it came, before anything has read it; the form can still be read after."""
    return {"get_data": request.get_data(as_text=True), "form": request.form}


@app.route("/data", methods=METHODS)
def data():
    """Take what is left of the body once a form has been read out of it, in bytes."""
    return {"data": repr(request.data), "form": request.form}


@app.route("/any", methods=METHODS)
def any_json():
    """Take any JSON, whatever the method: get_json refuses other types and broken JSON."""
    return described(request.get_json())


@app.post("/orders-unsafe")
def place_order_unsafe():
    """Show the danger: the body is believed to be a dict with the right names."""
    order = request.get_json()
    return {"drink": order["drink"], "cups": order["cups"]}, 201


@app.post("/orders")
def place_order():
    """Show the defence: look at the shape first, then at each value."""
    order = request.get_json()
    if not isinstance(order, dict):
        abort(400, "Send a JSON object, in braces.")
    drink, cups = order.get("drink"), order.get("cups")
    if drink not in DRINKS:
        abort(400, "Send a 'drink', tea or coffee.")
    # Not isinstance: for Python, true is an int as well.
    if type(cups) is not int or not 1 <= cups <= 20:
        abort(400, "Send 'cups', a whole number from 1 to 20.")
    return {"drink": drink, "cups": cups}, 201


@app.post("/forced")
def forced():
    """Show the danger: read the body whatever its header says, which any web page can send."""
    value = request.get_json(force=True, silent=True)
    if value is None:
        abort(400, "Send JSON, and not null.")  # silent: no telling which of the two it was
    return described(value)


@app.post("/strict")
def strict():
    """Read by hand, and refuse what Python's reader lets through."""
    if not request.is_json:
        abort(415, "Send it with Content-Type: application/json.")
    try:
        value = careful.loads(request.get_data())
    except ValueError as error:
        abort(400, f"This is no good JSON: {error}.")
    return described(value)


@app.errorhandler(HTTPException)
def as_json(error: HTTPException):
    """Answer errors in JSON too, for it is a program that reads them; status and headers stay."""
    response = error.get_response()
    response.data = json.dumps({"error": error.name, "message": error.description}) + "\n"
    response.content_type = "application/json"
    return response


@app.errorhandler(RecursionError)
def nested_too_deeply(error: RecursionError):
    """Answer a body of thousands of brackets within brackets, which no honest client sends."""
    return as_json(BadRequest("This is nested too deeply."))
