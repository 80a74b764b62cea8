"""Accounts."""

from typing import Any
from uuid import UUID

from flask import Blueprint, current_app
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import Conflict

from day06_project.shop.api_v1 import captchas, schemas
from day06_project.shop.extensions import db
from day06_project.shop.models import User
from day06_project.shop.utils.auth import hash_password
from day06_project.shop.utils.limits import limit
from day06_project.shop.utils.openapi import fails, gives
from day06_project.shop.utils.validation import InvalidFields, takes

bp = Blueprint("users", __name__)


@bp.post("")
@takes(schemas.Registration)
@gives(schemas.User, 201)
@fails(409, 429)
def create(values: dict[str, Any]) -> tuple[dict[str, object], int]:
    """Open an account for a person who can read the captcha."""
    limit("accounts")
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
