"""Exercise: a logout that holds.

The staff of a tea house share a few tablets. A person who had copied a cookie was still logged in
days after its owner had logged out: all that the program knows is in the cookie, and what is not on
the server cannot be taken back. The views are finished; make their sessions safe.

Tasks:

1. Keep sessions on the server. The cookie named ``session`` holds a random id and nothing else; the
   name and the basket are in files below DATA_FOLDER.
2. Let sessions outlive a restart. With the cookie from before, everything is as it was.
3. Change the id at login. The cookie from before the login is worth nothing afterwards, and the
   basket is kept.
4. Make the logout hold. After ``POST /logout`` the browser has no name and an empty basket, and
   so has everyone with a copy of its cookie.
5. Log out everywhere. ``POST /logout/everywhere`` ends all sessions of this person, in all browsers
   and also after a restart, and those of no one else. A new login works.

Run it:   flask --app day06_project.single_file.exercise run --debug
Try it:   curl -i -b jar.txt -c jar.txt --json '{"tea": "oolong"}' http://127.0.0.1:5000/basket
          curl -i -b jar.txt -c jar.txt --json '{"name": "ann", "pin": "2468"}' http://127.0.0.1:5000/login
          (copy jar.txt to copy.txt)
          curl -i -b jar.txt -c jar.txt -X POST http://127.0.0.1:5000/logout
          curl -b copy.txt http://127.0.0.1:5000/
Check it: course check single_file
"""

import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, abort, current_app, request, session


def current_name() -> str | None:
    """Return who is logged in."""
    # TODO (task 5): is this session older than the last logout everywhere?
    return session.get("name")


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
    """Log a person in who knows the PIN."""
    body = request.get_json()
    name, pin = (str(body.get(key)) for key in ("name", "pin"))
    if not hmac.compare_digest(current_app.config["PINS"].get(name, "").encode(), pin.encode()):
        abort(401, "Name or PIN is wrong.")
    # TODO (task 3): current_app.session_interface has what it takes
    session["name"] = name
    return "", 204


@pages.post("/logout")
def logout():
    """Log out; visitors without a login may do so, too."""
    # TODO (task 4)
    session.pop("name", None)
    return "", 204


@pages.post("/logout/everywhere")
def logout_everywhere():
    """Log out in all browsers."""
    if current_name() is None:
        abort(401, "Log in first.")
    # TODO (task 5)
    return "", 204


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is where it keeps the sessions."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day06_project_single_file" / "exercise",
        SECRET_KEY=secrets.token_hex(),
        SESSION_COOKIE_SAMESITE="Lax",
        PINS={"ann": "2468", "ben": "1357"},
    )
    app.config.from_mapping(config or {})
    folder = Path(app.config["DATA_FOLDER"]).absolute()
    app.config["DATA_FOLDER"] = folder
    # TODO (tasks 1 and 2): Flask-Session, with a FileSystemCache in this folder, which it makes
    # TODO (task 5): for each person a number that grows; a second FileSystemCache can keep it
    # (with timeout=0, or it forgets after five minutes)
    app.register_blueprint(pages)
    return app
