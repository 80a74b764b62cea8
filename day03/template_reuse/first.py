"""Render a child: a template that fills the gaps of another template.

The file ``app.py`` beside this one also shares parts with include and macros.

Run it: flask --app day03.template_reuse.first run --debug
"""

from flask import Flask, render_template

app = Flask(__name__)


@app.get("/")
def index():
    """Render the child; the frame of the page comes from its parent."""
    return render_template("first.html")
