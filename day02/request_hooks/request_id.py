"""Give every request an id, a stopwatch and a line in the log.

A visitor who reports a failure names the id, and the line of that request is found in the log. A
client may bring an id of its own, so that several programs can call one piece of work by one name.
But the client may be anybody, and so the id is checked before it is used.
"""

import re
from collections import deque
from time import perf_counter
from uuid import uuid4

from flask import Flask, Response, g, request

HARMLESS = re.compile(r"[A-Za-z0-9-]{1,64}")


def sent_id() -> str:
    """Return the id that the client brings, in a header or in the address; empty if it has none."""
    return request.headers.get("X-Request-ID") or request.args.get("request_id", "")


def accepted(sent: str) -> str:
    """Keep a harmless id and put a new one in the place of any other."""
    return sent if HARMLESS.fullmatch(sent) else uuid4().hex


def add_to(app: Flask) -> None:
    """Register the hooks. Done first of all, so that they enclose all other hooks of the app."""
    lines = deque(maxlen=20)

    @app.before_request
    def begin():
        """Start the stopwatch and settle the id."""
        g.started = perf_counter()
        g.request_id = accepted(sent_id())

    @app.after_request
    def finish(response: Response) -> Response:
        """Put both on the answer, and what the server itself chose or checked into the log."""
        milliseconds = (perf_counter() - g.started) * 1000
        response.headers["X-Request-ID"] = g.request_id
        response.headers["Server-Timing"] = f"app;dur={milliseconds:.1f}"
        lines.append(f"{g.request_id} {request.endpoint} {response.status_code}")
        return response

    @app.get("/log")
    def log():
        """Show the log, oldest line first."""
        return "".join(f"{line}\n" for line in lines), {"Content-Type": "text/plain; charset=utf-8"}

    @app.get("/careless")
    def careless():
        """Show the danger: the client's id goes into the log and onto the answer unread."""
        lines.append(f"{sent_id()} careless 200")
        return "Noted.\n", {"X-Sent-ID": sent_id()}
