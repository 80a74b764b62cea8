"""Let people log in, through a page and through JSON: something that is worth testing.

A login that is wrong rarely looks wrong. The right password opens the door, and nobody tries all
the others by hand after every change. The three files ``example_*.py`` do, each in its own way.

Run it: flask --app day04.login.app run --debug
"""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.security import check_password_hash, generate_password_hash

from .credentials import credentials_in, json_body

INCOMPLETE = "Send a name and a password, both of them texts."
REFUSED = "The name or the password is wrong."
PAGES = {"index", "account"}


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; tests say in ``config`` what they need."""
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY=secrets.token_hex(),
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=10_000,
        PASSWORD_METHOD="scrypt",  # noqa: S106 - how a password is hashed, and no password
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    csrf = CSRFProtect(app)
    method = app.config["PASSWORD_METHOD"]
    # The one account, for trying out; a real app has its hashes in a database.
    accounts = {"ann": generate_password_hash("green tea", method)}
    # For a name that nobody has: the check takes as long as any, and cannot succeed.
    nobody = generate_password_hash(secrets.token_hex(), method)

    def log_in(name: str, password: str) -> bool:
        """Check the password; whoever may come in gets a session that begins empty."""
        if not check_password_hash(accounts.get(name, nobody), password):
            app.logger.warning("A login from %s was refused.", request.remote_addr)
            return False
        session.clear()
        session["name"] = name
        return True

    @app.post("/api/login")
    @csrf.exempt  # a form of another site cannot send JSON, and a script of another site may not
    def api_login():
        """Log a program in; it compares the code, and shows the message to people."""
        if not request.is_json:
            return {"code": "not_json", "message": "Send Content-Type: application/json."}, 415
        sent = credentials_in(json_body())
        if sent is None:
            return {"code": "incomplete", "message": INCOMPLETE}, 400
        if not log_in(*sent):
            return {"code": "refused", "message": REFUSED}, 401
        return {"code": "welcome", "message": f"Hello {session['name']}"}

    @app.route("/login", methods=["GET", "POST"])
    def login():
        """Log a person in. ``next`` names a page of ours: an address could lead anywhere."""
        target = request.args.get("next")
        if target not in PAGES:
            target = "index"
        if request.method == "GET":
            return render_template("login.html", target=target)
        sent = credentials_in(request.form)
        if sent is None:
            return render_template("login.html", target=target, message=INCOMPLETE), 400
        if not log_in(*sent):
            return render_template("login.html", target=target, message=REFUSED), 401
        return redirect(url_for(target), 303)

    @app.get("/")
    def index():
        """Greet whoever is logged in."""
        return render_template("index.html")

    @app.get("/account")
    def account():
        """Show a page that is not for strangers: they are sent to the login, and back here."""
        if "name" not in session:
            return redirect(url_for("login", next="account"))
        return render_template("account.html")

    @app.post("/logout")
    def logout():
        """Forget the visitor."""
        session.clear()
        return redirect(url_for("index"), 303)

    return app
