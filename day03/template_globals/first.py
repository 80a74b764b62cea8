"""Render a template that needs no value from its view.

The file ``app.py`` beside this one adds names of its own, and shows an attack.

Run it: flask --app day03.template_globals.first run --debug
"""

from flask import Flask, render_template

app = Flask(__name__)
app.config["SHOP_NAME"] = "The Teapot"


@app.get("/")
def index():
    """Pass nothing: the template uses names that every template knows."""
    return render_template("first.html")
