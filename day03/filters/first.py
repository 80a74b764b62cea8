"""Pass plain values to a template, which changes them with filters.

The file ``app.py`` beside this one shows all the filters that you need often.

Run it: flask --app day03.filters.first run --debug
"""

from flask import Flask, render_template

app = Flask(__name__)


@app.get("/")
def order():
    """Pass a text and two lists as they are."""
    return render_template("first.html", guest="ann lee", drinks=["tea", "cocoa"], prices=[4, 3])
