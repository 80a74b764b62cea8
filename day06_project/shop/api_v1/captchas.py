"""Pictures with letters, under ids that the front end makes up."""

from uuid import UUID

from flask import Blueprint, Response, current_app

from day06_project.shop.extensions import store
from day06_project.shop.libs import captcha
from day06_project.shop.utils.limits import limit
from day06_project.shop.utils.openapi import fails, gives

bp = Blueprint("captchas", __name__)


def key(captcha_id: UUID) -> str:
    """Return the name of a captcha in the store."""
    return f"captcha:{captcha_id}"


@bp.get("/<uuid:captcha_id>")
@gives("image/png")
@fails(429)
def show(captcha_id: UUID) -> Response:
    """Draw new letters and remember them for three minutes."""
    limit("captchas")
    text = current_app.config["CAPTCHA_FIXED_TEXT"] or captcha.new_text()
    store.put(key(captcha_id), text, captcha.SECONDS)
    return Response(captcha.draw(text), mimetype="image/png")


def passed(captcha_id: UUID, text: str) -> bool:
    """Compare the letters once: right or wrong, the captcha is used up."""
    letters = store.take(key(captcha_id))
    return letters is not None and letters.casefold() == text.casefold()
