"""A solution of the exercise."""

from flask import Flask, abort, request

app = Flask(__name__)


@app.post("/orders")
def order():
    """Take an order: check its shape, then its value."""
    data = request.get_json()
    if not isinstance(data, dict):
        abort(400, "Send a JSON object.")
    rolls = data.get("rolls")
    if type(rolls) is not int or not 1 <= rolls <= 50:
        abort(400, "Send 'rolls', a whole number from 1 to 50.")
    return {"rolls": rolls}, 201
