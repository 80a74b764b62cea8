"""Share parts between pages in three ways: inheritance, include and macro.

The pages of a site have the same head, the same menu and the same kind of box. What you write once,
you correct once. Jinja has three tools for this.

Run it: flask --app day03.template_reuse.app run --debug
"""

from flask import Flask, abort, render_template

app = Flask(__name__)

PLANTS = {
    "fern": {"name": "Fern", "light": "shade", "water": "every two days"},
    "cactus": {"name": "Cactus", "light": "full sun", "water": "once a month"},
    "ivy": {"name": "Ivy", "light": "half shade", "water": "once a week"},
}


@app.get("/")
def index():
    """Show a page that inherits, includes and calls a macro."""
    return render_template("index.html", plants=PLANTS)


@app.get("/plants/<key>")
def plant(key: str):
    """Show one plant: a child that adds to its parent's block instead of replacing it."""
    if key not in PLANTS:
        abort(404)
    return render_template("plant.html", plant=PLANTS[key])


@app.get("/bare")
def bare():
    """Show the parent alone: each block shows its own content."""
    return render_template("base.html")


@app.get("/outside")
def outside():
    """Show the mistake: a child has text outside of all blocks, which is lost."""
    return render_template("outside.html")


@app.get("/missing")
def missing():
    """Show the mistake: an include of a missing file, without ``ignore missing``."""
    return render_template("missing.html")
