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

from course.grading.sandbox.faults import exception_text

_UNSET = object()
QUOTED = 2**16
"""Bytes of a body that are looked at for a message."""


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
    try:
        value = reply.get_json(force=True, silent=True)
    except RecursionError:
        value = None
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
    body = reply.get_data()[:QUOTED].decode("utf-8", "replace")
    if kind == "text/html":
        # What Flask itself writes on the page of a redirect or an error helps no one.
        if reply.location or reply.status_code == 500 or f"<title>{reply.status_code} " in body:
            return line
        body = _without_head(body)
    return f"{line}, {kind}: {_short(body, 300)}" if body else line


def _without_head(page: str) -> str:
    """Return a page without doctype and head: what a visitor reads says more.

    Plain searches, each in one pass: a strange page must not take long.
    """
    lower = page.lower()
    start = lower.find("<head>")
    end = lower.find("</head>", start)
    if 0 <= start < end:
        page = page[:start] + page[end + len("</head>") :]
    if lower.startswith("<!doctype"):
        page = page.partition(">")[2]
    return page


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
    return _short(exception_text(errors[-1], place), 300)


def _short(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"
