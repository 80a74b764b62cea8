"""Curl command lines, read into requests and written from them.

Only the options that the notes use are known. Any other is an error, so that the notes cannot drift
into a form that nobody has verified. The meaning of each option is that of curl's manual page.
"""

from __future__ import annotations

import argparse
import re
import shlex
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO
from typing import NoReturn
from urllib.parse import quote, urlsplit

from werkzeug.formparser import parse_form_data

from .exchange import ExchangeError, Request

BOUNDARY = "------------------------flaskinsixdays"


@dataclass(frozen=True)
class CurlLine:
    """What a curl line asks for: the request, and what to do with cookies and the answer."""

    request: Request
    include: bool = False  # -i: print status line and headers too
    head: bool = False  # -I: print nothing else
    follow: bool = False  # -L
    keep_method: bool = False  # -X: the method stays on every redirect
    output: str = ""  # -o: write the body here instead of printing it
    read_jar: str = ""  # -b FILE
    write_jar: str = ""  # -c FILE


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ExchangeError(f"curl: {message}")


@cache
def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="curl", add_help=False, allow_abbrev=False)
    add = parser.add_argument
    add("url")
    add("-X", "--request")
    add("-H", "--header", action="append", default=[])
    add("-i", "--include", action="store_true")
    add("-I", "--head", action="store_true")
    add("-L", "--location", action="store_true")
    add("-s", "--silent", action="store_true")
    add("-G", "--get", action="store_true")
    add("-o", "--output", default="")
    add("-b", "--cookie", default="")
    add("-c", "--cookie-jar", default="")
    add("-F", "--form", action="append", default=[])
    add("--path-as-is", action="store_true")
    # The kinds of data keep their common order, so they share one list.
    for flags in (["-d", "--data"], ["--data-raw"], ["--data-urlencode"], ["--json"]):
        add(*flags, dest="data", action="append", type=partial(_pair, flags[-1]))
    return parser


def parse(arguments: list[str]) -> CurlLine:
    """Read the words after ``curl``; raise ``ExchangeError`` for what is not understood."""
    options = _parser().parse_args(arguments)
    url = options.url if "://" in options.url else f"http://{options.url}"
    if not url.startswith("http://"):
        raise ExchangeError(f"curl: lessons are reached by http://, not by {url}")
    if re.search(r"/\.\.?(/|$)", urlsplit(url).path) and not options.path_as_is:
        raise ExchangeError("curl: the dots in the path are squashed without --path-as-is")
    if not url.isascii():
        # curl would send the bytes as they are, which the server reads as ISO-8859-1.
        raise ExchangeError("curl: write other letters as %XX, or use -G --data-urlencode")
    headers = [_header(line) for line in options.header]
    given = {name.lower() for name, _ in headers}

    def default(name: str, value: str) -> None:
        if name.lower() not in given:
            headers.append((name, value))

    body = b""
    data: list[tuple[str, str]] = options.data or []
    if options.form:
        body = _multipart(options.form)
        default("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    elif data:
        kinds = {kind for kind, _ in data}
        separator = "" if kinds == {"--json"} else "&"
        text = separator.join(_data(kind, value) for kind, value in data)
        if options.get:
            url += ("&" if "?" in url else "?") + text
        else:
            body = text.encode()
            json = "application/json"
            form = "application/x-www-form-urlencoded"
            default("Content-Type", json if "--json" in kinds else form)
            if "--json" in kinds:
                default("Accept", json)
    default("User-Agent", "curl/8.0")
    default("Accept", "*/*")
    cookie: str = options.cookie
    if "=" in cookie:  # otherwise it names a file
        default("Cookie", cookie)
        cookie = ""
    sends = bool(options.form or (data and not options.get))
    method = options.request or ("HEAD" if options.head else "POST" if sends else "GET")
    return CurlLine(
        Request(method, url, tuple(headers), body),
        include=options.include,
        head=options.head,
        follow=options.location,
        keep_method=bool(options.request),
        output=options.output,
        read_jar=cookie,
        write_jar=options.cookie_jar,
    )


def _pair(kind: str, value: str) -> tuple[str, str]:
    return kind, value


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise ExchangeError(f"curl: -H wants 'Name: value', not {line!r}")
    return name, value.strip()


def _data(kind: str, value: str) -> str:
    if kind == "--data-urlencode":
        name, equals, content = value.partition("=")
        return f"{name}{equals}{quote(content, safe='')}" if equals else quote(value, safe="")
    if kind != "--data-raw" and value.startswith("@"):
        return f"< {value[1:]}"
    return value


def _multipart(fields: list[str]) -> bytes:
    """Lay the ``-F`` fields out as RFC 7578 asks; a file stays a ``< path`` line."""
    parts = []
    for each in fields:
        name, equals, rest = each.partition("=")
        if not equals:
            raise ExchangeError(f"curl: -F wants 'name=value', not {each!r}")
        value, *extras = rest.split(";")
        extra = dict(word.split("=", 1) for word in extras if "=" in word)
        filename = extra.get("filename")
        kind = extra.get("type")
        if value.startswith("@"):
            path = value[1:]
            filename = filename if filename is not None else path.rsplit("/", 1)[-1]
            kind = kind or _TYPES.get(path.rpartition(".")[2], "application/octet-stream")
            value = f"< {path}"
        elif value.startswith("<"):
            value = f"< {value[1:]}"
        lines = [f'Content-Disposition: form-data; name="{name}"']
        if filename is not None:
            lines[0] += f'; filename="{filename}"'
        if kind:
            lines.append(f"Content-Type: {kind}")
        parts.append("\r\n".join([f"--{BOUNDARY}", *lines, "", value, ""]))
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()


# What curl itself knows (lib/mime.c); every other ending is application/octet-stream.
_TYPES = {
    "gif": "image/gif",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "htm": "text/html",
    "html": "text/html",
    "pdf": "application/pdf",
    "xml": "application/xml",
}


def format_line(request: Request) -> str:
    """Write the curl line that sends this request, for a POSIX shell."""
    words = ["curl", "-i"]
    body, content_type = request.body, request.header("Content-Type") or ""
    usual = "POST" if body else "GET"
    if request.method == "HEAD":
        words[1:] = ["-I"]
    elif request.method != usual:
        words += ["-X", request.method]
    implied = {"content-length", "user-agent"}
    multipart = body and content_type.startswith("multipart/form-data")
    if multipart:
        implied.add("content-type")
    for name, value in request.headers:
        if name.lower() not in implied and (name.lower(), value) not in _CURL_ADDS:
            words += ["-H", f"{name}: {value}"]
    if multipart:
        words += _form_words(body, content_type)
    elif body:
        text = body.decode("utf-8", "replace")
        words += ["-d", f"@{text[2:].strip()}"] if text.startswith("< ") else ["--data-raw", text]
    return shlex.join([*words, request.url])


_CURL_ADDS = {("accept", "*/*"), ("content-type", "application/x-www-form-urlencoded")}


def _form_words(body: bytes, content_type: str) -> list[str]:
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
    }
    _, form, files = parse_form_data(environ)
    words = []
    for name, value in form.items(multi=True):
        words += ["-F", f"{name}={value}"]
    for name, upload in files.items(multi=True):
        content = upload.read().decode("utf-8", "replace")
        upload.close()
        value = f"@{content[2:]}" if content.startswith("< ") else content
        words += ["-F", f"{name}={value};type={upload.mimetype};filename={upload.filename}"]
    return words
