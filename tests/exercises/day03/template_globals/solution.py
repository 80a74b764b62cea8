"""A solution of the exercise."""

from flask import Flask, render_template_string, request

INDEX = """\
<h1>{{ config.SHOP_NAME }}</h1>
<p>A pot of tea costs {{ price(490) }}.</p>
"""
TEA = """\
<h1>{{ config.SHOP_NAME }}</h1>
<p>This tea costs {{ price(cents) }}.</p>
"""


def price(cents):
    """Return a price as a text."""
    return f"{cents / 100:.2f} EUR"


def create_app(config=None):
    """Build the app of one shop."""
    app = Flask(__name__)
    app.config["SHOP_NAME"] = "The Teapot"
    app.config.update(config or {})

    @app.context_processor
    def add_names():
        """Give every template the function price."""
        return {"price": price}

    @app.get("/")
    def index():
        """Show the first page."""
        return render_template_string(INDEX)

    @app.get("/tea/<int:cents>")
    def tea(cents):
        """Show a tea that costs so many cents."""
        return render_template_string(TEA, cents=cents)

    @app.get("/greet")
    def greet():
        """Greet a visitor."""
        name = request.args.get("name", "")
        return render_template_string("<p>Hello {{ name }}</p>", name=name)

    return app
