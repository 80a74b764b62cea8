"""Lessons inside the reader's process: imported when first opened, and again when edited.

One app serves both the mounted lesson (``/run/day01/hello/``) and the requests of the "try it"
box, so both see the same state.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import threading
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from flask import Flask, got_request_exception
from werkzeug.exceptions import InternalServerError
from werkzeug.wrappers import Response

from ..catalogue import Lesson, UnknownLessonError, find
from ..exchange import ExchangeError, Session

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_COOKIE_PATH = re.compile(r"(; *path=)(/[^;]*)", re.IGNORECASE)
_STOCK_500 = InternalServerError().get_response().get_data()


class BrokenLessonError(Exception):
    """A lesson that cannot be imported; the text is the traceback."""


@dataclass
class Running:
    """A lesson's app, with what tells whether it is still the one on disk."""

    lesson: Lesson
    app: Flask
    session: Session
    modules: dict[str, Path]
    stamp: dict[Path, int]
    _failure: threading.local = field(default_factory=threading.local)

    def remember_failure(self, text: str) -> None:
        """Keep the traceback of the view that failed in this thread's request."""
        self._failure.text = text

    def take_failure(self) -> str:
        """Return that traceback, once; empty where nothing failed."""
        text: str = getattr(self._failure, "text", "")
        self._failure.text = ""
        return text


class RunningLessons:
    """The lessons that were opened, each imported once until one of its files changes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._running: dict[str, Running] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Running:
        """Return the lesson of that id as it is on disk now.

        Raises ``UnknownLessonError``, or ``BrokenLessonError`` if it does not start. Imports run
        one at a time: they share ``sys.modules``.
        """
        with self._lock:
            running = self._running.get(name)
            if running is None:
                lesson = find(name, self.root)
                name = lesson.id
            elif running.stamp == _stamp(running.lesson, running.modules):
                return running
            else:
                lesson = running.lesson
                del self._running[name]
                _forget(running.modules)
            running = self._running[name] = self._start(lesson)
            return running

    def forget_cookies(self, name: str) -> None:
        """Empty the cookie jar of a lesson, if it was opened at all."""
        if running := self._running.get(name):
            running.session.jars.clear()

    def _start(self, lesson: Lesson) -> Running:
        # A second edit within a second that keeps the size would be served from the old .pyc, and
        # a file that is newer than the last look into its folder would not be found.
        for path in lesson.folder.rglob("*.py"):
            _drop_bytecode(path)
        importlib.invalidate_caches()
        try:
            module = importlib.import_module(lesson.import_name)
            app = module.create_app() if hasattr(module, "create_app") else module.app
            if not isinstance(app, Flask):
                raise TypeError(f"the app of {lesson.import_name} is not a Flask object")
        # A lesson may fail in any way at all, SystemExit included; the other lessons go on.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            _forget(_modules(f"{lesson.day}.{lesson.name}"))
            raise BrokenLessonError(self.describe(error)) from None
        app.jinja_env.auto_reload = True
        modules = _with_imports(lesson)
        session = Session(app, lambda name: self._read(lesson, name))
        running = Running(lesson, app, session, modules, _stamp(lesson, modules))

        def remember(sender: Flask, exception: BaseException, **_: Any) -> None:
            running.remember_failure(self.describe(exception))

        # A strong reference: the signal forgets receivers that nobody else holds.
        got_request_exception.connect(remember, sender=app, weak=False)
        return running

    def _read(self, lesson: Lesson, name: str) -> bytes:
        wanted = self.root / name
        if wanted not in lesson.files():
            raise ExchangeError(f"Only files of the lesson can be sent, and {name!r} is none.")
        return wanted.read_bytes()

    def describe(self, error: BaseException) -> str:
        """Format a traceback from the first frame of a lesson on, without the tool's own."""
        frames = error.__traceback__
        while frames and not self._is_lesson(frames.tb_frame.f_code.co_filename):
            frames = frames.tb_next
        return "".join(traceback.format_exception(type(error), error, frames))

    def _is_lesson(self, filename: str) -> bool:
        path = Path(filename)
        return path.is_relative_to(self.root) and path.relative_to(self.root).parts[0][:3] == "day"

    def mount(
        self, name: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer a request with the lesson of that id, under whatever ``SCRIPT_NAME`` says."""
        try:
            running = self.get(name)
        except UnknownLessonError as error:
            return _plain(str(error), 404)(environ, start_response)
        except BrokenLessonError as error:
            text = f"This lesson does not start. Mend it and reload the page.\n\n{error}"
            return _plain(text, 500)(environ, start_response)
        failure = ""
        try:
            response = Response.from_app(running.app, environ)
            # A page of the lesson's own for 500 is shown; the stock one helps nobody here.
            if (seen := running.take_failure()) and response.get_data() == _STOCK_500:
                failure = seen
        except Exception as error:  # noqa: BLE001 (a lesson in debug mode lets them pass)
            failure = running.take_failure() or self.describe(error)
        if failure:
            text = "A visitor would see 500 Internal Server Error. What happened:\n\n"
            response = _plain(text + failure, 500)
        _confine_cookies(response, environ["SCRIPT_NAME"])
        return response(environ, start_response)


def _plain(text: str, status: int) -> Response:
    return Response(text, status, mimetype="text/plain")


def _confine_cookies(response: Response, prefix: str) -> None:
    """Keep a lesson's cookies to its mount, or every lesson would read the others' sessions."""

    def confined(match: re.Match[str]) -> str:
        # A path that url_for built begins with the mount already.
        below = match[2] == prefix or match[2].startswith(f"{prefix}/")
        return match[0] if below else f"{match[1]}{prefix}{match[2]}"

    cookies = response.headers.getlist("Set-Cookie")
    response.headers.remove("Set-Cookie")
    for cookie in cookies:
        response.headers.add("Set-Cookie", _COOKIE_PATH.sub(confined, cookie))


def _modules(prefix: str) -> dict[str, Path]:
    """Return the imported modules of a package, with their files."""
    return {
        name: Path(module.__file__)
        for name, module in sys.modules.items()
        if (name == prefix or name.startswith(f"{prefix}.")) and module.__file__
    }


def _with_imports(lesson: Lesson) -> dict[str, Path]:
    """Return the modules of a lesson, and those of other lessons of its day that it uses.

    The others are told by the names in its modules: a module, or something that was made in one.
    """
    day = _modules(lesson.day)
    pending = list(_modules(f"{lesson.day}.{lesson.name}"))
    found: dict[str, Path] = {}
    while pending:
        name = pending.pop()
        if name in day and name not in found:
            found[name] = day[name]
            pending += map(_origin, vars(sys.modules[name]).values())
    return found


def _origin(value: object) -> str:
    """Return the name of the module that the value is, or was made in."""
    return (
        value.__name__ if isinstance(value, ModuleType) else str(getattr(value, "__module__", ""))
    )


def _forget(modules: dict[str, Path]) -> None:
    for name, path in modules.items():
        sys.modules.pop(name, None)
        _drop_bytecode(path)


def _drop_bytecode(source: Path) -> None:
    Path(importlib.util.cache_from_source(source)).unlink(missing_ok=True)


def _stamp(lesson: Lesson, modules: dict[str, Path]) -> dict[Path, int]:
    """Return when each file was written that the running lesson was made from."""
    settings = (path for path in lesson.folder.iterdir() if path.is_file())
    return {path: _written(path) for path in (*modules.values(), *settings)}


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
