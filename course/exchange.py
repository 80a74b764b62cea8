"""One HTTP request, the answer a lesson gives to it, and both as the text that crosses the wire.

The exchange happens in this process: the request goes straight to the lesson's WSGI callable, with
no socket between. The answer is the one ``flask run`` gives, less the three or four headers that
the server itself adds (see ``SERVER_HEADERS``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from email.message import Message
from http.cookiejar import CookieJar
from types import SimpleNamespace
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit
from urllib.request import Request as CookieCarrier

from werkzeug.datastructures import Headers
from werkzeug.test import Client, EnvironBuilder

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1:5000"
"""Where ``flask run`` listens, and so where the notes send their requests."""

SERVER_HEADERS = frozenset({"server", "date", "connection", "transfer-encoding"})
"""Headers that come from the development server, not from the lesson."""

MAX_REDIRECTS = 20

# In the text of a request: a body, or a part of a multipart body, that is one line "< name".
_FILE_LINE = re.compile(rb"(?P<before>\A|\r\n\r\n)< (?P<name>[^\r\n]+)(?P<after>\Z|\r\n(?=--))")


class ExchangeError(ValueError):
    """A request that cannot be read or sent; the message is meant for the person who wrote it."""


@dataclass(frozen=True)
class BodyFile:
    """A file whose content belongs into a body, and the place in the body where it belongs."""

    name: str
    at: int
    """How many bytes of the body stand before it."""
    joined: bool = False
    """Whether line ends and NUL bytes are dropped, as curl does for ``-d @name``."""

    def content(self, read: Callable[[str], bytes]) -> bytes:
        """Return what is sent for the file."""
        data = read(self.name)
        return data.translate(None, b"\r\n\0") if self.joined else data


@dataclass(frozen=True)
class Request:
    """A request as a person writes it: method, absolute URL, headers, body, and files of the body.

    The files are a field of their own, so no text of a body can be taken for one. Only the view as
    text shows a file as a line ``< name``.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    files: tuple[BodyFile, ...] = ()

    @property
    def target(self) -> str:
        """The path and query, as they stand in the request line."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def header(self, name: str) -> str | None:
        """Return the first header of that name, in any case, or None."""
        return _first(self.headers, name)

    def to_text(self) -> str:
        """Return the request as text: request line, headers, empty line, body."""
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {urlsplit(self.url).netloc}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        body = self.filled(lambda file: f"< {file.name}".encode())
        return "\n".join(lines) + "\n\n" + body.decode("utf-8", "replace").replace("\r\n", "\n")

    def filled(self, content: Callable[[BodyFile], bytes]) -> bytes:
        """Return the body with each file replaced by what ``content`` gives for it."""
        pieces, done = [], 0
        for file in self.files:
            pieces += [self.body[done : file.at], content(file)]
            done = file.at
        return b"".join([*pieces, self.body[done:]])

    @classmethod
    def from_text(cls, text: str, files: Iterable[str] = ()) -> Request:
        """Read what ``to_text`` writes, or what a person typed in its place.

        A line ``< name`` that is the whole body, or a whole part of a multipart body, is a file if
        ``files`` has the name; otherwise it is text. Raises ``ExchangeError`` for a request line or
        a header that cannot be read. A multipart body gets the CRLF line ends that RFC 2046 asks
        for and that no text box keeps.
        """
        head, _, body = text.replace("\r\n", "\n").lstrip("\n").partition("\n\n")
        first, *rest = head.split("\n")
        match first.split():
            case [method, target] | [method, target, _] if target.startswith("/"):
                pass
            case _:
                raise ExchangeError(
                    f"The first line is {first!r}. Expected a request line such as "
                    "GET / HTTP/1.1, a curl line or a URL."
                )
        if not re.fullmatch(r"[A-Za-z]+", method):
            raise ExchangeError(f"A method is one word such as GET; it is {method!r}.")
        headers = []
        for line in filter(None, rest):
            name, colon, value = line.partition(":")
            if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
                raise ExchangeError(f"A header must be like Name: value; it is {line!r}.")
            headers.append((name, value.strip()))
        host = _first(headers, "Host") or HOST
        if not re.fullmatch(r"[A-Za-z0-9.-]+(:\d{1,5})?", host):
            raise ExchangeError(f"A host must be like {HOST}; it is {host!r}.")
        request = cls(
            method.upper(),
            f"http://{host}{target}",
            tuple((name, value) for name, value in headers if name.lower() != "host"),
            body.encode(),
        )
        if (request.header("Content-Type") or "").startswith("multipart/"):
            request = replace(request, body=request.body.replace(b"\n", b"\r\n"))
        return _with_files(request, frozenset(files))


def _with_files(request: Request, names: frozenset[str]) -> Request:
    """Take the lines out of the body that stand for files of these names."""
    found: list[BodyFile] = []
    kept, done = b"", 0
    for match in _FILE_LINE.finditer(request.body):
        name = match["name"].decode("utf-8", "replace").strip()
        if name in names:
            kept += request.body[done : match.end("before")]
            found.append(BodyFile(name, len(kept)))
            done = match.start("after")
    return replace(request, body=kept + request.body[done:], files=tuple(found))


@dataclass(frozen=True)
class Answer:
    """What came back: status line, headers in order, body."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def code(self) -> int:
        """The three digits of the status line."""
        return int(self.status[:3])

    def header(self, name: str) -> str | None:
        """Return the first header of that name, in any case, or None."""
        return _first(self.headers, name)

    @property
    def head(self) -> str:
        """The status line and headers, without those a server adds."""
        lines = [f"HTTP/1.1 {self.status}"]
        lines += [f"{k}: {v}" for k, v in self.headers if k.lower() not in SERVER_HEADERS]
        return "\n".join(lines) + "\n"

    @property
    def text(self) -> str:
        """The body as text, or its length and type where it is none."""
        kind = self.header("Content-Type") or "unknown type"
        if re.match(
            r"(image/(?!svg)|audio/|video/|font/|application/(octet-stream|zip|pdf))", kind
        ):
            return f"[{len(self.body)} bytes of {kind}]"
        charset = re.search(r"charset=([\w-]+)", kind)
        try:
            return self.body.decode(charset[1] if charset else "utf-8", "replace")
        except LookupError:  # a charset that Python does not know
            return self.body.decode("utf-8", "replace")


@dataclass
class Session:
    """Sends requests to one lesson, and keeps cookies where asked to.

    ``read_file`` returns the content of a file of a body; without it there are no files.
    """

    app: WSGIApplication
    read_file: Callable[[str], bytes] | None = None
    jars: dict[str, CookieJar] = field(default_factory=dict)

    def send(self, request: Request, read: str = "", write: str = "") -> Answer:
        """Send one request; with the cookies of jar ``read``, storing the new ones in ``write``.

        Raises ``ExchangeError`` for a request that no client could send, and all that the lesson
        raises past its own error handling.
        """
        headers = list(request.headers)
        if read and (cookie := _cookie_header(self.jars.setdefault(read, CookieJar()), request)):
            headers.append(("Cookie", cookie))
        try:
            builder = EnvironBuilder(
                # The server takes "//a" for "/a"; the builder would take "a" for a host.
                path="/" + request.target.lstrip("/"),
                base_url=f"http://{urlsplit(request.url).netloc}",
                method=request.method,
                headers=Headers(headers),
                data=self._body(request) or None,
                environ_base={"REMOTE_ADDR": "127.0.0.1"},
            )
        except ValueError as error:  # a line break in a header, say
            raise ExchangeError(f"This cannot be sent: {error}") from error
        response = Client(self.app, use_cookies=False).open(builder, buffered=True)
        answer = Answer(response.status, tuple(response.headers), response.get_data())
        response.close()
        if write:
            if read != write:  # curl starts the new file with what it read from the old one
                target = self.jars[write] = CookieJar()
                for stored in self.jars.get(read, ()):
                    target.set_cookie(stored)
            _store_cookies(self.jars[write], request, answer)
        return answer

    def follow(
        self, request: Request, read: str = "", write: str = "", keep_method: bool = False
    ) -> Iterable[Answer]:
        """Send one request and go where its redirects lead, as ``curl -L`` does."""
        return (answer for _, answer in self.hops(request, read, write, keep_method))

    def hops(
        self, request: Request, read: str = "", write: str = "", keep_method: bool = False
    ) -> Iterable[tuple[Request, Answer]]:
        """Yield each request of ``follow`` with its answer.

        After 301, 302 and 303 a POST becomes a GET, unless ``keep_method`` (curl's ``-X``).
        """
        for _ in range(MAX_REDIRECTS):
            answer = self.send(request, read, write)
            read = write or read
            yield request, answer
            location = answer.header("Location")
            if answer.code not in {301, 302, 303, 307, 308} or not location:
                return
            url = urljoin(request.url, location)
            if urlsplit(url).netloc != urlsplit(request.url).netloc:
                raise ExchangeError(f"The redirect to {url} leaves the lesson.")
            if answer.code in {307, 308} or keep_method:
                request = replace(request, url=url)
            else:
                method = request.method if request.method == "HEAD" else "GET"
                kept = tuple(h for h in request.headers if h[0].lower() != "content-type")
                request = Request(method, url, kept)
        raise ExchangeError(f"More than {MAX_REDIRECTS} redirects.")

    def _body(self, request: Request) -> bytes:
        def content(file: BodyFile) -> bytes:
            if self.read_file is None:
                raise ExchangeError(f"There is no file {file.name!r} to send.")
            return file.content(self.read_file)

        return request.filled(content)


def _first(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name.lower()), None)


def _cookie_header(jar: CookieJar, request: Request) -> str | None:
    carrier = CookieCarrier(request.url)
    jar.add_cookie_header(carrier)
    return carrier.get_header("Cookie")


def _store_cookies(jar: CookieJar, request: Request, answer: Answer) -> None:
    message = Message()
    for name, value in answer.headers:
        if name.lower() == "set-cookie":
            message["Set-Cookie"] = value
    # extract_cookies asks of a response only that it has info().
    response = SimpleNamespace(info=lambda: message)
    carrier = CookieCarrier(request.url)
    jar.extract_cookies(response, carrier)  # type: ignore[arg-type]
