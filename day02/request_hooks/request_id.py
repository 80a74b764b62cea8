"""Give every request an id, a time and a line in the log.

A visitor who reports a failure names the id, and you find the line of this request in the log. The
client may send an id of its own, so that several programs use one id for the same task. The client
can send any text, so the id is checked before it is used.
"""

import re
from collections import deque
from time import perf_counter
from uuid import uuid4

from flask import Flask, Response, current_app, g, request

VALID_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def init_app(app: Flask) -> None:
    """Register the hooks. Call it before all others, so that these hooks enclose them."""
    app.extensions["log"] = deque(maxlen=20)
    app.before_request(start_request)
    app.after_request(finish_request)
    app.add_url_rule("/log", view_func=get_log)
    app.add_url_rule("/unchecked", view_func=unchecked)


def get_sent_id() -> str:
    """Return the id that the client sends in a header or in the query string, or an empty text."""
    return request.headers.get("X-Request-ID") or request.args.get("request_id", "")


def check_id(sent: str) -> str:
    """Return a valid id unchanged, and a new id in place of any other text."""
    return sent if VALID_ID.fullmatch(sent) else uuid4().hex


def start_request() -> None:
    """Store the start time and the id."""
    g.started = perf_counter()
    g.request_id = check_id(get_sent_id())


def finish_request(response: Response) -> Response:
    """Add both to the response, and write a line without any unchecked text of the client."""
    milliseconds = (perf_counter() - g.started) * 1000
    response.headers["X-Request-ID"] = g.request_id
    response.headers["Server-Timing"] = f"app;dur={milliseconds:.1f}"
    line = f"{g.request_id} {request.endpoint} {response.status_code}"
    current_app.extensions["log"].append(line)
    return response


def get_log():
    """Return the log, oldest line first."""
    text = "".join(f"{line}\n" for line in current_app.extensions["log"])
    return text, {"Content-Type": "text/plain; charset=utf-8"}


def unchecked():
    """Show the danger: the client's id goes into the log and into a header without a check."""
    current_app.extensions["log"].append(f"{get_sent_id()} unchecked 200")
    return "Stored.\n", {"X-Sent-ID": get_sent_id()}
