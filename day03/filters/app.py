"""Change a value on its way into the page with filters.

A view hands over a value as it is. How it looks, in capitals, as a list, with a word for nothing,
is a matter of the page, so the template decides it: ``{{ name|title }}``.

Run it: flask --app day03.filters.app run --debug
"""

from collections.abc import Mapping
from pathlib import Path

from flask import Flask, abort, render_template, request

from .examples import EXAMPLES

PRICES = {"tea": 4, "coffee": 5, "cocoa": 3}

app = Flask(__name__)


def result(expression: str, values: Mapping[str, object]) -> str:
    """Return what ``{{ expression }}`` stands for, as text, or the error that it raises."""
    try:
        evaluate = app.jinja_env.compile_expression(expression, undefined_to_none=False)
        return str(evaluate(values))
    except TypeError as error:
        return f"TypeError: {error}"


def rows(name: str) -> list[dict[str, str]]:
    """Evaluate the examples of one filter."""
    return [
        {
            "input": ", ".join(f"{variable} = {value!r}" for variable, value in values.items()),
            "expression": expression,
            "result": result(expression, values),
        }
        for expression, values in EXAMPLES[name]
    ]


@app.get("/")
def index():
    """Show all examples as a table."""
    return render_template("index.html", table={name: rows(name) for name in EXAMPLES})


@app.get("/filters/<name>")
def examples(name: str):
    """Send the examples of one filter as JSON."""
    if name not in EXAMPLES:
        abort(404, f"There are examples for {', '.join(EXAMPLES)}.")
    return rows(name)


@app.get("/receipt")
def receipt():
    """Hand over what was ordered as it is; the template makes a receipt of it."""
    drinks = request.args.getlist("drink")
    if not set(drinks) <= set(PRICES):
        abort(400, f"We have {', '.join(PRICES)}.")
    return render_template(
        "receipt.html",
        guest=request.args.get("guest", ""),
        drinks=drinks,
        prices=[PRICES[drink] for drink in drinks],
        source=Path(app.root_path, "templates/receipt.html").read_text("utf-8"),
    )
