"""Take JSON from the body of a request.

The file ``app.py`` beside this one checks the values, and reports errors as JSON, too.

Run it: flask --app day02.json_body.first run --debug
"""

from flask import Flask, request

app = Flask(__name__)


@app.post("/orders")
def place_order():
    """Read the JSON and return it; another type is 415, and broken JSON is 400."""
    order = request.get_json()
    return {"received": order}, 201
