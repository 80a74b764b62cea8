"""Set, read and delete cookies in the visitor's browser, and sign those that must be true.

HTTP knows no visitors: each request comes without a memory of the one before. A cookie is a name
with a value that the browser stores and sends with later requests. The client can change it, so a
value that must be true needs a signature.

Run it: flask --app day02.cookies.app run --debug
"""

import os
import secrets
from datetime import timedelta

from flask import Flask, abort, redirect, render_template, request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer

THEMES = ["light", "dark"]
CART = "/cart"
HOUR = 3600  # seconds

app = Flask(__name__)
# A new key at every start, unless the environment has one.
app.secret_key = os.environ.get("FLASK_SECRET_KEY") or secrets.token_hex()
serializer = URLSafeTimedSerializer(app.secret_key, salt="role")


@app.get("/")
def index():
    """Read a cookie that may be missing; the page lists all cookies of the request."""
    theme = request.cookies.get("theme", "light")
    return render_template("index.html", theme=theme, themes=THEMES)


@app.post("/theme")
def choose_theme():
    """Set a cookie for a year, on a redirect, which is a response, too."""
    theme = request.form.get("theme")
    if theme not in THEMES:
        abort(400, "Choose light or dark.")
    response = redirect(url_for("index"), 303)
    response.set_cookie("theme", theme, max_age=timedelta(days=365), samesite="Lax")
    return response


@app.get("/lifetimes")
def set_lifetimes():
    """Set cookies that end with the browser, in an hour and in a day."""
    response = redirect(url_for("index"), 303)
    response.set_cookie("visit", "short")
    response.set_cookie("hour", "longer", max_age=HOUR)
    response.set_cookie("day", "longest", max_age=timedelta(days=1))
    return response


@app.get("/protections")
def set_protections():
    """Set a cookie without protection, and one that is protected in three ways."""
    response = redirect(url_for("index"), 303)
    response.set_cookie("bare", "open")
    response.set_cookie("guarded", "shut", httponly=True, secure=True, samesite="Strict")
    return response


@app.get(CART)
def show_cart():
    """Read a cookie that the browser sends only to this path and to those below it."""
    return {"cart": request.cookies.get("cart", "empty")}


@app.post(CART)
def fill_cart():
    """Set a cookie with a path of its own."""
    response = redirect(url_for("show_cart"), 303)
    response.set_cookie("cart", "tea", path=CART)
    return response


@app.post(f"{CART}/empty-wrong")
def empty_cart_wrong():
    """Show the mistake: with another path it is another cookie, and the first one stays."""
    response = redirect(url_for("show_cart"), 303)
    response.delete_cookie("cart")
    return response


@app.post(f"{CART}/empty")
def empty_cart():
    """Delete the cookie with the path that it was set with."""
    response = redirect(url_for("show_cart"), 303)
    response.delete_cookie("cart", path=CART)
    return response


@app.get("/welcome")
def welcome():
    """Set the role of a customer twice: as plain text, and signed."""
    response = redirect(url_for("index"), 303)
    response.set_cookie("role", "customer", httponly=True)
    response.set_cookie("signed_role", serializer.dumps("customer"), max_age=HOUR, httponly=True)
    return response


@app.get("/vault-unsafe")
def vault_unsafe():
    """Show the danger: anyone who writes ``admin`` into the cookie comes in."""
    if request.cookies.get("role") != "admin":
        abort(403, "Only for admins.")
    return "The vault is open.\n"


@app.get("/vault")
def vault():
    """Show the defence: only the server can sign, and a signature is valid for an hour."""
    try:
        role = serializer.loads(request.cookies.get("signed_role", ""), max_age=HOUR)
    except BadSignature:
        role = None
    if role != "admin":
        abort(403, "Only for admins.")
    return "The vault is open.\n"
