"""Exercise: pages that know the shop without being told.

Two shops use this app, each with a name of its own in the setting ``SHOP_NAME``. The views pass
nothing about the shop. The last page greets a visitor, and has a hole.

Tasks:

1. Both pages show the name of the shop as their heading. The templates read it from the settings.
2. Both pages show a price in EUR: ``4.90 EUR`` for 490 cents. Give every template a function
   ``price`` for it.
3. ``/greet`` shows the name as the visitor has sent it, and never executes it.

Run it:   flask --app day03.template_globals.exercise run --debug
Try it:   curl http://127.0.0.1:5000/tea/290
          curl -G --data-urlencode "name={{ 7 * 7 }}" http://127.0.0.1:5000/greet
Check it: course check template_globals
"""

from flask import Flask, render_template_string, request

# TODO (task 1): the heading is the name of the shop
# TODO (task 2): show 490 and the value of cents with price
INDEX = """\
<h1>A shop</h1>
<p>A pot of tea costs 490 cents.</p>
"""
TEA = """\
<h1>A shop</h1>
<p>This tea costs {{ cents }} cents.</p>
"""


def price(cents):
    """Return a price as a text."""
    return f"{cents / 100:.2f} EUR"


def create_app(config=None):
    """Build the app of one shop."""
    app = Flask(__name__)
    app.config["SHOP_NAME"] = "The Teapot"
    app.config.update(config or {})

    # TODO (task 2): give every template the function price

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
        # TODO (task 3): the name must not become a part of the template
        return render_template_string("<p>Hello " + name + "</p>")

    return app
