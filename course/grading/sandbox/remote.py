"""A submission's app as a WSGI callable, for Werkzeug's test client."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from werkzeug.test import Client, TestResponse

from course.grading.results import Kind
from course.grading.sandbox.box import Box
from course.grading.sandbox.faults import AppFaultError, failure_text


class RemoteApp:
    """The running app as a WSGI callable (PEP 3333): requests go over the wall as data."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self.body = b""
        """The body of the last request."""

    def printed(self) -> str:
        """Return the end of what the app has printed and logged."""
        return self._box.output()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Send the request over the wall and hand back what came over it, checked."""
        body = environ["wsgi.input"].read()
        path = environ.get("PATH_INFO", "") + (
            f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        )
        sent = self._box.sent = f"{environ['REQUEST_METHOD']} {path}"
        self.body = body
        plain = {name: value for name, value in environ.items() if isinstance(value, str)}
        head, data = self._box.ask({"request": plain}, body)
        if "raised" in head:
            raise AppFaultError(Kind.RAISED, failure_text(head["raised"]))
        if "too_long" in head:
            raise AppFaultError(Kind.SIZE, f"The response to {sent} is longer than 8 MB.")
        status, headers = head.get("status"), head.get("headers")
        if not _is_status(status) or not _are_headers(headers):
            raise AppFaultError(Kind.WIRE, f"What came back for {sent} is no HTTP response.")
        assert isinstance(headers, list)
        start_response(status, [(name, value) for name, value in headers])
        return [data]


class RemoteClient(Client):
    """Werkzeug's test client, whose replies also know what was sent and what the app printed."""

    application: RemoteApp

    def open(self, *args: Any, **options: Any) -> TestResponse:
        """Send one request and return the reply, with ``sent`` and ``printed``."""
        reply = super().open(*args, **options)
        if not hasattr(reply, "sent"):  # the last one of a chain of redirects
            reply.sent = self.application.body  # type: ignore[attr-defined]
            reply.printed = self.application.printed  # type: ignore[attr-defined]
        return reply


def _is_status(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[1-5]\d\d( [ -~]{0,200})?", value) is not None


def _are_headers(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(each, str) and each.isprintable() for each in pair)
        for pair in value
    )
