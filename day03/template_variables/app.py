"""Fill the gaps of a template with values of every kind.

A page is mostly fixed text. It is in a file of its own, with marked gaps, and a view passes the
values for them. So the page can be read as a page, and the Python code stays short.

Run it: flask --app day03.template_variables.app run --debug
"""

from dataclasses import dataclass
from pathlib import Path

from flask import Flask, render_template

app = Flask(__name__)


@dataclass
class Tea:
    """The tea of the day: an object, whose values are attributes."""

    name: str
    origin: str


HOUSE = {
    "house": "The Samovar",
    "since": 1924,
    "drinks": ["tea", "coffee", "cocoa"],
    "prices": [4, 5, 3],
    "order": {"table": 7, "items": 2},
    "special": Tea("Keemun", "Anhui"),
}

TODAY = ["holiday.html", "today.html"]


def read_source(name: str | list[str]) -> str:
    """Return the text of a template, which the page shows beside the result."""
    return Path(app.jinja_env.get_or_select_template(name).filename).read_text("utf-8")


@app.get("/")
def index():
    """Pass a dict with two asterisks: each key becomes a name in the template."""
    return render_template("index.html", source=read_source("index.html"), **HOUSE)


@app.get("/hello")
@app.get("/hello/<name>")
def hello(name: str = "stranger"):
    """Greet by name; the first rule has no name, so the parameter has a default."""
    return render_template("hello.html", source=read_source("hello.html"), name=name)


@app.get("/today")
def today():
    """Render the first template of the list that exists; ``holiday.html`` is for holidays."""
    return render_template(TODAY, source=read_source(TODAY))


@app.get("/missing-template")
def missing_template():
    """Show the mistake: this file does not exist."""
    return render_template("nothing.html")


@app.get("/missing-value")
def missing_value():
    """Show the mistake: the template prints the name of an owner, but gets no owner."""
    return render_template("owner.html")
