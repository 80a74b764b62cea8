"""Use the names that every template knows, and add names of your own.

Flask passes the settings, the request, the session, ``g`` and ``url_for`` to every template. So a
template can do a lot. The text of a visitor may be a value in it, but never the template itself.

Run it: flask --app day03.template_globals.app run --debug
"""

import os
import secrets

from flask import Flask, g, render_template, render_template_string, request

app = Flask(__name__)
app.config.update(
    SHOP_NAME="The Teapot",
    SECRET_KEY=os.environ.get("FLASK_SECRET_KEY") or secrets.token_hex(),
)


@app.before_request
def load_visitor():
    """Store the name in ``g``; the templates of this request can read it there."""
    g.visitor = request.args.get("name", "stranger")


@app.context_processor
def add_names():
    """Give every template two more names: a value and a function."""
    return {"opening_hours": "9 to 17", "price": lambda cents: f"{cents / 100:.2f} EUR"}


@app.get("/")
def index():
    """Pass nothing: the template uses names that every template knows."""
    return render_template("index.html")


@app.get("/tea/<name>")
def tea(name: str):
    """Show the page of one tea."""
    return render_template("tea.html", name=name)


# Three texts that a visitor could send. The dangerous view accepts no other text: anyone who can
# send a template of their own can run any Python code on the machine.
TEXTS = {"ann": "Ann", "sum": "{{ 7 * 7 }}", "key": "{{ config.SECRET_KEY }}"}


@app.get("/greet-unsafe/<any(ann, sum, key):visitor>")
def greet_unsafe(visitor: str):
    """Show the danger: the text becomes part of the template and is executed."""
    return render_template_string("Hello " + TEXTS[visitor])


@app.get("/greet")
def greet():
    """Show the defence: the template is our own, and the text is a value in it."""
    return render_template_string("Hello {{ name }}", name=request.args.get("name", ""))
