"""Change a value with filters before a template prints it.

A view passes plain values. The template decides how they look, for example in upper case or with
commas between them: ``{{ name|upper }}``.

Run it: flask --app day03.filters.app run --debug
"""

from collections.abc import Mapping
from pathlib import Path

from flask import Flask, abort, render_template, request

from .examples import EXAMPLES

PRICES = {"tea": 4, "coffee": 5, "cocoa": 3}

app = Flask(__name__)


def evaluate(expression: str, values: Mapping[str, object]) -> str:
    """Return the value of ``{{ expression }}`` as text, or the error that it raises."""
    try:
        function = app.jinja_env.compile_expression(expression, undefined_to_none=False)
        return str(function(values))
    except TypeError as error:
        return f"TypeError: {error}"


def get_rows(name: str) -> list[dict[str, str]]:
    """Evaluate the examples of one filter."""
    return [
        {
            "input": ", ".join(f"{variable} = {value!r}" for variable, value in values.items()),
            "expression": expression,
            "result": evaluate(expression, values),
        }
        for expression, values in EXAMPLES[name]
    ]


@app.get("/")
def index():
    """Show all examples as a table."""
    return render_template("index.html", table={name: get_rows(name) for name in EXAMPLES})


@app.get("/filters/<name>")
def examples(name: str):
    """Return the examples of one filter as JSON."""
    if name not in EXAMPLES:
        abort(404, f"There are examples for {', '.join(EXAMPLES)}.")
    return get_rows(name)


@app.get("/receipt")
def receipt():
    """Pass the order as plain values; the template makes a receipt from them."""
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
