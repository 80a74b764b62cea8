"""Curl command lines, read into requests and written from them.

Only the options that the notes use are known. Any other is an error, so that the notes cannot drift
into a form that no one has verified. The meaning of each option is that of curl's manual page.
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

from course.exchange import BodyFile, ExchangeError, Request

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
    for flags in (["-F", "--form"], ["--form-string"]):
        add(*flags, dest="form", action="append", type=partial(_pair, flags[-1]))
    add("--path-as-is", action="store_true")
    # The kinds of data keep their common order, so they share one list.
    kinds = (["-d", "--data"], ["--data-raw"], ["--data-binary"], ["--data-urlencode"], ["--json"])
    for flags in kinds:
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

    body: bytes = b""
    files: tuple[BodyFile, ...] = ()
    data: list[tuple[str, str]] = options.data or []
    if options.form:
        body, files = _multipart(options.form)
        default("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    elif data:
        kinds = {kind for kind, _ in data}
        body, files = _joined(data, b"" if kinds == {"--json"} else b"&")
        if options.get:
            if files:
                raise ExchangeError("curl: -G with the content of a file is not understood here")
            url += ("&" if "?" in url else "?") + body.decode()
            body = b""
        else:
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
        Request(method, url, tuple(headers), body, files),
        include=options.include,
        head=options.head,
        follow=options.location,
        keep_method=bool(options.request),
        output=options.output,
        read_jar=cookie,
        write_jar=options.cookie_jar,
    )


def parse_line(text: str) -> CurlLine:
    """Read a whole line that begins with ``curl``; raises ``ExchangeError``."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ExchangeError(f"curl: {error}: is a quotation mark missing?") from None
    return parse(words[1:])


def _pair(kind: str, value: str) -> tuple[str, str]:
    return kind, value


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise ExchangeError(f"curl: -H wants 'Name: value', not {line!r}")
    return name, value.strip()


_Body = tuple[bytes, tuple[BodyFile, ...]]


def _joined(data: list[tuple[str, str]], separator: bytes) -> _Body:
    """Join the data in their order, and say where content of files belongs between them."""
    body = b""
    files: list[BodyFile] = []
    for number, (kind, value) in enumerate(data):
        body += separator if number else b""
        if kind == "--data-urlencode":
            body += _urlencoded(value).encode()
        elif kind != "--data-raw" and value.startswith("@"):
            # --data-binary and --json send a file as it is.
            joined = kind == "--data"
            files.append(BodyFile(_file_name(value[1:]), len(body), joined))
        else:
            body += value.encode()
    return body, tuple(files)


def _file_name(name: str) -> str:
    if name in {"", "-"}:
        raise ExchangeError("curl: @ wants the name of a file; there is no standard input here")
    return name


def _urlencoded(value: str) -> str:
    name, equals, content = value.partition("=")
    if equals:
        return f"{name}={quote(content, safe='')}" if name else quote(content, safe="")
    if "@" in value:
        raise ExchangeError(f"curl: --data-urlencode {value}: the @ for a file is not known here")
    return quote(value, safe="")


def _multipart(fields: list[tuple[str, str]]) -> _Body:
    """Lay the ``-F`` fields out as RFC 7578 asks, and say where the content of files belongs."""
    # Imported here: it takes longer than everything else in this module.
    from urllib3.fields import RequestField
    from urllib3.filepost import encode_multipart_formdata

    end = f"--{BOUNDARY}--\r\n".encode()
    body = b""
    files: list[BodyFile] = []
    for option, each in fields:
        name, equals, rest = each.partition("=")
        if not equals:
            raise ExchangeError(f"curl: -F wants 'name=value', not {each!r}")
        plain = option == "--form-string"
        value, *extras = [rest] if plain else rest.split(";")
        extra = dict(word.strip().split("=", 1) for word in extras if "=" in word)
        filename = extra.get("filename")
        kind = extra.get("type")
        is_file = value.startswith(("@", "<")) and not plain
        path = _file_name(value[1:]) if is_file else ""
        if is_file and value.startswith("@"):
            filename = filename if filename is not None else path.rsplit("/", 1)[-1]
            kind = kind or _TYPES.get(path.rpartition(".")[2], "application/octet-stream")
        part = RequestField(name, "" if is_file else value, filename)
        part.make_multipart(content_type=kind)
        laid, _ = encode_multipart_formdata([part], BOUNDARY)
        body += laid.removesuffix(end)
        if is_file:
            files.append(BodyFile(path, len(body) - len(b"\r\n")))
    return body + end, tuple(files)


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


def format_line(request: Request, cookies: str = "", *, follow: bool = False) -> str:
    """Write the curl line that sends this request, for a POSIX shell.

    ``cookies`` are sent with it, such as ``a=1; b=2``; ``follow`` goes where redirects lead.
    """
    words = ["curl", "-i"]
    content_type = request.header("Content-Type") or ""
    sends = bool(request.body or request.files)
    if request.method == "HEAD":
        words[1:] = ["-I"]
    elif request.method == "POST" and not sends and (follow or content_type):
        words += ["-d", ""]  # -X would keep the method at every redirect
    elif request.method == "POST" and not sends:
        words += ["-X", "POST"]
    elif keeps_method(request):
        words += ["-X", request.method]
    if follow:
        words.append("-L")
    if cookies:
        words += ["-b", cookies]
        if follow:  # the cookies of the hops, too
            words += ["-c", "jar.txt"]
    implied = {"content-length"}
    if multipart := sends and content_type.startswith("multipart/form-data"):
        implied.add("content-type")
    for name, value in request.headers:
        if name.lower() not in implied and (name.lower(), value) not in _CURL_ADDS:
            words += ["-H", f"{name}: {value}"]
    if sends and not content_type:  # curl would say that it is a form
        words += ["-H", "Content-Type:"]
    words += _form_words(request) if multipart else _data_words(request)
    return shlex.join([*words, request.url])


def keeps_method(request: Request) -> bool:
    """Tell whether curl must be told the method by ``-X``, and then keeps it at redirects."""
    sends = request.body or request.files
    return request.method not in ({"POST"} if sends else {"GET", "HEAD", "POST"})


_CURL_ADDS = {
    ("accept", "*/*"),
    ("content-type", "application/x-www-form-urlencoded"),
    ("user-agent", "curl/8.0"),
}


def _data_words(request: Request) -> list[str]:
    if not request.body and len(request.files) == 1:
        [file] = request.files
        return ["-d" if file.joined else "--data-binary", f"@{file.name}"]
    if request.files:
        words: list[str] = []
        done = 0
        for file in request.files:
            before = request.body[done : file.at].strip(b"&")
            words += ["-d", before.decode()] if before else []
            words += ["-d", f"@{file.name}"]
            done = file.at
        rest = request.body[done:].strip(b"&")
        return [*words, "-d", rest.decode()] if rest else words
    return ["--data-raw", request.body.decode("utf-8", "replace")] if request.body else []


def _form_words(request: Request) -> list[str]:
    # A stand-in for each file that no other content can be.
    names = {f"{BOUNDARY}-{number}": file for number, file in enumerate(request.files)}
    marks = iter(names)
    body = request.filled(lambda _: next(marks).encode())
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": request.header("Content-Type") or "",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
    }
    _, form, files = parse_form_data(environ)
    words = []
    for name, value in form.items(multi=True):
        file = names.get(value)
        # -F takes "@" and "<" for files, and what comes after ";" for settings.
        option = "--form-string" if value.startswith(("@", "<")) or ";" in value else "-F"
        words += ["-F", f"{name}=<{file.name}"] if file else [option, f"{name}={value}"]
    for name, upload in files.items(multi=True):
        content = upload.read().decode("utf-8", "replace")
        upload.close()
        file = names.get(content)
        value = f"@{file.name}" if file else content
        words += ["-F", f"{name}={value};type={upload.mimetype};filename={upload.filename}"]
    return words
