"""Accounts."""

from uuid import UUID

from flask import Blueprint, current_app
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import Conflict

from day06_project.shop.api_v1 import captchas
from day06_project.shop.extensions import db
from day06_project.shop.models import User
from day06_project.shop.utils.auth import hash_password
from day06_project.shop.utils.validation import InvalidFields, fields, text

bp = Blueprint("users", __name__)

NAME = text(3, 32, "[a-z0-9_-]+", "of a to z, 0 to 9, _ and -")
PASSWORD = text(8, 128)
UUID_PATTERN = "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
RULES = {
    "name": NAME,
    "password": PASSWORD,
    "captcha_id": text(36, 36, UUID_PATTERN, "a UUID"),
    "captcha_text": text(1, 16),
}


@bp.post("")
def create():
    """Open an account for a person who can read the captcha."""
    values = fields(RULES)
    if not captchas.passed(UUID(values["captcha_id"]), values["captcha_text"]):
        raise InvalidFields({"captcha_text": "does not fit the picture, or it was used before"})
    user = User(name=values["name"], password_hash=hash_password(values["password"]))
    db.session.add(user)
    try:
        db.session.commit()
    except IntegrityError as error:  # a look before it would leave a gap for another request
        raise Conflict("This name is taken.") from error
    current_app.logger.info("account %d opened", user.id)
    return user.to_dict(), 201
