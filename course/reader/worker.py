"""The worker: a process of its own, with a server of its own, in which the lessons run.

It listens on another port than the reader. To a browser that is another origin, so a page of a
lesson cannot use the reader's interface. ``/run/<day>/<lesson>/<module>/...`` is a mounted lesson;
``/reader/...`` are the reader's own calls, which know a secret.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from course import curl
from course.catalogue import UnknownLessonError
from course.exchange import Answer, ExchangeError
from course.exchange import Request as RawRequest
from course.reader import guard
from course.reader.running import BrokenLessonError, Running, RunningLessons
from course.reader.watch import Watchdog

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MAX_SHOWN = 200_000  # characters of an answer

SECRET_HEADER = "X-Course-Secret"  # noqa: S105 (the header's name, not its value)

Reply = tuple[dict[str, Any], int]


class Worker:
    """The lessons as a WSGI application, and what the reader asks of them."""

    def __init__(
        self,
        root: Path,
        *,
        token: str | None = None,
        secret: str = "",
        watchdog: Watchdog | None = None,
    ) -> None:
        self.lessons = RunningLessons(root.resolve())
        self._token = token
        self._secret = secret
        self._watchdog = watchdog
        self._seen: dict[tuple[str, str], tuple[str, str]] = {}
        self._calls: dict[str, Callable[[dict[str, Any]], Reply]] = {
            "send": self._send,
            "forget": self._forget,
            "where": self._where,
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request of a browser, or of the reader."""
        if self._watchdog is None:
            return self._respond(environ)(environ, start_response)
        with self._watchdog.watching(environ.get("werkzeug.socket")):
            return self._respond(environ)(environ, start_response)

    def _respond(self, environ: WSGIEnvironment) -> Response:
        path = environ["PATH_INFO"]
        if refused := guard.foreign_host(environ):
            return _plain(refused, 400)
        if path.startswith("/reader/"):
            return self._for_reader(path.removeprefix("/reader/"), Request(environ))
        if refused := guard.foreign_page(environ, same_site=True):
            return _plain(refused, 403)
        if not guard.has_token(environ, self._token):
            return _plain(guard.OPEN_THE_ADDRESS, 403)
        match path.split("/", 5):
            case ["", "run", day, lesson, module, rest]:
                return self._mounted(f"{day}/{lesson}", module, rest, environ)
            case ["", "run", _, _, _]:
                return _moved(Request(environ).base_url + "/")
            case ["", "run", _, _]:
                return _moved(Request(environ).base_url + "/app/")
        return _plain("Here are only the lessons, below /run/.", 404)

    def _mounted(self, name: str, module: str, rest: str, environ: WSGIEnvironment) -> Response:
        """Hand a request to the lesson, which sees only what comes after its mount."""
        guard.without_cookie(environ)
        environ["SCRIPT_NAME"] += f"/run/{name}/{module}"
        environ["PATH_INFO"] = f"/{rest}"
        response = self.lessons.mount(name, module, environ)
        if environ.get("HTTP_SEC_FETCH_DEST") == "iframe":
            query = environ.get("QUERY_STRING", "")
            path = f"/{rest}".encode("latin-1").decode("utf-8", "replace")
            self._seen[name, module] = (f"{path}?{query}" if query else path, response.status)
            _let_into_a_frame(response)
        return response

    def _for_reader(self, call: str, request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not self._secret or not hmac.compare_digest(given.encode(), self._secret.encode()):
            return _plain("Only the reader may ask this.", 403)
        data, status = self.answer(call, json.loads(request.get_data()))
        return Response(json.dumps(data), status, mimetype="application/json")

    def answer(self, call: str, data: dict[str, Any]) -> Reply:
        """Answer a call of the reader: the data to give, and a status code."""
        return self._calls[call](data)

    def _where(self, data: dict[str, Any]) -> Reply:
        """Say what a lesson's frame asked for last: a page cannot read it of another origin."""
        path, status = self._seen.get((data["lesson"], data["module"]), ("", ""))
        return {"path": path, "status": status}, 200

    def _forget(self, data: dict[str, Any]) -> Reply:
        self.lessons.jars(data["lesson"]).clear()
        return {"cookies": []}, 200

    def _send(self, data: dict[str, Any]) -> Reply:
        """Play a request against a lesson, as ``flask run`` would answer it, unmounted."""
        try:
            raw = RawRequest.from_text(data["request"], data["files"])
            running = self.lessons.get(data["lesson"], data["module"])
        except ExchangeError as error:
            return {"error": str(error)}, 400
        except UnknownLessonError as error:
            return {"error": str(error)}, 404
        except BrokenLessonError as error:
            message = "This lesson does not start. Correct it and send again."
            return {"error": message, "failure": str(error)}, 200
        read, _, write = data["jar"].partition(">")
        write = write if ">" in data["jar"] else read
        return self._exchange(running, raw, read, write, data["follow"])

    def _exchange(
        self, running: Running, raw: RawRequest, read: str, write: str, follow: bool
    ) -> Reply:
        cookies = _pairs(running, read)
        hops: list[tuple[RawRequest, Answer]] = []
        error = failure = ""
        status = 200
        started = time.perf_counter()
        try:
            if follow:
                for hop in running.session.hops(raw, read, write, curl.keeps_method(raw)):
                    hops.append(hop)  # noqa: PERF402 (those before a failure are shown)
            else:
                hops.append((raw, running.session.send(raw, read, write)))
        except ExchangeError as problem:
            error, status = str(problem), 200 if hops else 400
        except Exception as problem:  # noqa: BLE001 (a view may raise anything, past its handlers)
            error = "The view raised an exception."
            failure = running.take_failure() or self.lessons.describe(problem)
        milliseconds = (time.perf_counter() - started) * 1000
        found = {
            "request": raw.to_text(),
            "hops": [
                {
                    "request": f"{request.method} {request.target}",
                    "status": answer.status,
                    "head": answer.head,
                    "body": _cut(answer.text),
                }
                for request, answer in hops
            ],
            "ms": round(milliseconds, 1),
            "curl": curl.format_line(raw, "; ".join(cookies), follow=follow),
            "failure": failure or running.take_failure(),
            "cookies": _pairs(running, write or read),
            "jar": write or read,
        }
        if hops:
            last = hops[-1][1]
            heads = "".join(answer.head + "\n" for _, answer in hops)
            found |= {"status": last.status, "answer": heads + _cut(last.text)}
        return found | ({"error": error} if error else {}), status


def _let_into_a_frame(response: Response) -> None:
    """Let pages of this machine frame a lesson that forbids it to all others."""
    response.headers.remove("X-Frame-Options")
    if policy := response.headers.get("Content-Security-Policy"):
        local = "frame-ancestors http://127.0.0.1:* http://localhost:*"
        policy = re.sub(r"frame-ancestors [^;]*", local, policy)
        response.headers["Content-Security-Policy"] = policy


def _pairs(running: Running, jar: str) -> list[str]:
    return [f"{cookie.name}={cookie.value}" for cookie in running.session.jars.get(jar, ())]


def _cut(text: str) -> str:
    if len(text) <= MAX_SHOWN:
        return text
    return f"{text[:MAX_SHOWN]}\n[{len(text) - MAX_SHOWN} more characters]"


def _plain(text: str, status: int) -> Response:
    return Response(text, status, mimetype="text/plain")


def _moved(url: str) -> Response:
    response: Response = redirect(url, 308, Response)
    return response


def main() -> None:
    """Serve the lessons until standard input ends; its first line says how, as JSON."""
    settings = json.loads(sys.stdin.readline())
    # Ctrl+C is for the reader, which then lets go of standard input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Without this an app.run() at the end of a lesson would start a server and never return.
    os.environ["FLASK_RUN_FROM_CLI"] = "true"
    _limit_memory(settings["memory"])
    if "share" in settings:
        listener = socket.fromshare(base64.b64decode(settings["share"]))  # type: ignore[attr-defined]
    else:
        listener = socket.socket(fileno=settings["listener"])
    listener.set_inheritable(False)
    root = Path(settings["root"])
    sys.path.insert(0, str(root))
    watchdog = Watchdog(settings["limit"], Path(settings["report"]), root)
    worker = Worker(root, token=settings["token"], secret=settings["secret"], watchdog=watchdog)
    threading.Thread(target=_end_with_input, daemon=True).start()
    from course.reader.server import create_server

    create_server(worker, listener).serve_forever()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _limit_memory(most: int) -> None:
    if sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        with contextlib.suppress(OSError, ValueError):  # macOS, or a limit that is lower already
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))


if __name__ == "__main__":
    main()
