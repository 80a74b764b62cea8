"""Read what people send: the query string, headers, and the fields of a form, down to a password.

A request brings text under names. Each name may be missing, come twice or hold nonsense, and what
it holds may be an attack. The view says what it takes; all else it answers with 400.

Run it: flask --app day02.query_and_form.app run --debug
"""

import json
from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, redirect, render_template, request, url_for
from markupsafe import escape
from werkzeug.security import check_password_hash
from werkzeug.urls import iri_to_uri

from .checks import local, only

DRINKS = ("tea", "coffee")
EXTRAS = ("milk", "sugar", "lemon")


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; tests bring HASHES that take less time to check than those of users.json."""
    app = Flask(__name__)
    app.config.from_mapping(
        MAX_CONTENT_LENGTH=10_000,  # bytes of the body; beyond, the answer is 413
        TRAP_BAD_REQUEST_ERRORS=False,  # a missing key is a 400 with --debug too
    )
    app.config.from_file("users.json", load=json.load)
    app.config.from_mapping(config or {})

    def check_login() -> None:
        """Answer 403 unless name and password belong together, and do not say which is wrong."""
        # A name that nobody has is checked as well: a quick refusal would tell that it is unknown.
        stored = app.config["HASHES"].get(only("name"), app.config["NOBODY"])
        if not check_password_hash(stored, only("password")):
            abort(403, "Name or password is wrong.")

    @app.get("/")
    def index():
        """Show a form that asks, one that orders, and the way to the login."""
        return render_template("index.html", drinks=DRINKS, extras=EXTRAS)

    @app.get("/search")
    def search():
        """Read the query string: a word that must be there, a number, a name with many values."""
        return {
            "word": request.args["word"],
            "page": request.args.get("page", 1, type=int),
            "sizes": request.args.getlist("size"),
        }

    @app.route("/headers", methods=["GET", "POST"])
    def headers():
        """Read a header by its name, and the two shortcuts for the one that tells of the body."""
        name = request.headers.get("X-Name", "nobody")
        return {"name": name, "content_type": request.content_type, "mimetype": request.mimetype}

    @app.route("/order", methods=["POST", "PUT"])
    def order():
        """Read a form, and look at every value before it is used."""
        drink, cups, extras = only("drink"), only("cups", int), request.form.getlist("extra")
        if drink not in DRINKS or not 1 <= cups <= 20 or not set(extras) <= set(EXTRAS):
            abort(400, "Order tea or coffee, 1 to 20 cups, with milk, sugar or lemon.")
        return {"drink": drink, "cups": cups, "extras": extras}

    @app.route("/login-unsafe", methods=["GET", "POST"])
    def login_unsafe():
        """Show the danger: a password in the address and in the page, and a view that branches."""
        if request.method == "GET":
            name, password = request.args["name"], request.args["password"]
        elif request.method == "POST":
            name, password = request.form["name"], request.form["password"]
        else:
            return "error"  # "never reached", yet HEAD comes here
        return f"Hello {escape(name)}, your password is {escape(password)}."

    @app.get("/login-open")
    @app.get("/login")
    def login_form():
        """Show the form. GET takes no password; HEAD ends here too and gets the same headers."""
        return render_template("login.html")

    @app.post("/login-open")
    def login_open():
        """Show the danger: after a true login, go on to wherever the link said."""
        check_login()
        # Followed as it is; only what is no address at all falls back to the first page.
        return redirect(request.args.get("next", url_for("index"), type=iri_to_uri), 303)

    @app.post("/login")
    def login():
        """Show the defence: go on within this site, or else to its first page."""
        check_login()
        return redirect(request.args.get("next", url_for("index"), type=local), 303)

    return app
