"""Exercise: the list of a library.

The view has plain values. How they look is decided in the template, with filters.

Tasks:

1. Each word of the title begins in upper case: ``the old man`` is shown as
   ``The Old Man``.
2. The authors are joined with ``, ``. If there is no author, the page shows ``unknown``.
3. The price is rounded to two digits after the dot: 12.5 is shown as ``12.50``.

Run it:   flask --app day03.filters.exercise run --debug
Try it:   curl "http://127.0.0.1:5000/?title=the+old+man&author=Ann&author=Bob&price=12.5"
Check it: course check filters
"""

from flask import Flask, render_template, request

app = Flask(__name__)


@app.get("/")
def index():
    """Show one book, whose facts come from the query string."""
    # TODO (tasks 1 to 3): the filters, in templates/exercise_book.html
    return render_template(
        "exercise_book.html",
        title=request.args.get("title", ""),
        authors=request.args.getlist("author"),
        price=request.args.get("price", 0.0, type=float),
    )
