"""Headers of every response, also of errors."""

import mimetypes

from flask import Flask, request
from werkzeug.wrappers import Response

from day06_project.shop.utils.logs import request_id

# Scripts, styles and images come only from this server, and never from inside a page.
POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


def init_app(app: Flask) -> None:
    """Add the headers to all responses of the app."""
    app.after_request(add_headers)
    # Windows' registry may say text/plain, and a browser told "nosniff" then runs no module.
    mimetypes.add_type("text/javascript", ".js")


def add_headers(response: Response) -> Response:
    """Tell browsers what they may do with the response."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    # Not "no-referrer": over https the check of the CSRF token asks for one from the same site.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Request-ID"] = request_id()
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.path.startswith("/api/"):
        response.headers["Cache-Control"] = "no-store"
    return response
