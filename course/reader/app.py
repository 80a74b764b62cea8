"""The reader's pages, its "send" interface, and the guard in front of it all."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import (
    Blueprint,
    Flask,
    current_app,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden, HTTPException, NotFound
from werkzeug.sansio.utils import host_is_trusted
from werkzeug.utils import redirect as redirect_to
from werkzeug.wrappers import Request, Response

from .. import catalogue, curl
from ..exchange import ExchangeError
from ..exchange import Request as RawRequest
from . import markdown
from .running import BrokenLessonError, RunningLessons
from .search import search
from .tries import tries

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Names, not addresses: a page elsewhere whose host name resolves to this machine is refused.
TRUSTED_HOSTS = ["127.0.0.1", "localhost"]

MAX_REQUEST = 1_000_000  # bytes
MAX_SHOWN = 200_000  # characters of an answer
MAX_COLOURED = 12_000  # characters of a file: the marks of the colours are longer than the text

_CSP = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"

pages = Blueprint("pages", __name__)


def create_reader(root: Path = catalogue.ROOT) -> Flask:
    """Make the reader for the course below ``root``: pages, mounted lessons and guard."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["lessons"] = RunningLessons(root.resolve())
    app.register_blueprint(pages)
    app.register_error_handler(HTTPException, _show_error)
    app.after_request(_secure)
    app.wsgi_app = _guard(_mounts(app.wsgi_app, app.extensions["lessons"]))  # type: ignore[assignment,method-assign]
    return app


# -- in front of pages and lessons -----------------------------------------------------------


def _guard(inner: WSGIApplication) -> WSGIApplication:
    """Refuse foreign host names, and requests that a page elsewhere makes a browser send.

    The second is told by ``Sec-Fetch-Site`` (W3C Fetch Metadata), which a page cannot forge.
    """

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        if not host_is_trusted(host, TRUSTED_HOSTS):
            text = "The reader answers to 127.0.0.1 and localhost only."
            return Response(text, 400)(environ, start_response)
        touches = environ["PATH_INFO"].startswith(("/run/", "/api/"))
        if touches and environ.get("HTTP_SEC_FETCH_SITE") in {"cross-site", "same-site"}:
            text = "Another site may not use the lessons."
            return Response(text, 403)(environ, start_response)
        return inner(environ, start_response)

    return call


def _mounts(inner: WSGIApplication, lessons: RunningLessons) -> WSGIApplication:
    """Hand ``/run/<day>/<lesson>/...`` to the lesson, which sees only what comes after it."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        match environ["PATH_INFO"].split("/", 4):
            case ["", "run", day, lesson, rest]:
                environ["SCRIPT_NAME"] += f"/run/{day}/{lesson}"
                environ["PATH_INFO"] = f"/{rest}"
                return lessons.mount(f"{day}/{lesson}", environ, start_response)
            case ["", "run", _, _]:
                response = redirect_to(Request(environ).base_url + "/", 308)
                return response(environ, start_response)
        return inner(environ, start_response)

    return call


def _secure(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _CSP
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _show_error(error: HTTPException) -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        return {"error": error.description}, error.code or 500
    return render_template("error.html", error=error), error.code or 500


# -- pages -----------------------------------------------------------------------------------


def _running() -> RunningLessons:
    lessons: RunningLessons = current_app.extensions["lessons"]
    return lessons


@pages.get("/")
def index() -> str:
    """Show the six days and their lessons."""
    return render_template("index.html", days=catalogue.days(_running().root))


@pages.get("/<day>/")
def day(day: str) -> str:
    """Show a day's own notes, which list its lessons."""
    days = catalogue.days(_running().root)
    found = next((each for each in days if each.name == day and each.exists), None)
    if found is None:
        raise NotFound("There is no such day here yet.")
    notes = (_running().root / found.name / catalogue.NOTES).read_text("utf-8")
    return render_template("day.html", day=found, notes=markdown.html(notes))


@pages.get("/<day>/<name>/")
def lesson(day: str, name: str) -> str:
    """Show a lesson: its notes, the requests to try, and one of its files (``file``)."""
    every = catalogue.lessons(_running().root)
    place = next((n for n, each in enumerate(every) if each.id == f"{day}/{name}"), None)
    if place is None:
        raise NotFound("There is no such lesson.")
    found = every[place]
    files = {path.relative_to(found.folder).as_posix(): path for path in found.files()}
    file = request.args.get("file") or next(iter(files), "")
    if file and file not in files:
        raise NotFound("There is no such file in this lesson.")
    ready, lines = tries(found)
    gets = [each.label.removeprefix("GET ") for each in ready if each.label.startswith("GET ")]
    first = "/" if "/" in gets or not gets else gets[0]
    return render_template(
        "lesson.html",
        lesson=found,
        notes=markdown.html(found.notes, lines),
        tries=ready,
        mount=f"/run/{found.id}{first}",
        files=list(files),
        source=_source(file, files[file]) if file else None,
        tasks=found.tasks(),
        exercise=catalogue.EXERCISE,
        previous=every[place - 1] if place else None,
        next=every[place + 1] if place + 1 < len(every) else None,
    )


def _source(name: str, path: Path) -> dict[str, Any]:
    if path.suffix not in catalogue.TEXT_SUFFIXES:
        return {"name": name, "size": path.stat().st_size}
    text = path.read_text("utf-8", "replace")
    return {
        "name": name,
        "lines": text.count("\n"),
        "html": markdown.code(text, path.suffix[1:] if len(text) <= MAX_COLOURED else "text"),
    }


@pages.get("/<day>/README.md")
@pages.get("/<day>/<name>/<path:file>")
def link_of_the_notes(day: str, name: str = "", file: str = "") -> ResponseReturnValue:
    """Send a link as it stands in the notes (to a README, to a file) to the page that shows it."""
    if not name:
        return redirect(url_for("pages.day", day=day))
    if file.startswith("README"):
        return redirect(url_for("pages.lesson", day=day, name=name))
    if file.endswith(".svg"):  # a picture of the notes
        every = {each.id: each for each in catalogue.lessons(_running().root)}
        found = every.get(f"{day}/{name}")
        if found is None or found.folder / file not in found.pictures():
            raise NotFound("There is no such picture.")
        return send_file(found.folder / file, max_age=0)
    shown = url_for("pages.lesson", day=day, name=name, file=file, _anchor="source-title")
    return redirect(shown)


@pages.get("/search")
def find() -> str:
    """Show the files that contain every word of ``q``."""
    query = request.args.get("q", "").strip()[:200]
    return render_template("search.html", query=query, hits=search(query, _running().root))


@pages.get("/code.css")
def code_css() -> Response:
    """Serve the colours of highlighted code."""
    response = Response(markdown.stylesheet(), mimetype="text/css")
    response.cache_control.max_age = 3600
    return response


# -- the exercise ------------------------------------------------------------------------------


@pages.post("/api/check")
def check() -> ResponseReturnValue:
    """Check a lesson's exercise as ``course check`` does; takes JSON ``{lesson, hints}``.

    Gives JSON ``{solved, lines}``, or ``{error}`` with 400, 403 or 404.
    """
    _refuse_other_origins()
    match request.get_json():
        case {"lesson": str(name), "hints": bool(hints)}:
            pass
        case _:
            return {"error": "Expected lesson and hints."}, 400
    # Imported here, with pytest and all: most visits of the reader check nothing.
    from course.grading import check as checking
    from course.grading.judge.client import JudgeError

    root = _running().root
    try:
        [result] = checking.check([checking.find(name, root)], root)
    except (catalogue.UnknownLessonError, checking.NoExerciseError) as error:
        return {"error": str(error)}, 404
    except JudgeError as error:
        return {"error": f"The tests cannot run: {error}"}, 500
    return {"solved": result.solved, "lines": checking.lines(result, hints=hints)}


# -- the "try it" box ------------------------------------------------------------------------


def _refuse_other_origins() -> None:
    own = request.host_url.removesuffix("/")
    if request.headers.get("Origin", own) != own:
        raise Forbidden("Only the reader's own pages may send requests.")


@pages.post("/api/forget")
def forget() -> ResponseReturnValue:
    """Throw away the cookies that were kept for a lesson; takes JSON ``{lesson}``."""
    _refuse_other_origins()
    match request.get_json():
        case {"lesson": str(name)}:
            _running().forget_cookies(name)
            return {"cookies": []}
    return {"error": "Expected lesson."}, 400


@pages.post("/api/send")
def send() -> ResponseReturnValue:
    """Play a raw HTTP request against a lesson, as ``flask run`` would answer it, unmounted.

    Takes JSON ``{lesson, request, cookies}`` from the reader's own pages: the lesson's id, the
    request as text, and whether to send and keep cookies. Gives JSON ``{answer, status, ms, curl,
    failure, cookies}``, or ``{error}`` with 400, 403, 404, 413 or 415.
    """
    _refuse_other_origins()
    match request.get_json():
        case {"lesson": str(name), "request": str(text), "cookies": bool(keeps)}:
            pass
        case _:
            return {"error": "Expected lesson, request and cookies."}, 400
    try:
        running = _running().get(name)
    except catalogue.UnknownLessonError as error:
        return {"error": str(error)}, 404
    except BrokenLessonError as error:
        message = "This lesson does not start. Mend it and send again."
        return {"error": message, "failure": str(error)}
    jar = "jar" if keeps else ""
    started = time.perf_counter()
    try:
        raw = RawRequest.from_text(text)
        answer = running.session.send(raw, jar, jar)
    except ExchangeError as error:
        return {"error": str(error)}, 400
    except Exception as error:  # noqa: BLE001 (a view may raise anything, past its own handlers)
        failure = running.take_failure() or _running().describe(error)
        return {"error": "The view raised an exception.", "failure": failure}
    milliseconds = (time.perf_counter() - started) * 1000
    shown = answer.head + "\n" + answer.text
    if len(shown) > MAX_SHOWN:
        shown = f"{shown[:MAX_SHOWN]}\n[{len(shown) - MAX_SHOWN} more characters]"
    return {
        "answer": shown,
        "status": answer.status,
        "ms": round(milliseconds, 1),
        "curl": curl.format_line(raw),
        "failure": running.take_failure(),
        "cookies": [f"{c.name}={c.value}" for c in running.session.jars.get("jar", ())],
    }
