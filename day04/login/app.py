"""Let visitors log in through a page, and programs through JSON: an app to test.

A wrong login rarely looks wrong. The right password works, and no one tries all the others by hand
after every change. The three files ``example_*.py`` do, each in its own way.

Run it: flask --app day04.login.app run --debug
"""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.security import check_password_hash, generate_password_hash

from .credentials import get_credentials, get_json

INCOMPLETE = "Send a name and a password, both of them texts."
REFUSED = "The name or the password is wrong."
PAGES = {"index", "account"}

csrf = CSRFProtect()


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; a test gives its own settings as ``config``."""
    app = Flask(__name__)
    app.config.from_mapping(
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=10_000,  # bytes
        PASSWORD_METHOD="scrypt",  # noqa: S106 (how a password is hashed, not a password)
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    app.secret_key = app.secret_key or secrets.token_hex()  # an empty key does not count
    csrf.init_app(app)
    method = app.config["PASSWORD_METHOD"]
    # One account, to try it; a real app has the hashes in a database.
    app.config["ACCOUNTS"] = {"ann": generate_password_hash("green tea", method)}
    # For unknown names: the check takes the same time, and no password fits.
    app.config["UNKNOWN"] = generate_password_hash(secrets.token_hex(), method)
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/api/login", view_func=api_login, methods=["POST"])
    app.add_url_rule("/login", view_func=login, methods=["GET", "POST"])
    app.add_url_rule("/account", view_func=account)
    app.add_url_rule("/logout", view_func=logout, methods=["POST"])
    return app


def log_in(name: str, password: str) -> bool:
    """Check the password; if it is right, begin a new session for this visitor."""
    password_hash = current_app.config["ACCOUNTS"].get(name, current_app.config["UNKNOWN"])
    if not check_password_hash(password_hash, password):
        current_app.logger.warning("A login from %s was refused.", request.remote_addr)
        return False
    session.clear()
    session["name"] = name
    return True


@csrf.exempt  # a form of another site cannot send JSON, and browsers stop its scripts
def api_login():
    """Log a program in; the program reads the code, and can show the message."""
    if not request.is_json:
        return {"code": "not_json", "message": "Send Content-Type: application/json."}, 415
    credentials = get_credentials(get_json())
    if credentials is None:
        return {"code": "incomplete", "message": INCOMPLETE}, 400
    if not log_in(*credentials):
        return {"code": "refused", "message": REFUSED}, 401
    return {"code": "welcome", "message": f"Hello {session['name']}"}


def login():
    """Log a person in. ``next`` is the name of a page, because a URL could lead anywhere."""
    target = request.args.get("next")
    if target not in PAGES:
        target = "index"
    if request.method == "GET":
        return render_template("login.html", target=target)
    credentials = get_credentials(request.form)
    if credentials is None:
        return render_template("login.html", target=target, message=INCOMPLETE), 400
    if not log_in(*credentials):
        return render_template("login.html", target=target, message=REFUSED), 401
    return redirect(url_for(target), 303)


def index():
    """Greet the visitor."""
    return render_template("index.html")


def account():
    """Show a page for visitors who are logged in; send all others to the login, and back."""
    if "name" not in session:
        return redirect(url_for("login", next="account"))
    return render_template("account.html")


def logout():
    """Log the visitor out."""
    session.clear()
    return redirect(url_for("index"), 303)
