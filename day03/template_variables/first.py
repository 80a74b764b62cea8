"""Fill the gap of a template with a name from the path.

The file ``app.py`` beside this one passes other kinds of values, too.

Run it: flask --app day03.template_variables.first run --debug
"""

from flask import Flask, render_template

app = Flask(__name__)


@app.get("/hello/<name>")
def hello(name: str):
    """Pass the name to the template, and return the page."""
    return render_template("first.html", name=name)
