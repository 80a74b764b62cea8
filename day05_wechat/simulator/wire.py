"""One exchange with the handler: the request, two ways to the handler, and the response.

WeChat waits five seconds for the whole response and follows no redirect. So does this module; it
sends requests to this machine only.
"""

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.test import Client

from day05_wechat.oauth.limit import OutOfTimeError, in_time

MAX_RESPONSE = 100_000  # bytes


class NoResponseError(Exception):
    """Say why a response did not come."""


@dataclass(frozen=True)
class Request:
    """A request, as it is sent."""

    method: str
    url: str
    body: bytes = b""

    @property
    def headers(self) -> dict[str, str]:
        """Return every header, in the order in which they are sent."""
        headers = {
            "Host": urlsplit(self.url).netloc,
            "User-Agent": "WeChat simulator",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }
        if self.method == "POST":
            headers |= {"Content-Type": "text/xml", "Content-Length": str(len(self.body))}
        return headers

    @property
    def target(self) -> str:
        """Return the path and the query."""
        parts = urlsplit(self.url)
        return f"{parts.path or '/'}?{parts.query}"

    @property
    def raw(self) -> str:
        """Return the request as text: request line, headers, empty line, body."""
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\n".join(lines) + "\n\n" + self.body.decode()


@dataclass(frozen=True)
class Response:
    """A response, as it is received."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    phrase: str = ""

    @property
    def raw(self) -> str:
        """Return the response as text; bytes that are not UTF-8 become replacement characters."""
        lines = [f"HTTP/1.1 {self.status} {self.phrase}".rstrip()]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\n".join(lines) + "\n\n" + self.body.decode(errors="replace")


Transport = Callable[[Request, float], Response]


def loopback(url: str) -> str:
    """Return the URL if it leads to this machine; raise ``ValueError`` for any other."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or parts.username is not None or not url.isprintable():
        raise ValueError(f"The handler's URL must begin with http://, not be {url!r}.")
    if "\\" in url or parts.fragment or not url.isascii() or " " in url:
        raise ValueError(f"{url!r} is not a URL.")
    try:
        is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # another name, which can lead to any machine
        is_here = False
    if not is_here:
        raise ValueError(f"The handler must be on this machine, and {host} is not.")
    if parts.port == 0:  # .port raises ValueError for a port that is not a number
        raise ValueError("There is no port 0.")
    return url


def over_http(request: Request, seconds: float) -> Response:
    """Send the request through a socket, and cut the connection when the time is up."""
    parts = urlsplit(request.url)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=seconds)
    try:
        connection.connect()
        with time_limit(connection.sock, seconds):
            connection.putrequest(
                request.method, request.target, skip_host=True, skip_accept_encoding=True
            )
            for header in request.headers.items():
                connection.putheader(*header)
            connection.endheaders(request.body)
            with connection.getresponse() as response:
                body = response.read(MAX_RESPONSE + 1)
        if response.length and len(body) <= MAX_RESPONSE:
            raise HTTPException
    except (HTTPException, OSError) as error:
        raise NoResponseError(f"no response ({type(error).__name__}): does it run?") from error
    finally:
        connection.close()
    return Response(response.status, tuple(response.getheaders()), body, response.reason)


@contextlib.contextmanager
def time_limit(connected: socket.socket, seconds: float) -> Iterator[None]:
    """Cut the connection after so many seconds, and raise ``NoResponseError``.

    The timeout of a socket begins again with each byte, of the headers and of the body.
    """
    is_late = threading.Event()

    def cut() -> None:
        is_late.set()
        with contextlib.suppress(OSError):  # it is closed already
            connected.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if is_late.is_set():
            raise NoResponseError(f"no complete response within {seconds:g} s")


def in_process(app: Flask) -> Transport:
    """Return a way to an app of this process, without a server."""

    def send(request: Request, seconds: float) -> Response:
        response = Client(app, use_cookies=False).open(
            request.target,
            base_url=f"http://{urlsplit(request.url).netloc}",
            method=request.method,
            headers=request.headers,
            data=request.body,
            buffered=True,
        )
        number, _, phrase = response.status.partition(" ")
        return Response(int(number), tuple(response.headers), response.get_data(), phrase)

    return send


def within(seconds: float, transport: Transport, request: Request) -> Response:
    """Return the response, or raise ``NoResponseError`` when the time is up.

    A thread cannot be stopped, so the handler goes on, and no one reads its response. WeChat closes
    the connection, too.
    """
    try:
        return in_time(seconds, transport, request, seconds)
    except OutOfTimeError:
        raise NoResponseError(f"no response within {seconds:g} s") from None
    except NoResponseError:
        raise
    except Exception as error:  # noqa: BLE001 - an app in debug mode raises; a server sends a 500
        return Response(500, (), f"The handler raised {error!r}.".encode())
