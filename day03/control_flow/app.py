"""Let templates choose with ``if`` and repeat with ``for``.

The view hands over values; which of them are shown, how often and in which words is a matter of the
page. Two statements of the template language are enough for that.

Run it: flask --app day03.control_flow.app run --debug
"""

from flask import Flask, render_template, request

app = Flask(__name__)

TEAS = [
    {"name": "Sencha", "price": 12},
    {"name": "Pu'er", "price": 30, "note": "aged ten years"},
    {"name": "Jasmine", "price": 8},
]


@app.get("/")
def hello():
    """Greet by name: ``None`` if no name was sent, an empty text if the field was left empty."""
    return render_template("hello.html", name=request.args.get("name"))


@app.get("/shopping")
def shopping():
    """List what was sent, in the order in which it was sent."""
    return render_template("shopping.html", items=request.args.getlist("item"))


@app.get("/teas/<int:limit>")
def teas(limit: int):
    """Show the teas that cost no more than the limit."""
    return render_template("teas.html", teas=TEAS, limit=limit)


@app.get("/sums")
def sums():
    """Add up all prices in two ways, of which only one works."""
    return render_template("sums.html", teas=TEAS)


@app.get("/spaces")
def spaces():
    """Write the same list three times, with less and less space around it."""
    return render_template("spaces.html", teas=TEAS)
