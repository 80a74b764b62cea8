"""Choose with ``if`` and repeat with ``for`` in a template.

The file ``app.py`` beside this one shows more of both.

Run it: flask --app day03.control_flow.first run --debug
"""

from flask import Flask, render_template, request

app = Flask(__name__)


@app.get("/")
def shopping():
    """Pass the items of the query string as a list."""
    return render_template("first.html", items=request.args.getlist("item"))
