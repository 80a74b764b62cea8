"""A solution of the exercise."""

import secrets

from flask import Flask, flash, redirect, render_template, request, url_for

app = Flask(__name__)
app.secret_key = secrets.token_hex()


@app.get("/")
def index():
    """Show the list."""
    return render_template("exercise_list.html")


@app.post("/items")
def add():
    """Put an item on the list."""
    item = request.form.get("item", "").strip()[:40]
    if item:
        flash(f"{item} is on the list.", "success")
    else:
        flash("Write something first.", "error")
    return redirect(url_for("index"), 303)
