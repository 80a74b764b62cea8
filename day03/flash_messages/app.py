"""Tell visitors on the next page what the last request did.

A view that has done its work redirects, so it has no page to write on. ``flash`` stores a message
in the session. The next page that asks for messages gets it, and the page after that does not.

Run it: flask --app day03.flash_messages.app run --debug
"""
# ruff: noqa: S704 (the danger of Markup is a part of the lesson)

import secrets

from flask import (
    Flask,
    flash,
    get_flashed_messages,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from markupsafe import Markup

app = Flask(__name__)
app.config.from_mapping(SESSION_COOKIE_SAMESITE="Lax")
app.config.from_prefixed_env()
# Messages are in the session, and a session needs a key. An empty one does not count.
app.secret_key = app.secret_key or secrets.token_hex()


def read_item() -> str:
    """Return the item of the form, or an empty text if it does not fit into a message."""
    item = request.form.get("item", "").strip()
    return item if len(item) <= 40 and item.isprintable() else ""


def redirect_with(message: str):
    """Store the message, and redirect to the page that shows it."""
    flash(message, "success")
    return redirect(url_for("index"), 303)


def show_error():
    """Store a message and show it at once: the request that flashes also asks for messages."""
    flash("Write what you want in 1 to 40 characters.", "error")
    return render_template("index.html"), 400


@app.get("/")
def index():
    """Show the page; its template asks for the messages."""
    return render_template("index.html")


@app.post("/cart")
def add():
    """Flash two messages; the template escapes them. A cart is not part of this lesson."""
    item = read_item()
    if not item:
        return show_error()
    flash("We deliver on Monday.")
    return redirect_with(f"{item} is in the cart.")


@app.post("/cart-bold")
def add_bold():
    """Show the defence: the tags are ours, and ``format`` escapes what the visitor typed."""
    item = read_item()
    if not item:
        return show_error()
    return redirect_with(Markup("<b>{}</b> is in the cart.").format(item))


@app.post("/cart-unsafe")
def add_unsafe():
    """Show the danger: ``Markup`` says that the text is safe, and the visitor wrote half of it."""
    item = read_item()
    if not item:
        return show_error()
    return redirect_with(Markup(f"<b>{item}</b> is in the cart."))


@app.get("/waiting")
def waiting():
    """Return the messages in the session, without taking them out."""
    return {"waiting": session.get("_flashes", [])}


@app.get("/twice")
def twice():
    """Ask twice: in one request every call returns the same messages."""
    return {"first": get_flashed_messages(), "second": get_flashed_messages()}


@app.get("/errors")
def errors():
    """Ask for errors only; the other messages are taken out, too."""
    return {"errors": get_flashed_messages(category_filter=["error"])}
