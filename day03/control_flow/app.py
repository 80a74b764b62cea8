"""Let templates choose with ``if`` and repeat with ``for``.

The view passes values. The template decides which of them the page shows, how often and in which
words. Two statements are enough for that.

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
    """Greet by name: ``None`` without a name, an empty text if the field is empty."""
    return render_template("hello.html", name=request.args.get("name"))


@app.get("/shopping")
def shopping():
    """List the items of the query string in their order."""
    return render_template("shopping.html", items=request.args.getlist("item"))


@app.get("/teas/<int:limit>")
def teas(limit: int):
    """Show the teas that cost the limit or less."""
    return render_template("teas.html", teas=TEAS, limit=limit)


@app.get("/sums")
def sums():
    """Add up all prices in three ways, of which the first does not work."""
    return render_template("sums.html", teas=TEAS)


@app.get("/spaces")
def spaces():
    """Write the same list three times, each time with less white space."""
    return render_template("spaces.html", teas=TEAS)
