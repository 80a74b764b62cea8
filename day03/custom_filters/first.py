"""Write one filter, and use it in a template.

The file ``app.py`` beside this one has filters with arguments, and filters that return markup.

Run it: flask --app day03.custom_filters.first run --debug
"""

from flask import Flask, render_template

app = Flask(__name__)


@app.template_filter("price")
def format_price(cents: int) -> str:
    """Write an amount of cents; templates know this function as ``price``."""
    return f"¥{cents / 100:,.2f}"


@app.get("/")
def index():
    """Pass the amount as a number; the filter makes a text from it."""
    return render_template("first.html", cents=123456)
