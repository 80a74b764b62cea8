"""Exercise: a garden shop whose links are built.

The links of this shop are written by hand, so they are wrong as soon as the shop moves to another
path. Let Flask build them.

Tasks:

1. ``/`` responds with the paths of the plants 7 and 8. Build both with ``url_for``.
2. ``/tulips`` responds with the path of ``search`` with the query ``q=red tulips``. Let ``url_for``
   write the query string.
3. POST ``/order`` redirects to the view ``thanks`` with the status code 303.

Run it:   flask --app day01.url_building.exercise run --debug
Try it:   curl http://127.0.0.1:5000/
          curl http://127.0.0.1:5000/tulips
          curl -i -X POST http://127.0.0.1:5000/order
Check it: course check url_building
"""

from flask import Flask, redirect, request, url_for

app = Flask(__name__)


@app.get("/plants/<int:plant_id>")
def plant(plant_id: int):
    """Show one plant."""
    return f"Plant {plant_id}"


@app.get("/search")
def search():
    """Show what was searched for."""
    return request.args.get("q", "")


@app.get("/thanks")
def thanks():
    """Thank for an order."""
    return "Thank you."


@app.get("/")
def index():
    """Show the paths of two plants."""
    return ["/plants/7", "/plants/8"]  # TODO (task 1): build them


# TODO (task 2): the view for /tulips


@app.post("/order")
def order():
    """Take an order."""
    return "Thank you."  # TODO (task 3): redirect
