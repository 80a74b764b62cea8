"""Show a message on the page after a redirect.

The file ``app.py`` beside this one adds categories, errors and attacks.

Run it: flask --app day03.flash_messages.first run --debug
"""

import secrets

from flask import Flask, flash, redirect, render_template, url_for

app = Flask(__name__)
app.secret_key = secrets.token_hex()


@app.get("/")
def index():
    """Show the page; its template asks for the messages."""
    return render_template("first.html")


@app.post("/cart")
def add():
    """Store a message for the next page, and redirect to it."""
    flash("Tea is in the cart.")
    return redirect(url_for("index"), 303)
