"""Fill the gaps of a template with values.

A page is mostly fixed text. It is kept in a file of its own in which the gaps are marked, and a
view says what goes into them. So the page reads like a page, and the Python around it stays short.

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


def source(name: str | list[str]) -> str:
    """Return a template as it is written, to be shown beside what became of it."""
    return Path(app.jinja_env.get_or_select_template(name).filename).read_text("utf-8")


@app.get("/")
def index():
    """Pass a dict with two stars: each of its keys becomes a name in the template."""
    return render_template("index.html", source=source("index.html"), **HOUSE)


@app.get("/hello")
@app.get("/hello/<name>")
def hello(name: str = "stranger"):
    """Greet by name. The first rule brings none, so the default of the parameter is used."""
    return render_template("hello.html", source=source("hello.html"), name=name)


@app.get("/today")
def today():
    """Render the first of a list that is there. The other is put in on holidays."""
    return render_template(TODAY, source=source(TODAY))


@app.get("/missing-template")
def missing_template():
    """Show the mistake: there is no such file."""
    return render_template("nothing.html")


@app.get("/missing-value")
def missing_value():
    """Show the mistake: the template prints the name of an owner, and was given no owner."""
    return render_template("owner.html")
