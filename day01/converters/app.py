"""Take typed values out of the path with converters.

A rule such as ``/goods/<int:goods_id>`` does three jobs: it decides which paths match, it turns the
matched text into a Python value, and it builds the path again from a value. The view then never
sees a path that is not of its kind.

Run it: flask --app day01.converters.app run --debug
"""

from uuid import UUID

from flask import Flask
from markupsafe import escape

app = Flask(__name__)


def described(value: object) -> dict[str, object]:
    """Return the value with the name of its type; Flask sends a dict as JSON."""
    return {"type": type(value).__name__, "value": value}


@app.get("/goods/<int:goods_id>")
def goods(goods_id: int):
    """Answer for whole numbers without a sign."""
    return described(goods_id)


@app.get("/floors/<int(signed=True, max=40):floor>")
def floors(floor: int):
    """Answer for whole numbers up to 40; ``signed`` lets the minus through."""
    return described(floor)


@app.get("/prices/<float:price>")
def prices(price: float):
    """Answer for numbers with a point and digits on both sides of it."""
    return described(price)


@app.get("/temperatures/<int(signed=True):degrees>")
@app.get("/temperatures/<float(signed=True):degrees>")
def temperatures(degrees: float):
    """Answer for every usual way to write a number: two rules, one view."""
    return described(float(degrees))


@app.get("/people/<name>")
def people(name: str):
    """Answer for any text without a slash; ``<string:name>`` means the same."""
    return described(name)


@app.get("/countries/<string(length=2):code>")
def countries(code: str):
    """Answer for text of exactly two characters."""
    return described(code)


@app.get("/files/<path:name>")
def files(name: str):
    """Answer for text that may hold slashes. It is a name to look up, never a path to open."""
    return described(name)


@app.get("/tickets/<uuid:ticket>")
def tickets(ticket: UUID):
    """Answer for UUIDs."""
    return described(ticket)


@app.get("/pages/<any(about, help):page>")
def pages(page: str):
    """Answer for one of the words that the rule lists."""
    return described(page)


@app.get("/hello-unsafe/<name>")
def hello_unsafe(name: str):
    """Show the danger: the visitor's text becomes part of the page, markup included."""
    return f"Hello {name}"


@app.get("/hello/<name>")
def hello(name: str):
    """Show the defence: ``escape`` turns markup into text that is merely shown."""
    return f"Hello {escape(name)}"
