"""Tell visitors on the next page what became of the last one.

A view that has done its work answers with a redirect, so its words would be lost. ``flash`` leaves
them in the session; the next page that asks for messages gets them, and they are gone.

Run it: flask --app day03.flash_messages.app run --debug
"""

import secrets
from collections.abc import Mapping
from typing import Any

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


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; the messages are kept in the session, and the session needs a secret key."""
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY=secrets.token_hex(), SESSION_COOKIE_SAMESITE="Lax")
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})

    def wish() -> str:
        """Return what was typed, or nothing where it does not fit into a message."""
        item = request.form.get("item", "").strip()
        return item if len(item) <= 40 and item.isprintable() else ""

    def added(message: str):
        """Flash the message, and go on to the page that will show it."""
        flash(message, "success")
        return redirect(url_for("index"), 303)

    def not_added():
        """Flash and show at once: without a redirect, this request is the one that asks."""
        flash("Write what you want in 1 to 40 characters.", "error")
        return render_template("index.html"), 400

    @app.get("/")
    def index():
        """Show the page; its template asks for the messages."""
        return render_template("index.html")

    @app.post("/cart")
    def add():
        """Flash plain text, which the template escapes. There is no cart; this is about words."""
        if item := wish():
            flash("We deliver on Monday.")
            return added(f"{item} is in the cart.")
        return not_added()

    @app.post("/cart-bold")
    def add_bold():
        """Show the defence: the markup is ours, and ``format`` escapes what is put into it."""
        if item := wish():
            return added(Markup("<b>{}</b> is in the cart.").format(item))
        return not_added()

    @app.post("/cart-unsafe")
    def add_unsafe():
        """Show the danger: ``Markup`` vouches for the text, and the visitor wrote half of it."""
        if item := wish():
            return added(Markup(f"<b>{item}</b> is in the cart."))  # noqa: S704
        return not_added()

    @app.get("/waiting")
    def waiting():
        """Show the messages where they wait, without taking them out."""
        return {"waiting": session.get("_flashes", [])}

    @app.get("/twice")
    def twice():
        """Ask twice: in one request every call gives the same messages."""
        return {"first": get_flashed_messages(), "second": get_flashed_messages()}

    @app.get("/errors")
    def errors():
        """Ask for errors only; the others are taken out all the same."""
        return {"errors": get_flashed_messages(category_filter=["error"])}

    return app
