"""The front end: files, each sent with the token that its script needs for requests."""

from contextlib import suppress

from flask import Blueprint, current_app, session
from redis.exceptions import RedisError
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response

from day06_project.shop.extensions import store
from day06_project.shop.utils.auth import set_csrf_cookie

pages = Blueprint("pages", __name__)


@pages.get("/")
@pages.get("/<regex('[a-z_]{1,32}'):name>.html")
def page(name: str = "index") -> Response:
    """Send a page of ``static/html``.

    If sessions are out of reach, send the page without the token: to look around needs none.
    """
    response = current_app.send_static_file(f"html/{name}.html")
    with suppress(RedisError, ServiceUnavailable):
        if "csrf_token" not in session:  # a new session needs the store
            store.ping()
        set_csrf_cookie(response)
    return response
