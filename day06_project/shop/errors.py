"""One answer to everything that fails: problem details (RFC 9457) for the API, a page otherwise.

It is registered on the app and chosen by the path, for a blueprint never hears of a path that
does not exist. See https://www.rfc-editor.org/rfc/rfc9457.
"""

import json
import sqlite3

from flask import Flask, current_app, request
from flask_wtf.csrf import CSRFError
from redis.exceptions import RedisError
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import Conflict, HTTPException, ServiceUnavailable
from werkzeug.wrappers import Response

from day06_project.shop.utils.logs import request_id

OUTAGES = (RedisError, OperationalError, InterfaceError, PoolTimeoutError, sqlite3.OperationalError)
CONFLICTS = (IntegrityError, StaleDataError)


def init_app(app: Flask) -> None:
    """Let ``answer`` have every failure that is somebody else's or the client's."""
    for kind in (HTTPException, *OUTAGES, *CONFLICTS):
        app.register_error_handler(kind, answer)


def answer(error: Exception) -> Response:
    """Answer a failed request in the form that its path speaks."""
    error = translated(error)
    response = error.get_response()  # with the headers that belong to it: Allow, Retry-After
    if request.path.startswith("/api/"):
        response.data = json.dumps(problem(error)) + "\n"
        response.content_type = "application/problem+json"
    return response


def translated(error: Exception) -> HTTPException:
    """Return the error of HTTP that an exception amounts to.

    A session that cannot be saved fails after the view, where no handler of its own is asked:
    that arrives as a 500 which carries the exception.
    """
    cause = getattr(error, "original_exception", None) or error
    if isinstance(cause, OUTAGES):
        current_app.logger.error("no answer from a backing service: %s", cause)
        return ServiceUnavailable("A service that this one needs does not answer.", retry_after=5)
    if isinstance(cause, CONFLICTS):
        return Conflict("Somebody else was quicker. Look again, then decide.")
    return error


def problem(error: HTTPException) -> dict[str, object]:
    """Return the members of the problem details."""
    found = {
        "type": "about:blank",  # there is no more to it than its status
        "title": error.name,
        "status": error.code,
        "detail": error.description,
        "instance": request.path,
        "request_id": request_id(),
    }
    if errors := getattr(error, "errors", None):
        found["errors"] = errors
    if isinstance(error, CSRFError):
        found["code"] = "csrf"
    return found
