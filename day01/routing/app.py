"""Choose the view for a request by its path and its method.

A rule has a path, a set of methods and a view. Together the rules are the app's URL map. Most
surprises come from the methods: which ones a route takes by itself, and what a view does with one
that it does not expect.

Run it: flask --app day01.routing.app run --debug
"""

from functools import wraps

from flask import Flask, abort, request

app = Flask(__name__)


@app.route("/")
def index():
    """Handle GET, the method of a route that names none."""
    return "Welcome to the Blue Spoon.\n"


@app.get("/menu")
@app.get("/card")
def menu():
    """Handle two paths; ``url_for`` builds the one closest to the function."""
    return "Soup, bread, tea.\n"


@app.get("/order")
def order_form():
    """Handle GET; another view handles POST for the same path."""
    return "What would you like?\n"


@app.post("/order")
def place_order():
    """Handle POST."""
    return "Your soup is on the way.\n"


@app.route("/order-branching", methods=["GET", "POST"])
def order_branching():
    """Show the mistake: HEAD comes with GET, fits neither branch, and nothing is returned."""
    if request.method == "GET":
        return "What would you like?\n"
    if request.method == "POST":
        return "Your soup is on the way.\n"


@app.route("/table", methods=["PUT", "DELETE"])
def table():
    """Handle two methods in the same way."""
    return f"{request.method} is done.\n"


def staff_only(view):
    """Call the view only for staff. ``?staff=yes`` replaces a login, which is for a later day."""

    @wraps(view)  # keeps the view's name, which becomes the name of the endpoint
    def wrapper(*args, **kwargs):
        if request.args.get("staff") != "yes":
            abort(403)
        return view(*args, **kwargs)

    return wrapper


@app.get("/kitchen")
@staff_only
def kitchen():
    """Show the defence: the route registers the protected view."""
    return "The secret is basil.\n"


@staff_only
@app.get("/kitchen-unlocked")
def kitchen_unlocked():
    """Show the danger: the route registers the view before ``staff_only`` protects it."""
    return "The secret is basil.\n"
