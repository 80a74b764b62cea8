"""A submission's app as a WSGI callable, for Werkzeug's test client."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.test import Client, TestResponse

from course.grading.results import Kind
from course.grading.sandbox.box import Box
from course.grading.sandbox.faults import AppFaultError, failure_text

QUOTED = 60
"""Characters of a body that the list of earlier requests shows."""


class RemoteApp:
    """The running app as a WSGI callable (PEP 3333): requests go over the wall as data."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self.body = b""
        """The body of the last request."""
        self.notes: Mapping[str, Any] = {}
        """What the app's process noted of the last request (``witness``)."""
        self.client: object = None
        """Who sends the next request."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """What the running app was laid out from."""
        return self._box.files

    @property
    def history(self) -> list[tuple[str, str, object]]:
        """The requests so far: what was sent, what came back, and which client sent it."""
        return self._box.history

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Send the request over the wall and hand back what came over it, checked."""
        body = environ["wsgi.input"].read()
        path = environ.get("PATH_INFO", "") + (
            f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        )
        path = "".join(c if c.isprintable() else repr(c)[1:-1] for c in path)
        sent = self._box.sent = f"{environ['REQUEST_METHOD']} {path}"
        self.body, self.notes = body, {}
        plain = {name: value for name, value in environ.items() if isinstance(value, str)}
        head, data = self._box.ask({"request": plain}, body)
        notes = head.get("notes")
        self.notes = notes if isinstance(notes, dict) else {}
        if "raised" in head:
            text = failure_text(self.notes.get("raised"))
            raise AppFaultError(Kind.RAISED, text, notes=self.notes)
        if "too_long" in head:
            raise AppFaultError(Kind.SIZE, f"The response to {sent} is longer than 8 MB.")
        status, headers = head.get("status"), head.get("headers")
        if not _is_status(status) or not _are_headers(headers):
            raise AppFaultError(Kind.WIRE, f"What came back for {sent} is no HTTP response.")
        assert isinstance(status, str)
        assert isinstance(headers, list)
        self.history.append((sent, _in_short(status, headers, data), self.client))
        start_response(status, [(name, value) for name, value in headers])
        return [data]


class RemoteClient(Client):
    """Werkzeug's test client, whose replies also know what was sent and what the app did.

    A reply's ``sent`` is the request's body, ``notes`` what the app's process noted, ``files`` the
    submission's files, and ``before()`` the requests before it: what was sent, what came back,
    and whether another visitor sent it.
    """

    application: RemoteApp

    def open(self, *args: Any, **options: Any) -> TestResponse:
        """Send one request and return the reply."""
        app = self.application
        app.client = self
        reply = super().open(*args, **options)
        if not hasattr(reply, "sent"):  # the last one of a chain of redirects
            vars(reply).update(sent=app.body, notes=app.notes, files=app.files)
            history, count = app.history, len(app.history) - 1
            vars(reply)["before"] = lambda: _before(history[:count], self)
        return reply


def _before(history: list[tuple[str, str, object]], client: object) -> list[tuple[str, str, bool]]:
    """Return these requests, and whether another visitor than this one sent them.

    After a restart of the app the same visitor comes with a new client.
    """
    last = max((n for n, entry in enumerate(history) if entry[2] is None), default=-1)
    return [
        (sent, back, n > last and who is not client) for n, (sent, back, who) in enumerate(history)
    ]


def _in_short(status: str, headers: list[list[str]], data: bytes) -> str:
    """Say in a few words what came back."""
    named = {name.lower(): value for name, value in headers}
    kind = named.get("content-type", "").partition(";")[0]
    if "location" in named:
        return f"{status[:3]} to {named['location']}"
    if kind == "text/html" or not data or not is_text(kind):
        return status[:3]
    body = " ".join(data[: 4 * QUOTED].decode("utf-8", "replace").split())
    return f"{status[:3]} {body if len(body) <= QUOTED else body[: QUOTED - 1] + '…'}"


def is_text(kind: str) -> bool:
    """Tell whether a body of this content type can be read."""
    return not kind or kind.startswith("text/") or re.search(r"json|xml|form", kind) is not None


def _is_status(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[1-5]\d\d( [ -~]{0,200})?", value) is not None


def _are_headers(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(each, str) and each.isprintable() for each in pair)
        for pair in value
    )
