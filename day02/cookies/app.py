"""Leave a note with the visitor's browser: set a cookie, read it, delete it, and doubt it.

HTTP forgets a visitor after every answer. A cookie is a name with a value that the browser keeps
and sends along from then on. It lies on the visitor's machine, so it is the visitor's word: a value
that has to be true needs a signature.

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
# Another key at every start, unless the environment brings one that stays.
app.secret_key = os.environ.get("FLASK_SECRET_KEY") or secrets.token_hex()
seal = URLSafeTimedSerializer(app.secret_key, salt="role")


@app.get("/")
def index():
    """Read a cookie that may be missing; the page lists whatever else came along."""
    theme = request.cookies.get("theme", "light")
    return render_template("index.html", theme=theme, themes=THEMES)


@app.post("/theme")
def choose_theme():
    """Set a cookie for a year. A redirect is a response like any other and can carry it."""
    theme = request.form.get("theme")
    if theme not in THEMES:
        abort(400, "Choose light or dark.")
    response = redirect(url_for("index"), 303)
    response.set_cookie("theme", theme, max_age=timedelta(days=365), samesite="Lax")
    return response


@app.get("/lifetimes")
def lifetimes():
    """Set cookies that end with the browser, in an hour and in a day."""
    response = redirect(url_for("index"))
    response.set_cookie("visit", "short")
    response.set_cookie("hour", "longer", max_age=HOUR)
    response.set_cookie("day", "longest", max_age=timedelta(days=1))
    return response


@app.get("/protections")
def protections():
    """Set a cookie as it is by default, and one that is guarded in three ways."""
    response = redirect(url_for("index"))
    response.set_cookie("bare", "open")
    response.set_cookie("guarded", "shut", httponly=True, secure=True, samesite="Strict")
    return response


@app.get(CART)
def cart():
    """Read a cookie that is sent to this address and those below it, and to no other."""
    return {"cart": request.cookies.get("cart", "empty")}


@app.post(CART)
def fill_cart():
    """Set a cookie with a path of its own."""
    response = redirect(url_for("cart"), 303)
    response.set_cookie("cart", "tea", path=CART)
    return response


@app.post(f"{CART}/empty-wrong")
def empty_cart_wrong():
    """Show the mistake: with another path it is another cookie, and the old one stays."""
    response = redirect(url_for("cart"), 303)
    response.delete_cookie("cart")
    return response


@app.post(f"{CART}/empty")
def empty_cart():
    """Delete the cookie with the path that it was set with."""
    response = redirect(url_for("cart"), 303)
    response.delete_cookie("cart", path=CART)
    return response


@app.get("/welcome")
def welcome():
    """Hand out a role twice: in plain letters, and signed."""
    response = redirect(url_for("index"))
    response.set_cookie("role", "customer", httponly=True)
    response.set_cookie("signed_role", seal.dumps("customer"), max_age=HOUR, httponly=True)
    return response


@app.get("/vault-unsafe")
def vault_unsafe():
    """Show the danger: whoever writes ``admin`` into the cookie is let in."""
    if request.cookies.get("role") != "admin":
        abort(403, "Only for admins.")
    return "The vault is open.\n"


@app.get("/vault")
def vault():
    """Show the defence: only the key can sign, and no signature is good for ever."""
    try:
        role = seal.loads(request.cookies.get("signed_role", ""), max_age=HOUR)
    except BadSignature:
        role = None
    if role != "admin":
        abort(403, "Only for admins.")
    return "The vault is open.\n"
