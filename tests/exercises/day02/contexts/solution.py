"""A solution of the exercise."""

from flask import Flask, current_app, g, request


def format_price(cents):
    """Return a price with the currency of the running app."""
    return f"{cents / 100:.2f} {current_app.config['CURRENCY']}"


def add_line(text):
    """Add a line to the receipt of this request."""
    if "lines" not in g:
        g.lines = []
    g.lines.append(text)


def get_lines():
    """Return the lines of this request's receipt, the first one first."""
    return g.get("lines", [])


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
