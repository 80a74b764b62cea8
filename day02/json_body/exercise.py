"""Exercise: a bakery that takes orders from programs.

A program sends its order as JSON. It may send anything, so look before you use it.

Tasks:

1. POST ``/orders`` with ``{"rolls":3}`` responds with ``{"rolls":3}`` and the status code 201.
2. JSON that is not an object, such as ``[3]``, is answered with 400.
3. ``rolls`` must be a whole number from 1 to 50. Anything else is answered with 400: a missing
   ``rolls``, ``0``, ``51``, ``"3"``, ``2.5`` and ``true``.

Run it:   flask --app day02.json_body.exercise run --debug
Try it:   curl -i --json '{"rolls":3}' http://127.0.0.1:5000/orders
          curl -i --json '[3]' http://127.0.0.1:5000/orders
Check it: course check json_body
"""

from flask import Flask, abort, request

app = Flask(__name__)


@app.post("/orders")
def order():
    """Take an order."""
    # TODO (task 1): read the JSON, respond with it and 201
    # TODO (tasks 2 and 3): refuse what is not an order
    return {}
