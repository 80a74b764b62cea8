"""The worker's process as the reader sees it: started, asked, and started anew when it ends."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Protocol

from course import catalogue
from course.reader.watch import read_report
from course.reader.worker import SECRET_HEADER, Reply, Worker

MEMORY = 1_500_000_000  # bytes of address space, where the system limits them
SECONDS = 10.0  # that a lesson has for a response
_ENDS_IN_A_ROW = 5  # of workers that could not even start


class Lessons(Protocol):
    """Where the lessons run."""

    port: int

    def call(self, name: str, data: dict[str, Any]) -> Reply:
        """Ask for something, such as ``send``; the answer, and a status code."""


class InThisProcess:
    """The lessons in the reader's own process: for tests, which need no second one."""

    def __init__(self, worker: Worker, port: int = 5051) -> None:
        self.worker = worker
        self.port = port

    def call(self, name: str, data: dict[str, Any]) -> Reply:
        """Ask the worker."""
        return self.worker.answer(name, data)


class WorkerProcess:
    """The worker in a process of its own, which is started anew whenever it ends.

    The socket it listens on belongs to this object: requests that come between an end and a start
    wait, and the port stays the same.
    """

    def __init__(
        self,
        root: Path,
        listener: socket.socket,
        *,
        token: str | None,
        limit: float = SECONDS,
        memory: int = MEMORY,
    ) -> None:
        self.port: int = listener.getsockname()[1]
        self._root = root.resolve()
        self._listener = listener
        self._token = token
        self._secret = secrets.token_urlsafe()
        self._limit = limit
        self._memory = memory
        self._folder = Path(tempfile.mkdtemp(prefix="course-"))
        self._report = self._folder / "report"
        self._ended = threading.Condition()
        self._ends: list[str] = []
        self._untold = 0  # how many of them no call has heard of
        self._closed = False
        self._process = self._start()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def _start(self) -> subprocess.Popen[bytes]:
        settings: dict[str, Any] = {
            "root": str(self._root),
            "token": self._token,
            "secret": self._secret,
            "limit": self._limit,
            "memory": self._memory,
            "report": str(self._report),
        }
        windows = sys.platform == "win32"
        process = subprocess.Popen(
            [sys.executable, "-m", "course.reader.worker"],
            cwd=catalogue.ROOT,
            stdin=subprocess.PIPE,
            pass_fds=() if windows else [self._listener.fileno()],
        )
        if windows:
            share = self._listener.share(process.pid)  # type: ignore[attr-defined]
            settings["share"] = base64.b64encode(share).decode()
        else:
            settings["listener"] = self._listener.fileno()
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps(settings).encode() + b"\n")
                process.stdin.flush()
        return process

    def _keep(self) -> None:
        """Start the worker anew whenever it ends, and remember why it did."""
        quick = 0
        while True:
            started = time.monotonic()
            code = self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
            why = read_report(self._report, self._limit, self._root)
            why = why or f"The lesson ended its process (exit code {code}). It was started anew."
            quick = quick + 1 if time.monotonic() - started < 1 else 0
            with self._ended:
                if self._closed:
                    return
                if quick < _ENDS_IN_A_ROW:
                    self._process = self._start()
                self._ends.append(why)
                self._untold += 1
                self._ended.notify_all()

    def call(self, name: str, data: dict[str, Any]) -> Reply:
        """Ask the worker; 503 with the reason if it ends instead of answering.

        ``send`` and ``where`` give a ``notice`` if the worker has ended since the last call.
        """
        ends = len(self._ends)
        # The worker ends itself after the limit; longer than this it cannot take.
        wait = self._limit + 10
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=wait)
        try:
            body = json.dumps(data)
            connection.request("POST", f"/reader/{name}", body, {SECRET_HEADER: self._secret})
            response = connection.getresponse()
            if response.getheader("Content-Type") == "application/json":
                found: dict[str, Any] = json.loads(response.read())
                if name in {"send", "where"} and (notice := self._notice()):
                    found["notice"] = notice
                return found, response.status
            return {"error": response.read().decode("utf-8", "replace")}, response.status
        except (OSError, http.client.HTTPException):
            with self._ended:
                self._ended.wait_for(lambda: len(self._ends) > ends, timeout=wait)
                self._untold = 0
            why = self._ends[ends] if len(self._ends) > ends else "The lessons do not answer."
            return {"error": why}, 503
        finally:
            connection.close()

    def _notice(self) -> str:
        with self._ended:
            untold, self._untold = self._untold, 0
            why = self._ends[-1] if untold else ""
        return f"{why} What lessons kept in memory is gone." if why else ""

    def close(self) -> None:
        """End the worker and give up its port."""
        with self._ended:
            self._closed = True
            self._process.kill()
        self._keeper.join()
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)
