"""Check what visitors type into a form, and refuse a form that another site sends.

A request holds what a visitor or a program sends, so anything can be in it. A form class says once
what is accepted: it draws the fields, checks them on the server, and keeps the messages. The token
in the form shows that the visitor sent it from your own page.

Run it: flask --app day03.forms.app run --debug
"""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, current_app, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.security import generate_password_hash

from .form import RegisterForm

csrf = CSRFProtect()


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; a test gives its own settings as ``config``."""
    app = Flask(__name__)
    app.config.from_mapping(
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=200_000,  # bytes
        PASSWORD_METHOD="scrypt",  # noqa: S106 (how a password is hashed, not a password)
        ACCOUNTS={},  # kept until the server stops; the lesson Database stores data in a file
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    app.secret_key = app.secret_key or secrets.token_hex()  # an empty key does not count
    csrf.init_app(app)
    app.register_error_handler(CSRFError, show_refusal)
    app.add_url_rule("/", view_func=register, methods=["GET", "POST"])
    app.add_url_rule("/account", view_func=show_account)
    app.add_url_rule("/delete", view_func=delete, methods=["POST"])
    app.add_url_rule("/delete-unsafe", view_func=delete_unsafe, methods=["POST"])
    return app


def register():
    """Show the form, and check it when it is sent; a form with mistakes is shown again."""
    if request.is_json:  # the form would read it, and JSON can hold more than texts
        abort(415)
    form = RegisterForm()
    if form.validate_on_submit() and create_account(form):
        return redirect(url_for("show_account"), 303)
    status = 422 if form.is_submitted() else 200
    return render_template("register.html", form=form), status


def create_account(form: RegisterForm) -> bool:
    """Store the account and log its owner in, or return False because the name is taken.

    ``setdefault`` looks and stores in one step, so only one of two requests gets the name.
    """
    key = form.name.data.casefold()
    method = current_app.config["PASSWORD_METHOD"]
    account = {
        "id": secrets.token_hex(8),
        "name": form.name.data,
        "email": form.email.data,
        "password": generate_password_hash(form.password.data, method),
    }
    if current_app.config["ACCOUNTS"].setdefault(key, account) is not account:
        form.name.errors.append("This name is taken.")
        return False
    session.clear()
    session.update(name=key, id=account["id"])
    return True


def get_own_account() -> dict[str, str] | None:
    """Return the visitor's account. The id must fit, too: a name can get a new owner."""
    account = current_app.config["ACCOUNTS"].get(session.get("name"))
    return account if account and account["id"] == session.get("id") else None


def show_account():
    """Show visitors their own account; send all others to the form."""
    account = get_own_account()
    if account is None:
        return redirect(url_for("register"), 303)
    return render_template("account.html", account=account)


def delete_own_account():
    """Delete the visitor's account, if there is one."""
    if get_own_account():
        current_app.config["ACCOUNTS"].pop(session.pop("name"), None)
    return redirect(url_for("register"), 303)


@csrf.exempt
def delete_unsafe():
    """Show the danger: the view deletes, whichever page made the browser send this."""
    return delete_own_account()


def delete():
    """Show the defence: without a token ``CSRFProtect`` refuses, and the view does not run."""
    return delete_own_account()


def show_refusal(error: CSRFError):
    """Say why the request was refused, and where to begin again."""
    return render_template("refused.html", reason=error.description), 400
