"""Refuse a request with 404, and make the page for it.

The file ``app.py`` beside this one handles further errors.

Run it: flask --app day02.errors.first run --debug
"""

from flask import Flask, abort, render_template

app = Flask(__name__)
TEAS = {"green": 3, "oolong": 12}  # cups in the pot


@app.get("/teas/<name>")
def show_tea(name):
    """Return the number of cups; for an unknown tea the response is 404."""
    if name not in TEAS:
        abort(404, f"There is no tea named {name}.")
    return {"tea": name, "cups": TEAS[name]}


@app.errorhandler(404)
def not_found(error):
    """Return a page of our own for every 404, with the status code."""
    return render_template("not_found.html", error=error, teas=TEAS), 404
