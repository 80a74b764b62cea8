"""Exercise: the paths of a library.

The library's pages are found by numbers and words in the path. A wrong one must be 404, without a
line of code in the views.

Tasks:

1. Give the rule of ``book`` a converter, so that ``/books/7`` responds with ``{"book":7}``, a
   number. ``/books/seven`` is 404.
2. Write the view for ``/shelves/<shelf>``. It responds with ``{"shelf":"a1"}`` for ``/shelves/a1``.
   A shelf has exactly two characters; any other text is 404.
3. Write the view for ``/scans/...``, where the rest of the path may have slashes:
   ``/scans/1984/page/3`` responds with ``{"scan":"1984/page/3"}``.

Run it:   flask --app day01.converters.exercise run --debug
Try it:   curl http://127.0.0.1:5000/books/7
          curl http://127.0.0.1:5000/shelves/a1
          curl http://127.0.0.1:5000/scans/1984/page/3
Check it: course check converters
"""

from flask import Flask

app = Flask(__name__)


@app.get("/books/<number>")  # TODO (task 1): the converter
def book(number):
    """Show the number of the book."""
    return {"book": number}


# TODO (task 2): the view for /shelves/...


# TODO (task 3): the view for /scans/...
