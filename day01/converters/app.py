"""Take typed values out of the path with converters.

A converter does three jobs: it decides which paths match, it converts the text to a Python value,
and it builds the path again from a value. So the view receives only values of the right type.

Run it: flask --app day01.converters.app run --debug
"""

from uuid import UUID

from flask import Flask
from markupsafe import escape

app = Flask(__name__)


def describe(value: object) -> dict[str, object]:
    """Return the value with the name of its type; Flask sends a dict as JSON."""
    return {"type": type(value).__name__, "value": value}


@app.get("/goods/<int:goods_id>")
def goods(goods_id: int):
    """Take digits."""
    return describe(goods_id)


@app.get("/floors/<int(signed=True, max=40):floor>")
def floors(floor: int):
    """Take whole numbers up to 40; ``signed`` allows a minus."""
    return describe(floor)


@app.get("/prices/<float:price>")
def prices(price: float):
    """Take numbers with a dot and digits on both sides of it."""
    return describe(price)


@app.get("/temperatures/<int(signed=True):degrees>")
@app.get("/temperatures/<float(signed=True):degrees>")
def temperatures(degrees: float):
    """Take numbers with and without a dot: two rules, one view."""
    return describe(float(degrees))


@app.get("/people/<name>")
def people(name: str):
    """Take text without slashes; ``<string:name>`` means the same."""
    return describe(name)


@app.get("/countries/<string(length=2):code>")
def countries(code: str):
    """Take exactly two characters."""
    return describe(code)


@app.get("/files/<path:name>")
def files(name: str):
    """Take text with slashes. Never open a file by it: see ``send_from_directory``."""
    return describe(name)


@app.get("/tickets/<uuid:ticket>")
def tickets(ticket: UUID):
    """Take UUIDs."""
    return describe(ticket)


@app.get("/pages/<any(about, help):page>")
def pages(page: str):
    """Take one of the words that the rule lists."""
    return describe(page)


@app.get("/hello-unsafe/<name>")
def hello_unsafe(name: str):
    """Show the danger: markup in the path becomes a part of the page."""
    return f"Hello {name}"


@app.get("/hello/<name>")
def hello(name: str):
    """Show the defence: ``escape`` replaces the characters of markup, so it is shown as text."""
    return f"Hello {escape(name)}"
