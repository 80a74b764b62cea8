"""Exercise: a captcha that counts once.

A shop's page has a box for questions, and robots fill it with advertising. So the page makes up an
id, a UUID, and shows the picture that the back end draws for it; the question is sent as JSON,
together with the id and the letters that the visitor has read. The page is separated: the back end
knows it by the id alone, and cookies have no part in it.

Tasks:

1. Draw letters for an id. ``GET /captchas/<id>`` answers a PNG picture that no cache may keep
   (``Cache-Control: no-store``). Everything that is not a UUID is 404.
2. Ask for the letters. A question is taken if they fit the picture of its id, in upper or lower
   case. In all other cases it is 422 and is not kept, also with a wrong type or without the field.
3. Take the letters once. Each try, right or wrong, uses them up.
4. Let the letters end. After ``CAPTCHA_SECONDS`` they count no more, and a new picture for the same
   id replaces the one before.
5. Share what you know. A second worker, or the same one after a restart, knows the letters, and
   knows which are used up: they are in a file, see open_store.

Run it:   flask --app day06_project.rendered_or_separated.exercise run --debug
Try it:   (open http://127.0.0.1:5000/captchas/0f8fad5b-d9cb-469f-a165-70867728950e in a browser)
          curl -i --json '{"text": "Is it warm?", "captcha_text": "....",
          "captcha_id": "0f8fad5b-d9cb-469f-a165-70867728950e"}' http://127.0.0.1:5000/questions
          curl http://127.0.0.1:5000/questions
Check it: course check rendered_or_separated
"""

import secrets
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from captcha.image import ImageCaptcha
from flask import Blueprint, Flask, abort, current_app, request

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


@pages.get("/captchas/<captcha_id>")
def captcha(captcha_id: str):
    """Draw new letters for an id."""
    # TODO (task 1): only UUIDs, the type of the picture, no cache
    # TODO (tasks 2, 4 and 5): keep the letters under the id: REPLACE INTO captchas ...
    return draw(new_text())


def is_passed(captcha_id: Any, text: Any) -> bool:
    """Tell whether these are the letters of that id; a try uses them up."""
    # TODO (tasks 2 to 5): DELETE FROM captchas ... RETURNING ... takes letters in one step
    return True


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
