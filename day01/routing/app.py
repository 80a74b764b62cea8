"""Decide by path and method which function answers a request.

A route is a rule for the path, the methods it takes, and the view that answers. Together they form
the app's URL map. Most surprises with addresses come from the methods: which ones a route takes
without being told, and what a view does with one that it did not expect.

Run it: flask --app day01.routing.app run --debug
"""

from functools import wraps

from flask import Flask, abort, request

app = Flask(__name__)


@app.route("/")
def index():
    """Answer GET, which a route takes when nothing else is said."""
    return "Welcome to the Blue Spoon.\n"


@app.get("/menu")
@app.get("/card")
def menu():
    """Answer at two addresses; links are built from the one written closest to the function."""
    return "Soup, bread, tea.\n"


@app.get("/order")
def order_form():
    """Answer GET at a path that has another view for POST."""
    return "What would you like?\n"


@app.post("/order")
def place_order():
    """Answer POST, and nothing else: two views, one path, no branch to forget."""
    return "Your soup is on the way.\n"


@app.route("/order-branching", methods=["GET", "POST"])
def order_branching():
    """Show the trap: HEAD comes in with GET, fits neither branch, and gets no answer at all."""
    if request.method == "GET":
        return "What would you like?\n"
    if request.method == "POST":
        return "Your soup is on the way.\n"


@app.route("/table", methods=["PUT", "DELETE"])
def table():
    """Answer two methods in the same way; here one view is enough."""
    return f"{request.method} is done.\n"


def staff_only(view):
    """Let the view answer only staff. ``?staff=yes`` stands in for the login of a later day."""

    @wraps(view)  # keeps the view's own name, which is the name of its endpoint
    def wrapper(*args, **kwargs):
        if request.args.get("staff") != "yes":
            abort(403)
        return view(*args, **kwargs)

    return wrapper


@app.get("/kitchen")
@staff_only
def kitchen():
    """Show the defence: what is registered is the guarded view."""
    return "The secret is basil.\n"


@staff_only
@app.get("/kitchen-unlocked")
def kitchen_unlocked():
    """Show the danger: the bare view is registered first, and guarded too late."""
    return "The secret is basil.\n"
