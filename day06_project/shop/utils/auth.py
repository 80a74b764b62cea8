"""Who sends the request: passwords, the session, and the token against forged requests."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from flask import current_app, g, session
from flask_wtf.csrf import generate_csrf
from werkzeug.exceptions import Unauthorized
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response

from day06_project.shop.extensions import db
from day06_project.shop.models import User


def hash_password(password: str) -> str:
    """Return the hash that the database stores instead of the password."""
    return generate_password_hash(password, current_app.config["PASSWORD_METHOD"])


@cache
def _hash_of_no_one(method: str) -> str:
    return generate_password_hash("", method)


def password_fits(user: User | None, password: str) -> bool:
    """Check a password, and take as long for a name that does not exist."""
    no_one = _hash_of_no_one(current_app.config["PASSWORD_METHOD"])
    return check_password_hash(user.password_hash if user else no_one, password) and bool(user)


def current_user() -> User | None:
    """Return who is logged in, if that account is still there."""
    user_id = session.get("user_id")
    return db.session.get(User, user_id) if user_id else None


def login_required(view: Callable[..., Any]) -> Callable[..., Any]:
    """Send 401 to visitors without a login; in the view, ``g.user`` is the account.

    RFC 9110 asks for the header WWW-Authenticate. We leave it out: there is not a scheme for "log
    in by cookie", and any other makes the browser ask for a password by itself.
    """

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        g.user = current_user()
        if g.user is None:
            raise Unauthorized("Log in first.")
        return view(*args, **kwargs)

    wrapper.needs_login = True
    return wrapper


def renew_session() -> None:
    """Begin a session with an id that no one else knows, and forget the old one.

    The order matters: an empty session keeps its id.
    """
    current_app.session_interface.regenerate(session)
    session.clear()
    g.pop("csrf_token", None)  # the old session's


def set_csrf_cookie(response: Response) -> None:
    """Give the token to the front end's script, which sends it back as X-CSRFToken.

    The cookie only carries it: Flask-WTF compares the header with the session.
    """
    response.set_cookie(
        "csrf_token",
        generate_csrf(),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        samesite="Lax",
    )
