"""Read one value from the query string of a request.

The file ``app.py`` beside this one does the same for the other parts of a request.

Run it: flask --app day01.sending_data.first run --debug
"""

from flask import Flask, request

app = Flask(__name__)


@app.get("/search")
def search():
    """Return the value of ``word`` in the query string."""
    return {"word": request.args.get("word")}
