"""The front end: files, each sent with the token of the visitor's session, if there is one."""

from contextlib import suppress

from flask import Blueprint, current_app, session
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response

from day06_project.shop.utils.auth import set_csrf_cookie

pages = Blueprint("pages", __name__)


@pages.get("/")
@pages.get("/<regex('[a-z_]{1,32}'):name>.html")
def page(name: str = "index") -> Response:
    """Send a page of ``static/html``.

    To look around needs no session, so a page view does not begin one: those of search engines and
    monitors would fill the store. ``GET /session`` begins it when a script needs the token.
    """
    response = current_app.send_static_file(f"html/{name}.html")
    with suppress(ServiceUnavailable):  # sessions are out of reach
        if "csrf_token" in session:
            set_csrf_cookie(response)
    return response
