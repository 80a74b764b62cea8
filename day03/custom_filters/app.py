"""Write filters of your own for the templates.

A filter is a function: the value before the pipe is its first argument, and the template prints
what it returns. So one function decides how a price looks on every page, and you can test it.

Run it: flask --app day03.custom_filters.app run --debug
"""

from statistics import median

from flask import Flask, render_template, request
from markupsafe import Markup, escape

app = Flask(__name__)

NUMBERS = [4, 1, 7, 3, 6, 2, 5]
REVIEWS = [
    "The green tea is fresh & strong.",
    "Cold tea, warm welcome <script>alert('tea')</script>",
]


@app.template_filter("price")
def format_price(cents: int, sign: str = "¥", digits: int = 2) -> str:
    """Write an amount of cents; templates know this function as ``price``."""
    return f"{sign}{cents / 100:,.{digits}f}"


@app.template_filter()
def every_second(values: list) -> list:
    """Return the first, third, fifth value and so on, in the same order."""
    return values[::2]


def from_end_by_three(values: list) -> list:
    """Return every third value, beginning with the last one."""
    return values[::-3]


app.add_template_filter(from_end_by_three)
app.add_template_filter(median, "middle")


@app.template_filter()
def highlight_unsafe(text: str, word: str) -> Markup:
    """Show the danger: all of the text becomes markup, also what a visitor wrote."""
    return Markup(text.replace(word, f"<mark>{word}</mark>"))  # noqa: S704


@app.template_filter()
def highlight(text: str, word: str) -> Markup:
    """Show the defence: only the ``mark`` tags are markup; the rest is escaped."""
    if not word:
        return escape(text)
    return Markup("<mark>{}</mark>").format(word).join(text.split(word))


@app.get("/")
def index():
    """Show the filters for numbers."""
    return render_template("index.html", cents=123456, numbers=NUMBERS)


@app.get("/reviews")
def reviews():
    """Mark a word from the query string in texts of other visitors."""
    word = request.args.get("word", "tea")
    return render_template("reviews.html", reviews=REVIEWS, word=word)


@app.get("/reviews-unsafe")
def reviews_unsafe():
    """Do the same with the filter that does not escape."""
    word = request.args.get("word", "tea")
    return render_template("reviews_unsafe.html", reviews=REVIEWS, word=word)
