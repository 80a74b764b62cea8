"""Expectations in plain words: what was sent, what came back, and what should have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any, NoReturn

import pytest
from werkzeug.formparser import parse_form_data
from werkzeug.test import TestResponse

_UNSET = object()


def expect(
    reply: TestResponse,
    status: int | None = None,
    *,
    text: str | None = None,
    contains: str | tuple[str, ...] = (),
    lacks: str | tuple[str, ...] = (),
    json: Any = _UNSET,
    headers: Mapping[str, str] | None = None,
) -> TestResponse:
    """Fail the test with a message that a beginner understands, or return the reply.

    ``text`` is the whole body without white space around it, ``contains`` and ``lacks`` are parts
    of it; ``json`` is the decoded body; of ``headers`` each must be there with that value.
    """
    if status is not None and reply.status_code != status:
        fail(reply, f"{status} {HTTPStatus(status).phrase.upper()}")
    if text is not None and reply.text.strip() != text:
        fail(reply, f"the text {text!r}")
    for part in (contains,) if isinstance(contains, str) else contains:
        if part not in reply.text:
            fail(reply, f"a body that contains {part!r}")
    for part in (lacks,) if isinstance(lacks, str) else lacks:
        if part in reply.text:
            fail(reply, f"a body without {part!r}")
    if json is not _UNSET:
        value = json_of(reply)
        if value != json:
            fail(reply, f"the JSON {json!r}")
    for name, value in (headers or {}).items():
        found = reply.headers.get(name)
        if found != value:
            fail(
                reply,
                f"the header `{name}: {value}`; it was " + (f"`{found}`" if found else "missing"),
            )
    return reply


def json_of(reply: TestResponse) -> Any:
    """Return the decoded JSON of a reply; fail in plain words if it holds none."""
    value = reply.get_json(force=True, silent=True)
    if value is None and reply.data.strip() != b"null":
        fail(reply, "a JSON body")
    return value


def fail(reply: TestResponse, expected: str) -> NoReturn:
    """Fail the test: say what was sent, what came back, and what was ``expected``."""
    environ = reply.request.environ
    lines = [
        f"Sent:      {_sent(environ, getattr(reply, 'sent', b''))}",
        f"Came back: {_came_back(reply)}",
        f"Expected:  {expected}",
    ]
    if reply.status_code == 500 and (problem := _problem(reply)):
        lines.append(f"The app:   {problem}")
    pytest.fail("\n".join(lines), pytrace=False)


def _sent(environ: Mapping[str, Any], body: bytes) -> str:
    query = environ.get("QUERY_STRING", "")
    path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
    line = f"{environ['REQUEST_METHOD']} {path}{'?' + query if query else ''}"
    if cookie := environ.get("HTTP_COOKIE"):
        names = [part.partition("=")[0].strip() for part in cookie.split(";")]
        line += f" with the cookie {', '.join(names)}"
    if body:
        kind = environ.get("CONTENT_TYPE", "").partition(";")[0] or "no content type"
        if kind == "multipart/form-data":
            return f"{line} with {_form(environ, body)}"
        line += f" with {_short(body.decode('utf-8', 'replace'), 200)} ({kind})"
    return line


def _form(environ: Mapping[str, Any], body: bytes) -> str:
    """Describe a form with files: the parts, and not the bytes between them."""
    again = dict(environ) | {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    _, fields, files = parse_form_data(again)
    parts = [f"{name}={_short(value, 60)}" for name, value in fields.items(multi=True)]
    for name, file in files.items(multi=True):
        parts.append(f"the file {name} ({file.filename!r}, {len(file.read())} bytes)")
        file.close()
    return f"a form: {', '.join(parts)}"


def _came_back(reply: TestResponse) -> str:
    line = reply.status
    if place := reply.headers.get("Location"):
        line += f", Location: {place}"
    kind = (reply.content_type or "").partition(";")[0]
    body = reply.get_data().decode("utf-8", "replace")
    # What Flask writes on the page of a redirect or a failure helps nobody.
    says_nothing = kind == "text/html" and (reply.status_code == 500 or reply.location)
    if body and not says_nothing:
        # Of a page, what a visitor reads says more than what the browser is told.
        shown = re.sub(r"(?is)<!doctype[^>]*>|<head\b.*?</head>", "", body) or body
        line += f", {kind}: {_short(shown, 300)}"
    return line


def _problem(reply: TestResponse) -> str:
    """Return the last exception that the app logged, with the student's line."""
    output = reply.printed() if hasattr(reply, "printed") else ""
    places = re.findall(r'File "[^"]*?(exercise\.py|templates/[\w./-]+)", line (\d+)', output)
    errors = re.findall(
        r"^([A-Za-z_][\w.]*(?:Error|Exception|Warning|Exit)\b.*)$", output, re.MULTILINE
    )
    if not errors:
        return ""
    place = f" ({places[-1][0]}:{places[-1][1]})" if places else ""
    return f"{_short(errors[-1], 300)}{place}"


def _short(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"
