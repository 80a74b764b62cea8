"""The session as a resource: read it, begin one by logging in, delete it by logging out."""

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request, session
from sqlalchemy import select
from werkzeug.exceptions import TooManyRequests, Unauthorized

from day06_project.shop.api_v1 import schemas
from day06_project.shop.extensions import db, store
from day06_project.shop.models import User
from day06_project.shop.utils.auth import (
    current_user,
    password_fits,
    renew_session,
    set_csrf_cookie,
)
from day06_project.shop.utils.openapi import fails, gives
from day06_project.shop.utils.validation import takes

bp = Blueprint("session", __name__)

SECONDS = 300
FAILURES_PER_ADDRESS = 50


def state(user: User | None) -> Response:
    """Return who is logged in, and set the token for the next request."""
    response = jsonify(user=user and user.to_dict())
    set_csrf_cookie(response)
    return response


@bp.get("")
@gives(schemas.Session, 200, "Set-Cookie")
def show() -> Response:
    """Return who is logged in."""
    return state(current_user())


@bp.post("")
@takes(schemas.Login)
@gives(schemas.Session, 200, "Set-Cookie")
@fails(401, 429)
def create(values: dict[str, Any]) -> Response:
    """Log in.

    Count the attempt before you check the password. Otherwise many at once would all pass before
    the first one has failed. The right password takes the count back.
    """
    by_address = f"login:{request.remote_addr}"
    by_name = f"{by_address}:{values['name']}"
    limits = {by_name: current_app.config["LOGIN_MAX_FAILURES"], by_address: FAILURES_PER_ADDRESS}
    for key, most in limits.items():
        if store.count(key, SECONDS) > most:
            wait = store.seconds_left(key)
            text = f"Too many wrong passwords. Wait {wait} seconds, then try again."
            raise TooManyRequests(text, retry_after=wait)
    user = db.session.scalar(select(User).where(User.name == values["name"]))
    if not password_fits(user, values["password"]):
        current_app.logger.warning("wrong password for %s", values["name"])
        raise Unauthorized("Name or password is wrong.")
    store.take(by_name)
    store.count(by_address, SECONDS, by=-1)
    renew_session()
    session["user_id"] = user.id
    current_app.logger.info("account %d logged in", user.id)
    return state(user)


@bp.delete("")
@gives(None, 204, "Set-Cookie")
def delete() -> Response:
    """Log out; a second time changes nothing."""
    renew_session()
    response = Response(status=204)
    set_csrf_cookie(response)
    return response
