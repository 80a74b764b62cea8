"""Read what people send: the query string, headers, and the fields of a form, down to a password.

A request brings text under names. A name can be missing or come twice, and its text can be wrong or
an attack. The view says what it accepts; for all else the response is 400.

Run it: flask --app day02.query_and_form.app run --debug
"""

import json

from flask import Flask, abort, redirect, render_template, request, url_for
from markupsafe import escape
from werkzeug.security import check_password_hash
from werkzeug.urls import iri_to_uri

from .checks import get_field, local_url

DRINKS = ("tea", "coffee")
EXTRAS = ("milk", "sugar", "lemon")

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 10_000  # bytes of the body; if it has more, 413
app.config["TRAP_BAD_REQUEST_ERRORS"] = False  # a missing key is 400 with --debug, too
app.config.from_file("users.json", load=json.load)
app.config.from_prefixed_env()


@app.get("/")
def index():
    """Show a form that searches, one that orders, and the links to the login."""
    return render_template("index.html", drinks=DRINKS, extras=EXTRAS)


@app.get("/search")
def search():
    """Read the query string: a word that is required, a number, a name with many values."""
    return {
        "word": request.args["word"],
        "page": request.args.get("page", 1, type=int),
        "sizes": request.args.getlist("size"),
    }


@app.route("/headers", methods=["GET", "POST"])
def headers():
    """Read a header by its name, and the two shortcuts for the type of the body."""
    name = request.headers.get("X-Name", "guest")
    return {"name": name, "content_type": request.content_type, "mimetype": request.mimetype}


@app.route("/order", methods=["POST", "PUT"])
def order():
    """Read a form, and check every value before it is used."""
    drink, cups, extras = get_field("drink"), get_field("cups", int), request.form.getlist("extra")
    if drink not in DRINKS or not 1 <= cups <= 20 or not set(extras) <= set(EXTRAS):
        abort(400, "Order tea or coffee, 1 to 20 cups, with milk, sugar or lemon.")
    return {"drink": drink, "cups": cups, "extras": extras}


@app.route("/login-unsafe", methods=["GET", "POST"])
def login_unsafe():
    """Show the danger: a password in the URL and in the page, and a view that branches."""
    if request.method == "GET":
        name, password = request.args["name"], request.args["password"]
    elif request.method == "POST":
        name, password = request.form["name"], request.form["password"]
    else:
        return "error"  # HEAD comes here
    return f"Hello {escape(name)}, your password is {escape(password)}."


def check_login() -> None:
    """Respond with 403 unless name and password belong together; do not say which is wrong."""
    # An unknown name is checked, too: a quick refusal would tell that it does not exist.
    stored = app.config["HASHES"].get(get_field("name"), app.config["NOBODY"])
    if not check_password_hash(stored, get_field("password")):
        abort(403, "Name or password is wrong.")


@app.get("/login-open")
@app.get("/login")
def login_form():
    """Show the form; it takes no password from the URL. HEAD gets the same headers."""
    return render_template("login.html")


@app.post("/login-open")
def login_open():
    """Show the danger: after the login, redirect to any URL in the link."""
    check_login()
    # iri_to_uri refuses only what is not a URL at all.
    return redirect(request.args.get("next", url_for("index"), type=iri_to_uri), 303)


@app.post("/login")
def login():
    """Show the defence: redirect within this site, or else to its first page."""
    check_login()
    return redirect(request.args.get("next", url_for("index"), type=local_url), 303)
