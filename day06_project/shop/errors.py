"""One form for everything that fails: problem details (RFC 9457) for the API, a page otherwise.

The handler belongs to the app and looks at the path, because a blueprint does not get the errors of
paths that do not exist. See https://www.rfc-editor.org/rfc/rfc9457.
"""

import json
import sqlite3

from flask import Flask, current_app, render_template, request
from flask_wtf.csrf import CSRFError
from redis.exceptions import RedisError
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import Conflict, HTTPException, ServiceUnavailable
from werkzeug.wrappers import Response

from day06_project.shop.extensions import db
from day06_project.shop.utils.logs import request_id

OUTAGES = (RedisError, OperationalError, InterfaceError, PoolTimeoutError, sqlite3.OperationalError)
CONFLICTS = (IntegrityError, StaleDataError)
MARIADB_DEADLOCK = 1213
POSTGRESQL_DEADLOCK = "40P01"


def init_app(app: Flask) -> None:
    """Register the handler for errors of the client, of the servers behind us, and conflicts."""
    for kind in (HTTPException, *OUTAGES, *CONFLICTS):
        app.register_error_handler(kind, handle_error)
    app.after_request(end_transaction)


def end_transaction(response: Response) -> Response:
    """Give the connection back, while a failure can still become a response.

    Flask-SQLAlchemy would do it after the last error handler: a database that dies meanwhile would
    be a bare 500.
    """
    try:
        db.session.rollback()
    except OUTAGES:
        db.session().invalidate()
        raise
    return response


def handle_error(error: Exception) -> Response:
    """Send problem details for a path of the API, and a page for all others."""
    error = translate_error(error)
    response = error.get_response()  # with its headers, such as Allow and Retry-After
    if request.path.startswith("/api/"):
        response.data = json.dumps(problem(error)) + "\n"
        response.content_type = "application/problem+json"
    elif response.status_code >= 400:
        response.data = render_template("error.html", error=error)
    return response


def translate_error(error: Exception) -> HTTPException:
    """Return the HTTP error that an exception means.

    A session that cannot be saved fails after the view, where Flask calls no handler for it. This
    exception arrives inside a 500.
    """
    cause = getattr(error, "original_exception", None) or error
    if is_deadlock(cause):
        return Conflict("Another request was in the way. Try again.")
    if isinstance(cause, OUTAGES):
        current_app.logger.error("no answer from a backing service: %s", cause)
        return ServiceUnavailable("A service that this one needs does not answer.", retry_after=5)
    if isinstance(cause, CONFLICTS):
        return Conflict("Someone else was quicker. Look again, then decide.")
    return error


def is_deadlock(error: Exception) -> bool:
    """Return whether the database ended one of two transactions that waited for each other."""
    cause = getattr(error, "orig", None)
    number = cause.args[0] if cause and cause.args else None
    return number == MARIADB_DEADLOCK or getattr(cause, "sqlstate", None) == POSTGRESQL_DEADLOCK


def problem(error: HTTPException) -> dict[str, object]:
    """Return the members of the problem details."""
    details = {
        "type": "about:blank",  # the status code says it all
        "title": error.name,
        "status": error.code,
        "detail": error.description,
        "instance": request.path,
        "request_id": request_id(),
    }
    if errors := getattr(error, "errors", None):
        details["errors"] = errors
    if isinstance(error, CSRFError):
        details["code"] = "csrf"
    return details
