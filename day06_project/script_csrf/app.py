"""Protect the requests of a script: a CSRF token against other sites, a captcha against robots.

A page whose script sends JSON has no form for the token. A cookie carries the token to the script,
and the script sends it in a header. The captcha asks for letters that a person can read.

Run it: flask --app day06_project.script_csrf.app run --debug
"""

import secrets
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from captcha.image import ImageCaptcha
from flask import Blueprint, Flask, Response, abort, current_app, request
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ23456789"  # without those that look alike: 0 O Q 1 I
SECONDS = 180
MAX_LENGTH = 1000

csrf = CSRFProtect()
pages = Blueprint("pages", __name__)
image = ImageCaptcha(width=160, height=60)


class Captchas:
    """Keep the letters of each picture for three minutes, in the memory of this process."""

    def __init__(self) -> None:
        """Begin without pictures."""
        self.letters: dict[UUID, tuple[str, float]] = {}

    def put(self, captcha_id: UUID, text: str) -> None:
        """Store letters, and forget those whose time is over."""
        now = time.monotonic()
        for key, (_, end) in list(self.letters.items()):
            if end <= now:
                self.letters.pop(key, None)
        self.letters[captcha_id] = (text, now + SECONDS)

    def take(self, captcha_id: UUID) -> str | None:
        """Return the letters and forget them, in one step: each picture counts once."""
        text, end = self.letters.pop(captcha_id, (None, 0))
        return text if time.monotonic() < end else None


def choose_letters() -> str:
    """Return four random letters; ``random`` would let others calculate the next ones."""
    return "".join(secrets.choice(LETTERS) for _ in range(4))


def read_uuid(value: Any) -> UUID:
    """Return the id that the client has sent, or send 422."""
    try:
        return UUID(value)
    except (AttributeError, TypeError, ValueError):
        abort(422, "captcha_id must be a UUID.")


@pages.get("/")
def index():
    """Send the page and its token; ``SameSite`` and ``Secure`` limit where the cookie goes."""
    response = current_app.send_static_file("questions.html")
    response.set_cookie(
        "csrf_token",
        generate_csrf(),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        samesite="Lax",
    )
    return response


@pages.get("/captchas/<uuid:captcha_id>")
def draw_captcha(captcha_id: UUID):
    """Draw new letters and remember them under this id."""
    text = choose_letters()
    current_app.extensions["captchas"].put(captcha_id, text)
    picture = image.generate(text).getvalue()
    return Response(picture, mimetype="image/png", headers={"Cache-Control": "no-store"})


@pages.post("/questions")
def ask():
    """Take a question from a person who can read the picture."""
    body = request.get_json()
    if not isinstance(body, dict):
        abort(400, "The body is not a JSON object.")
    text, letters = body.get("text"), body.get("captcha_text")
    if not isinstance(text, str) or not 1 <= len(text.strip()) <= MAX_LENGTH:
        abort(422, f"text must have 1 to {MAX_LENGTH} characters.")
    right = current_app.extensions["captchas"].take(read_uuid(body.get("captcha_id")))
    if right is None or not isinstance(letters, str) or letters.upper() != right:
        abort(422, "The letters do not fit the picture, or they were used before.")
    current_app.extensions["questions"].append(text)
    return {"text": text}, 201


@pages.get("/questions")
def list_questions():
    """Return the questions."""
    return {"items": current_app.extensions["questions"]}


@pages.app_errorhandler(CSRFError)
def handle_csrf_error(error: CSRFError):
    """Tell the script what to do: fetch a new token and try again."""
    return {"error": error.description, "code": "csrf"}, 400


@pages.app_errorhandler(422)
def handle_wrong_value(error):
    """Tell the script in JSON what is wrong."""
    return {"error": error.description}, 422


@pages.app_errorhandler(RecursionError)
def handle_deep_json(error: RecursionError):
    """Refuse JSON with thousands of nested levels, which Python cannot read."""
    return {"error": "The body has too many levels."}, 400


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; each one has captchas and questions of its own."""
    app = Flask(__name__)
    app.config.from_mapping(
        MAX_CONTENT_LENGTH=10_000,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # the token is good as long as its session
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or secrets.token_hex()
    app.extensions["captchas"] = Captchas()
    app.extensions["questions"] = []
    csrf.init_app(app)
    app.register_blueprint(pages)
    return app
