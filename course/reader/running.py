"""Lessons inside the worker's process: imported when first opened, and again when edited.

One app serves both the mounted lesson (``/run/day01/hello/app/``) and the requests of the "try it"
box, so both see the same state. Beside its app a lesson may have other modules with an app of their
own: ``first``, its plainest form, and ``exercise``.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import threading
import traceback
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from flask import Flask, got_request_exception
from werkzeug.exceptions import InternalServerError
from werkzeug.wrappers import Response

from course.catalogue import Lesson, UnknownLessonError, find
from course.exchange import ExchangeError, Session
from course.loading import app_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_COOKIE_PATH = re.compile(r"(; *path=)(/[^;]*)", re.IGNORECASE)
_STOCK_500 = InternalServerError().get_response().get_data()


class BrokenLessonError(Exception):
    """A lesson that cannot be imported; the text is the traceback."""


@dataclass
class Running:
    """An app of a lesson, with what tells whether it is still the one on disk."""

    lesson: Lesson
    module: str
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
        self._running: dict[tuple[str, str], Running] = {}
        self._jars: dict[str, dict[str, CookieJar]] = {}
        self._lock = threading.Lock()

    def get(self, name: str, module: str = "app") -> Running:
        """Return the app of that lesson (by its id) and module as it is on disk now.

        Raises ``UnknownLessonError``, or ``BrokenLessonError`` if it does not start. Imports run
        one at a time: they share ``sys.modules``.
        """
        with self._lock:
            running = self._running.get((name, module))
            if running is None:
                lesson = find(name, self.root)
                name = lesson.id
            elif running.stamp == _stamp(running.lesson, running.modules):
                return running
            else:
                lesson = running.lesson
                del self._running[name, module]
                _forget(running.modules)
            running = self._running[name, module] = self._start(lesson, module)
            return running

    def jars(self, name: str) -> dict[str, CookieJar]:
        """Return the cookie jars of a lesson, by their names; its modules share them."""
        return self._jars.setdefault(name, {})

    def _start(self, lesson: Lesson, name: str) -> Running:
        import_name = lesson.module(name)
        if import_name is None:
            raise UnknownLessonError(f"{lesson.id}/{name}", [lesson.id])
        # A second edit within a second that keeps the size would be served from the old .pyc, and
        # a file that is newer than the last look into its folder would not be found.
        for path in lesson.folder.rglob("*.py"):
            _drop_bytecode(path)
        importlib.invalidate_caches()
        try:
            app = app_of(importlib.import_module(import_name))
        # A lesson may fail in any way at all, SystemExit included; the other lessons go on.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            _forget(_modules(f"{lesson.day}.{lesson.name}"))
            raise BrokenLessonError(self.describe(error)) from None
        app.jinja_env.auto_reload = True
        modules = _with_imports(lesson, import_name)
        session = Session(app, lambda file: self._read(lesson, file), self.jars(lesson.id))
        running = Running(lesson, name, app, session, modules, _stamp(lesson, modules))

        def remember(sender: Flask, exception: BaseException, **_: Any) -> None:
            running.remember_failure(self.describe(exception))

        # A strong reference: the signal forgets receivers that nothing else holds.
        got_request_exception.connect(remember, sender=app, weak=False)
        return running

    def _read(self, lesson: Lesson, name: str) -> bytes:
        wanted = self.root / name
        if wanted not in lesson.files():
            raise ExchangeError(
                f"Only files of the lesson can be sent; {name!r} is not one of them."
            )
        return wanted.read_bytes()

    def describe(self, error: BaseException) -> str:
        """Format a traceback from the first frame of a lesson on, without the tool's own."""
        frames = error.__traceback__
        while frames and not self._is_lesson(frames.tb_frame.f_code.co_filename):
            frames = frames.tb_next
        return "".join(traceback.format_exception(type(error), error, frames))

    def _is_lesson(self, filename: str) -> bool:
        return is_lesson(filename, self.root)

    def mount(self, name: str, module: str, environ: WSGIEnvironment) -> Response:
        """Answer a request with an app of the lesson, under the path that ``SCRIPT_NAME`` says."""
        try:
            running = self.get(name, module)
        except UnknownLessonError as error:
            return _plain(str(error), 404)
        except BrokenLessonError as error:
            text = f"This lesson does not start. Correct it and reload the page.\n\n{error}"
            return _plain(text, 500)
        failure = ""
        try:
            response = Response.from_app(running.app, environ)
            # A page of the lesson's own for 500 is shown; the stock one helps no one here.
            if (seen := running.take_failure()) and response.get_data() == _STOCK_500:
                failure = seen
        except Exception as error:  # noqa: BLE001 (a lesson in debug mode lets them pass)
            failure = running.take_failure() or self.describe(error)
        if failure:
            text = "A visitor would see 500 Internal Server Error. What happened:\n\n"
            response = _plain(text + failure, 500)
        _confine_cookies(response, environ["SCRIPT_NAME"])
        return response


def is_lesson(filename: str, root: Path) -> bool:
    """Tell whether a file of a traceback belongs to a lesson of the course."""
    path = Path(filename)
    return path.is_relative_to(root) and path.relative_to(root).parts[0].startswith("day")


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


_ENTRIES = frozenset({"app", "first", "exercise"})


def _with_imports(lesson: Lesson, import_name: str) -> dict[str, Path]:
    """Return the modules of an app, and those of other lessons of its day that it uses.

    The others are told by the names in its modules: a module, or something that was made in one.
    An app that stands beside it in the lesson is not a part of it, unless it is imported.
    """
    day = _modules(lesson.day)
    package = f"{lesson.day}.{lesson.name}"
    beside = {f"{package}.{name}" for name in _ENTRIES} - {import_name}
    pending = [name for name in _modules(package) if name not in beside]
    found: dict[str, Path] = {}
    while pending:
        name = pending.pop()
        if name in day and name not in found:
            found[name] = day[name]
            values = vars(sys.modules[name])
            if name == package:  # a package has its modules as attributes, imported or not
                values = {key: value for key, value in values.items() if key not in _ENTRIES}
            pending += map(_origin, values.values())
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
    settings = (
        path
        for path in lesson.folder.iterdir()
        if path.is_file() and not (path.suffix == ".py" and path.stem in _ENTRIES)
    )
    return {path: _written(path) for path in (*modules.values(), *settings)}


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
