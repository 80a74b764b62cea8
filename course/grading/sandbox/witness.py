"""Notes of what an app does with a request: who answered it, and what was raised.

They are for the words of a message, and decide nothing: they come from the submission's process.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

FRAMES = 8
RULES = 30
FUNCTIONS = 100
"""The most of each that is noted."""
TEXT = 2000
"""Characters of an exception's text that are noted."""


class Witness:
    """Notes of one app: ``watch_flask`` before its import, ``watch_app`` after it."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._app: Any = None
        self.begin()

    def begin(self) -> None:
        """Forget the request before."""
        self._answered: tuple[str, Any] | None = None
        self._raised: BaseException | None = None
        self._logged: BaseException | None = None
        self._hook: dict[str, Any] | None = None
        self._is_routing = False
        """Whether it is the URL map that has raised."""

    def notes(self, raised: BaseException | None = None) -> dict[str, Any]:
        """Return what was noted of the request as JSON values; ``raised`` has left the app."""
        found: dict[str, Any] = {}
        if self._hook:
            found["hook"] = self._hook
        if self._answered:
            found["answered"] = self._place(*self._answered)
        if raised := raised or self._raised:
            found["raised"] = self.describe(raised)
            found["functions"] = list(self._functions())[:FUNCTIONS]
        elif self._logged:
            found["logged"] = self.describe(self._logged)
        if raised and self._is_routing:
            found["rules"] = self._rules()
        return found

    def describe(self, error: BaseException) -> dict[str, Any]:
        """Say what was raised, and on which lines of the submission: the innermost is the last."""
        frames = [
            [self.relative(frame.filename), frame.lineno, frame.name]
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename.startswith(self._folder)
        ]
        message = str(error)
        if isinstance(error, SyntaxError):
            message = str(error.msg)
            if str(error.filename).startswith(self._folder):
                frames.append([self.relative(str(error.filename)), error.lineno, ""])
        found: dict[str, Any] = {
            "type": type(error).__name__,
            "message": message.replace(f"{self._folder}{os.sep}", "")[:TEXT],
            "frames": frames[-FRAMES:],
        }
        if isinstance(error, ImportError):
            found["module"] = error.name
        status = getattr(error, "code", None)
        if isinstance(status, int) and hasattr(error, "get_response"):  # an HTTPException
            found |= {"status": status, "message": str(getattr(error, "description", ""))[:TEXT]}
            if found["type"] == "BadRequestKeyError" and error.args:
                found["key"] = str(error.args[0])[:100]
            found["methods"] = sorted(getattr(error, "valid_methods", None) or ())
        return found

    def watch_flask(self, flask: Any) -> None:
        """Note of any app which view answers, which handler, and what was raised."""
        dispatch = flask.Flask.dispatch_request
        handle = flask.Flask.handle_user_exception
        give_up = flask.Flask.handle_exception

        def dispatch_request(app: Any) -> Any:
            if flask.request.routing_exception is None:
                self._answered = "view", app.view_functions.get(flask.request.endpoint)
            return dispatch(app)

        def handle_user_exception(app: Any, error: Exception) -> Any:
            self._raised = error
            self._is_routing = error is flask.request.routing_exception
            for method in getattr(error, "valid_methods", None) or ():
                with contextlib.suppress(Exception):
                    endpoint, _ = app.create_url_adapter(flask.request).match(method=method)
                    self._answered = "view", app.view_functions[endpoint]
            if handler := app._find_error_handler(error, flask.request.blueprints):
                self._answered = "error handler", handler
            return handle(app, error)

        def handle_exception(app: Any, error: Exception) -> Any:
            self._raised = error
            return give_up(app, error)

        flask.Flask.dispatch_request = dispatch_request
        flask.Flask.handle_user_exception = handle_user_exception
        flask.Flask.handle_exception = handle_exception

    def watch_app(self, app: Any) -> None:
        """Note which hook of this app answers a request, or forgets to return the response."""
        self._app = app
        with contextlib.suppress(AttributeError):  # an app of another kind
            app.logger.addFilter(self._note_what_is_logged)
        for role in ("before_request", "after_request"):
            for hooks in getattr(app, f"{role}_funcs", {}).values():
                hooks[:] = [self._watched(role, hook) for hook in hooks]

    def _note_what_is_logged(self, record: logging.LogRecord) -> bool:
        """Keep an exception that the app has caught and logged."""
        if record.exc_info and record.exc_info[1] is not None:
            self._logged = record.exc_info[1]
        return True

    def _watched(self, role: str, hook: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(hook):
            return hook

        @functools.wraps(hook)
        def watched(*args: Any) -> Any:
            value = hook(*args)
            if role == "before_request" and value is not None:
                self._answered = role, hook
            if role == "after_request" and not callable(value) and self._hook is None:
                self._hook = self._place(role, hook) | {"returned": type(value).__name__}
            return value

        return watched

    def _place(self, role: str, function: Any) -> dict[str, Any]:
        """Return a function's role, name and first line; the file is empty for one of Flask."""
        found = {"role": role, "name": "", "file": "", "line": 0}
        if type(function) is FunctionType:  # and not a proxy, which must not be asked here
            code = inspect.unwrap(function).__code__
            found["name"] = function.__name__
            if code.co_filename.startswith(self._folder):
                found["file"] = self.relative(code.co_filename)
                found["line"] = code.co_firstlineno
        return found

    def _functions(self) -> Iterator[dict[str, Any]]:
        """Yield what the submission has registered with its app."""
        app = self._app
        if app is None:
            return
        found = [("view", view) for view in app.view_functions.values()]
        for role in ("before_request", "after_request", "teardown_request"):
            found += [(role, f) for each in getattr(app, f"{role}_funcs").values() for f in each]
        found += [("teardown_appcontext", f) for f in app.teardown_appcontext_funcs]
        for by_code in app.error_handler_spec.values():
            for handlers in by_code.values():
                found += [("error handler", handler) for handler in handlers.values()]
        for each in app.template_context_processors.values():
            found += [("context processor", f) for f in each]
        for role in ("filter", "test", "global"):
            registered = getattr(app.jinja_env, f"{role}s")
            found += [(f"template {role}", f) for f in registered.values()]
        for role, function in found:
            place = self._place(role, function)
            if place["file"]:
                yield place

    def _rules(self) -> list[list[Any]]:
        """Return the app's rules: path, methods, and the view's name."""
        rules = [] if self._app is None else self._app.url_map.iter_rules()
        return [
            [rule.rule, sorted(rule.methods or ()), rule.endpoint]
            for rule in rules
            if rule.endpoint != "static"
        ][:RULES]

    def relative(self, name: str) -> str:
        """Return a file's name below the submission's folder."""
        return os.path.relpath(name, self._folder).replace(os.sep, "/")
