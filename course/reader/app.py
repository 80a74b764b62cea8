"""The reader put together: pages, interface, and the guard in front of both."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from course import catalogue
from course.progress import Progress
from course.reader import guard, markdown
from course.reader.api import api
from course.reader.files import LessonFiles
from course.reader.pages import pages
from course.reader.process import InThisProcess, Lessons
from course.reader.worker import Worker

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_REQUEST = 1_000_000  # bytes


def create_reader(
    root: Path = catalogue.ROOT,
    *,
    token: str | None = "",
    ticket: str = "",
    worker: Lessons | None = None,
    instance: Path | None = None,
    site: str = "",
) -> Flask:
    """Make the reader for the course below ``root``.

    ``token`` is what the address that opens the reader has to carry; an empty one is made anew,
    and None asks for none. ``ticket`` opens the reader once, in the token's place. Without a
    ``worker`` the lessons run in this process. Progress and first versions of files are kept in
    the folder ``instance``: without one, in the course's own. ``site`` is for pages that become
    files: ``plain`` to be read, ``live`` where the browser runs the lessons.
    """
    root = root.resolve()
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST
    app.config["COURSE"] = root
    app.config["INSTANCE"] = instance or root / "instance"
    app.config["TOKEN"] = secrets.token_urlsafe() if token == "" else token
    app.config["SITE"] = site
    app.config["TRIALS"] = {}  # of a live site: what of each lesson runs there
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True  # pages are small
    lessons = worker or InThisProcess(Worker(root, token=app.config["TOKEN"]))
    app.extensions["worker"] = lessons
    app.extensions["files"] = LessonFiles(root, app.config["INSTANCE"])
    app.extensions["progress"] = Progress(root, app.config["INSTANCE"] / "progress.json")
    app.register_blueprint(pages)
    app.register_blueprint(api)
    app.register_error_handler(HTTPException, _show_error)
    app.after_request(lambda response: _secure(response, lessons.port))
    app.template_filter("inline")(lambda text: Markup(markdown.inline(text)))  # noqa: S704 (ours)
    app.template_filter("plain")(markdown.plain)
    keys = _Keys(app.config["TOKEN"], {ticket} - {""})
    guarded = _guard(app.wsgi_app, keys, lessons)
    app.wsgi_app = guarded  # type: ignore[assignment,method-assign]
    return app


@dataclass(frozen=True)
class _Keys:
    """What opens the reader: the token of its start, and tickets that are good for one time."""

    token: str | None
    tickets: set[str]

    def fits(self, given: str) -> bool:
        with contextlib.suppress(KeyError):
            self.tickets.remove(given)
            return True
        return self.token is not None and guard.is_token(given, self.token)


def _guard(inner: WSGIApplication, keys: _Keys, lessons: Lessons) -> WSGIApplication:
    """Refuse foreign host names and foreign pages, and take the token of the start.

    The address that ``course`` prints carries the token; the browser gets it as a cookie. Pages can
    be read without it. What runs or writes something needs it.
    """

    def respond(environ: WSGIEnvironment) -> Response | None:
        path = environ["PATH_INFO"]
        if refused := guard.foreign_host(environ):
            return _plain(refused, 400)
        if keys.token is not None and environ.get("QUERY_STRING", "").startswith("token="):
            return _take_token(Request(environ), keys)
        if path.startswith("/run/"):  # an address from before the worker had a port of its own
            asked = Request(environ)
            host = asked.host.partition(":")[0]
            url = asked.full_path.removesuffix("?")
            return _redirect(f"http://{host}:{lessons.port}{url}", 307)
        if path.startswith("/api/"):
            if refused := guard.foreign_page(environ, same_site=False):
                return _json_error(refused, 403)
            if not guard.has_token(environ, keys.token):
                return _json_error(guard.OPEN_THE_ADDRESS, 403)
        return None

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = respond(environ)
        return (inner if response is None else response)(environ, start_response)

    return call


def _take_token(asked: Request, keys: _Keys) -> Response:
    """Send the browser to the address without the token; a right one it keeps as a cookie."""
    # Two slashes would begin another site's address.
    response = _redirect("/" + asked.path.lstrip("/"), 303)
    if keys.token is not None and keys.fits(asked.args.get("token", "")):
        name = f"{guard.COOKIE}{asked.host.partition(':')[2] or 80}"
        # Cookies do not know ports: a lesson that runs by itself is not to get it.
        for path in ("/api", "/run"):
            response.set_cookie(name, keys.token, httponly=True, samesite="Strict", path=path)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.cache_control.no_store = True
    return response


def _redirect(url: str, code: int) -> Response:
    return redirect(url, code, Response)


def _plain(text: str, status: int) -> Response:
    return Response(text, status, mimetype="text/plain")


def _json_error(text: str, status: int) -> Response:
    from flask.json import dumps

    return Response(dumps({"error": text}), status, mimetype="application/json")


def _secure(response: Response, worker_port: int) -> Response:
    host = request.host.partition(":")[0]
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; img-src 'self' data:; frame-src http://{host}:{worker_port}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _show_error(error: HTTPException) -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        return {"error": error.description}, error.code or 500
    return render_template("error.html", error=error), error.code or 500
