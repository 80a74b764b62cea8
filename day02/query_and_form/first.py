"""Read two values from the query string.

The file ``app.py`` beside this one reads headers, forms and passwords, too.

Run it: flask --app day02.query_and_form.first run --debug
"""

from flask import Flask, request

app = Flask(__name__)


@app.get("/search")
def search():
    """Return a word, and a page number that is 1 if it is missing."""
    word = request.args.get("word", "")
    page = request.args.get("page", 1, type=int)
    return {"word": word, "page": page}
