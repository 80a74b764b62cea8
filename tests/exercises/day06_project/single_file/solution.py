"""A solution of the exercise: a logout that holds."""

import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cachelib import FileSystemCache
from flask import Blueprint, Flask, abort, current_app, request, session
from flask_session import Session


def current_name() -> str | None:
    """Return who is logged in."""
    name = session.get("name")
    return (
        name
        if name and session.get("ends") == (current_app.extensions["ends"].get(name) or 0)
        else None
    )


pages = Blueprint("pages", __name__)


@pages.get("/")
def index():
    """Tell who is here, and what is in the basket."""
    return {"name": current_name(), "basket": session.get("basket", [])}


@pages.post("/basket")
def put():
    """Put a tea into the basket."""
    body = request.get_json()
    if not (isinstance(body, dict) and isinstance(body.get("tea"), str)):
        abort(400, "Send JSON with a tea.")
    session["basket"] = [*session.get("basket", []), body["tea"]]
    return "", 204


@pages.post("/login")
def login():
    """Let a person in who knows the PIN."""
    body = request.get_json()
    name, pin = (str(body.get(key)) for key in ("name", "pin"))
    if not hmac.compare_digest(current_app.config["PINS"].get(name, "").encode(), pin.encode()):
        abort(401, "Name or PIN is wrong.")
    current_app.session_interface.regenerate(session)
    session["name"] = name
    session["ends"] = current_app.extensions["ends"].get(name) or 0
    return "", 204


@pages.post("/logout")
def logout():
    """Log out; a visitor without a session may do so, too."""
    session.clear()
    return "", 204


@pages.post("/logout/everywhere")
def logout_everywhere():
    """Log out in all browsers."""
    name = current_name()
    if name is None:
        abort(401, "Log in first.")
    current_app.extensions["ends"].set(name, (current_app.extensions["ends"].get(name) or 0) + 1)
    session.clear()
    return "", 204


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is where it keeps the sessions."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day06_project_single_file" / "exercise",
        SECRET_KEY=secrets.token_hex(),
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_TYPE="cachelib",
        SESSION_REFRESH_EACH_REQUEST=False,
        PINS={"ann": "2468", "ben": "1357"},
    )
    app.config.from_mapping(config or {})
    folder = Path(app.config["DATA_FOLDER"]).absolute()
    app.config["DATA_FOLDER"] = folder
    app.config["SESSION_CACHELIB"] = FileSystemCache(str(folder / "sessions"), threshold=10_000)
    Session(app)
    # How often each person has logged out everywhere; a session is good for the number it has.
    app.extensions["ends"] = FileSystemCache(str(folder / "ends"), threshold=0, default_timeout=0)
    app.register_blueprint(pages)
    return app
