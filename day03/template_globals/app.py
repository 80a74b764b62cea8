"""Use the names that every template knows, and add names of your own.

Flask hands each template the settings, the request, the session, ``g`` and ``url_for`` without
being asked. That is convenient, and it is the reason why text from a visitor may be put *into* a
template and must never be used *as* one.

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
def find_the_visitor():
    """Put something into ``g``; the templates of this request see it there."""
    g.visitor = request.args.get("name", "stranger")


@app.context_processor
def more_names():
    """Give every template two more names: a value, and a function to call."""
    return {"opening_hours": "9 to 17", "price": lambda cents: f"{cents / 100:.2f} EUR"}


@app.get("/")
def index():
    """Pass nothing at all: every value on the page comes from a name that is known anyway."""
    return render_template("index.html")


@app.get("/tea/<name>")
def tea(name: str):
    """Answer where the links of the page lead."""
    return render_template("tea.html", name=name)


# What visitors may have typed. The lesson takes no text of yours for the danger: whoever can have
# a template of their own executed can run any Python on the machine.
TYPED = {"ann": "Ann", "sum": "{{ 7 * 7 }}", "key": "{{ config.SECRET_KEY }}"}


@app.get("/greet-unsafe/<any(ann, sum, key):visitor>")
def greet_unsafe(visitor: str):
    """Show the danger: what was typed becomes part of the template, and is executed."""
    return render_template_string("Hello " + TYPED[visitor])


@app.get("/greet")
def greet():
    """Show the defence: the template is ours, and what was typed is a value in it."""
    return render_template_string("Hello {{ name }}", name=request.args.get("name", ""))
