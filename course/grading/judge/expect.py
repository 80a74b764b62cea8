"""Expectations in plain words: what was sent, what came back, and what should have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from io import BytesIO
from itertools import groupby
from typing import Any, NoReturn

import pytest
from werkzeug.formparser import parse_form_data
from werkzeug.test import TestResponse

from course.grading.judge import excerpt
from course.grading.judge.diagnosis import Finding, Sent, diagnose
from course.grading.sandbox.remote import is_text

_UNSET = object()
QUOTED = 2**16
"""Bytes of a body that are looked at for a message."""
SENT = 80
"""Characters of an earlier request that a message shows."""
LISTED = 4
"""Requests before the last one that a message lists."""


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
    if status is not None:
        if reply.status_code != status:
            fail(reply, f"{status} {HTTPStatus(status).phrase.upper()}")
        reply.is_accepted = True  # type: ignore[attr-defined]
    if text is not None and reply.text.strip() != text:
        fail(reply, f"the text {text!r}", wanted=text)
    for part in (contains,) if isinstance(contains, str) else contains:
        if part not in reply.text:
            fail(reply, f"a body that contains {part!r}", wanted=part)
    for part in (lacks,) if isinstance(lacks, str) else lacks:
        if part in reply.text:
            fail(reply, f"a body without {part!r}", wanted=part)
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


def fail(
    reply: TestResponse, expected: str, *, wanted: str = "", is_error: bool | None = None
) -> NoReturn:
    """Fail the test: say what was sent, what came back, and what was ``expected``.

    Of a long body, the part is shown that looks most like ``wanted``; without it, like the tag or
    the quoted words in ``expected``. ``is_error`` tells whether the status is a wrong one; without
    it, that is found from ``expected`` (``404 NOT FOUND``) and from what the test has accepted.
    """
    environ = reply.request.environ
    if is_error is None:
        named = re.match(r"(\d{3})\b", expected)
        is_error = reply.status_code >= 400 and not getattr(reply, "is_accepted", False)
        is_error = int(named[1]) != reply.status_code if named else is_error
    finding = diagnose(
        getattr(reply, "notes", {}),
        getattr(reply, "files", {}),
        Sent(
            reply.status_code,
            _kind(environ, getattr(reply, "sent", b"")),
            str(environ.get("PATH_INFO", "")),
        ),
        is_error=is_error,
    )
    raise_failure(
        [
            *before(getattr(reply, "before", list)()),
            f"Sent:      {_sent(environ, getattr(reply, 'sent', b''))}",
            f"Came back: {_came_back(reply, wanted or _quoted(expected))}",
            f"Expected:  {expected}",
        ],
        finding,
    )


def raise_failure(lines: list[str], finding: Finding) -> NoReturn:
    """Fail the test with these lines and with what was found out."""
    failure = pytest.fail.Exception("\n".join([*lines, *finding.lines()]), pytrace=False)
    failure.finding = finding  # type: ignore[attr-defined]
    raise failure


def before(requests: list[tuple[str, str, bool]]) -> list[str]:
    """Return the lines that list the requests that led here."""
    told = []
    for sent, back, is_other in requests:
        who = "another visitor: " if is_other else ""
        told.append(f"{who}{excerpt.short(sent, SENT)} -> {back}" if back else sent)
    lines = [(line, len(list(same))) for line, same in groupby(told)]
    found = [f"{line} ({count} times)" if count > 1 else line for line, count in lines[-LISTED:]]
    if more := sum(count for _, count in lines[:-LISTED]):
        found.insert(0, f"{more} more request{'s' if more > 1 else ''}, then")
    heads = ["After:     ", *[" " * 11] * (LISTED + 1)]
    return [f"{head}{line}" for head, line in zip(heads, found, strict=False)]


def _kind(environ: Mapping[str, Any], body: bytes) -> str:
    kind = str(environ.get("CONTENT_TYPE", "")).partition(";")[0]
    return kind or ("no content type" if body else "none")


def _quoted(expected: str) -> str:
    """Return the part of an expectation that may be in a body: a tag, or the longest quotation."""
    if tag := re.search(r"<[a-zA-Z][^<>]*>", expected):
        return tag[0]
    quoted = re.findall(r"'([^']+)'|\"([^\"]+)\"", expected)
    return max((one or other for one, other in quoted), key=len, default="")


def _sent(environ: Mapping[str, Any], body: bytes) -> str:
    query = environ.get("QUERY_STRING", "")
    path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
    path = "".join(c if c.isprintable() else repr(c)[1:-1] for c in path)
    line = f"{environ['REQUEST_METHOD']} {path}{'?' + query if query else ''}"
    if cookie := environ.get("HTTP_COOKIE"):
        names = [part.partition("=")[0].strip() for part in cookie.split(";")]
        line += f" with the cookie {', '.join(names)}"
    if body:
        kind = _kind(environ, body)
        if kind == "multipart/form-data":
            return f"{line} with {_form(environ, body)}"
        text = body.decode("utf-8", "replace")
        if kind == "application/x-www-form-urlencoded":
            text = re.sub(r"(?<=csrf_token=)[^&]{20,}", "…", text)
        line += f" with {excerpt.short(text, 200)} ({kind})"
    return line


def _form(environ: Mapping[str, Any], body: bytes) -> str:
    """Describe a form with files: the parts, and not the bytes between them."""
    again = dict(environ) | {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    _, fields, files = parse_form_data(again)
    parts = [f"{name}={excerpt.short(value, 60)}" for name, value in fields.items(multi=True)]
    for name, file in files.items(multi=True):
        parts.append(f"the file {name} ({file.filename!r}, {len(file.read())} bytes)")
        file.close()
    return f"a form: {', '.join(parts)}"


def _came_back(reply: TestResponse, wanted: str) -> str:
    line = reply.status
    if place := reply.headers.get("Location"):
        line += f", Location: {place}"
    kind = (reply.content_type or "").partition(";")[0]
    if not is_text(kind):
        return f"{line}, {kind}, {len(reply.get_data())} bytes"
    body = reply.get_data()[:QUOTED].decode("utf-8", "replace")
    if kind == "text/html":
        # What Flask itself writes on the page of a redirect or an error helps no one.
        if re.match(r"<!doctype html>\s*<html lang=en>\s*<title>(\d{3} |Redirecting)", body):
            return line
        body = excerpt.of_page(body, wanted)
    else:
        body = excerpt.of_text(body, wanted)
    return f"{line}, {kind}: {excerpt.short(body)}" if body else line
