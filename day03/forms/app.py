"""Ask for data with a form that checks itself, and that no other site can send.

What arrives in a request was typed by a stranger, or by a program. A form class says once what is
accepted; it draws the fields, checks them on the server and keeps the messages. The token in it
proves that the visitor sent the form from your own page.

Run it: flask --app day03.forms.app run --debug
"""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.security import generate_password_hash

from .form import RegisterForm


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; tests say in ``config`` what they need."""
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY=secrets.token_hex(),
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=200_000,
        PASSWORD_METHOD="scrypt",  # noqa: S106 - how a password is hashed, and no password
        ACCOUNTS={},  # kept until the server stops; the lesson Database keeps things for good
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    csrf = CSRFProtect(app)
    accounts = app.config["ACCOUNTS"]

    def keep(form: RegisterForm) -> bool:
        """Store the account and log its owner in, or say that the name is taken.

        ``setdefault`` looks and stores in one step, so two who want a name at once cannot both
        have it.
        """
        key = form.name.data.casefold()
        account = {
            "id": secrets.token_hex(8),
            "name": form.name.data,
            "email": form.email.data,
            "password": generate_password_hash(form.password.data, app.config["PASSWORD_METHOD"]),
        }
        if accounts.setdefault(key, account) is not account:
            form.name.errors.append("This name is taken.")
            return False
        session.clear()
        session.update(name=key, id=account["id"])
        return True

    def own_account() -> dict[str, str] | None:
        """Return the visitor's account. The id is asked for as well: a name may change hands."""
        found = accounts.get(session.get("name"))
        return found if found and found["id"] == session.get("id") else None

    @app.route("/", methods=["GET", "POST"])
    def register():
        """Show the form and take it in: one view, because a refused form is shown again."""
        if request.is_json:  # the form would read it, and JSON is more than texts
            abort(415)
        form = RegisterForm()
        if form.validate_on_submit() and keep(form):
            return redirect(url_for("account"), 303)
        return render_template("register.html", form=form), 422 if form.is_submitted() else 200

    @app.get("/account")
    def account():
        """Show what is kept about the visitor, to the visitor."""
        if found := own_account():
            return render_template("account.html", account=found)
        return redirect(url_for("register"), 303)

    def forget():
        """Delete the visitor's account, if there is one."""
        if own_account():
            accounts.pop(session.pop("name"), None)
        return redirect(url_for("register"), 303)

    @app.post("/delete-unsafe")
    @csrf.exempt
    def delete_unsafe():
        """Show the danger: whatever page made the browser send this, it is done."""
        return forget()

    @app.post("/delete")
    def delete():
        """Show the defence: without the token, ``CSRFProtect`` answers before the view does."""
        return forget()

    @app.errorhandler(CSRFError)
    def refuse(error: CSRFError):
        """Say why, and where to begin again."""
        return render_template("refused.html", reason=error.description), 400

    return app
