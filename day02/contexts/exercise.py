"""Exercise: a till whose functions need no app and no list as an argument.

Two shops use the same code, each with an app and a currency of its own. The functions below are
called during a request, so a context is active.

Tasks:

1. ``format_price`` adds the currency: ``4.90 EUR``. It is the setting ``CURRENCY`` of the app that
   handles the request.
2. ``add_line`` stores a line for this request, and ``get_lines`` returns the list of them. The next
   request begins with an empty list.

Run it:   flask --app day02.contexts.exercise run --debug
Try it:   curl http://127.0.0.1:5000/price/490
          curl "http://127.0.0.1:5000/receipt?item=tea&item=cake"
Check it: course check contexts
"""

from flask import Flask, request


def format_price(cents):
    """Return a price with the currency of the running app."""
    # TODO (task 1): add a blank and the currency
    return f"{cents / 100:.2f}"


def add_line(text):
    """Add a line to the receipt of this request."""
    # TODO (task 2): store the text where only this request finds it


def get_lines():
    """Return the lines of this request's receipt, the first one first."""
    # TODO (task 2): return what add_line has stored, or an empty list
    return []


def create_app(config=None):
    """Build the app of one shop."""
    app = Flask(__name__)
    app.config["CURRENCY"] = "EUR"
    app.config.update(config or {})

    @app.get("/price/<int:cents>")
    def show_price(cents):
        """Show a price."""
        return format_price(cents)

    @app.get("/receipt")
    def show_receipt():
        """Show a receipt of the items in the query string."""
        for item in request.args.getlist("item"):
            add_line(item)
        return {"lines": get_lines()}

    return app
