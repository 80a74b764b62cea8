"""A solution of the exercise: a captcha that counts once."""

import secrets
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

from captcha.image import ImageCaptcha
from flask import Blueprint, Flask, Response, abort, current_app, request

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ23456789"  # without those that look alike: 0 O Q 1 I

image = ImageCaptcha(width=160, height=60)

pages = Blueprint("pages", __name__)


def draw(text: str) -> bytes:
    """Return a PNG picture of the text."""
    return image.generate(text).getvalue()


def new_text() -> str:
    """Return four letters that no one can foresee."""
    letters = current_app.extensions["letters"]
    return letters.pop(0) if letters else "".join(secrets.choice(LETTERS) for _ in range(4))


def open_store() -> sqlite3.Connection:
    """Open the file that all workers share; each statement is carried out at once.

    Use it so: ``with closing(open_store()) as store: store.execute("...", (...))``.
    """
    current_app.config["DATA_FOLDER"].mkdir(parents=True, exist_ok=True)
    store = sqlite3.connect(current_app.config["DATA_FOLDER"] / "captchas.db", isolation_level=None)
    # "until" is a time as time.time() tells it.
    store.execute("CREATE TABLE IF NOT EXISTS captchas (id PRIMARY KEY, letters, until)")
    return store


@pages.get("/captchas/<uuid:captcha_id>")
def captcha(captcha_id: UUID):
    """Draw new letters for an id."""
    letters = new_text()
    until = time.time() + current_app.config["CAPTCHA_SECONDS"]
    with closing(open_store()) as store:
        values = (str(captcha_id), letters, until)
        store.execute("REPLACE INTO captchas VALUES (?, ?, ?)", values)
    response = Response(draw(letters), mimetype="image/png")
    response.headers["Cache-Control"] = "no-store"
    return response


def is_passed(captcha_id: Any, text: Any) -> bool:
    """Tell whether these are the letters of that id; a try uses them up."""
    if not (isinstance(captcha_id, str) and isinstance(text, str)):
        return False
    query = "DELETE FROM captchas WHERE id = ? RETURNING letters, until"
    with closing(open_store()) as store:
        row = store.execute(query, (captcha_id.lower(),)).fetchone()
    if row is None:
        return False
    letters, until = row
    return until > time.time() and letters.casefold() == text.casefold()


@pages.post("/questions")
def ask():
    """Take a question of a visitor who can read the picture."""
    body = request.get_json()
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str) or not text.strip():
        abort(400, "Send JSON with a text.")
    if not is_passed(body.get("captcha_id"), body.get("captcha_text")):
        abort(422, "The letters do not fit the picture, or they were used before.")
    current_app.extensions["questions"].append(text)
    return {"text": text}, 201


@pages.get("/questions")
def index():
    """List the questions."""
    return {"items": current_app.extensions["questions"]}


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the back end; ``CAPTCHA_TEXTS`` are the letters to come, for tests."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day06_project_rendered_or_separated" / "exercise",
        CAPTCHA_SECONDS=180,
        CAPTCHA_TEXTS=[],
    )
    app.config.from_mapping(config or {})
    app.config["DATA_FOLDER"] = Path(app.config["DATA_FOLDER"]).absolute()
    app.extensions["letters"] = list(app.config["CAPTCHA_TEXTS"])
    app.extensions["questions"] = []
    app.register_blueprint(pages)
    return app
