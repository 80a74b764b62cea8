"""Print the text of a visitor in a page; the template escapes it.

The file ``app.py`` beside this one shows attacks, and the defence against each.

Run it: flask --app day03.escaping.first run --debug
"""

from flask import Flask, render_template, request

app = Flask(__name__)


@app.get("/")
def comment():
    """Pass the text from the query string to the template."""
    return render_template("first.html", text=request.args.get("text", "Fine tea!"))
