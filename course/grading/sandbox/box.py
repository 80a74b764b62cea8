"""The judge's end of the line: a submission's app as a WSGI callable, and its faults in words."""

from __future__ import annotations

import contextlib
import math
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course.grading.results import Kind
from course.grading.sandbox.faults import AppFaultError, BoxError, exit_text, failure_text
from course.grading.sandbox.inside import PRELOADED
from course.grading.sandbox.wall import Wall
from course.grading.sandbox.wire import Wire, WireError

OUTPUT_TAIL = 3000
"""Characters of what an app printed that are kept for its author."""


QUESTIONS = 2000
"""Requests of one test, each redirect counted."""
RECEIVED = 64 * 2**20
"""Bytes of all answers of one test together."""


class Box:
    """The processes in which one submission runs, test after test."""

    def __init__(self, wall: Wall, source: Path) -> None:
        self.wall = wall
        self.source = source
        self.strikes = 0
        self.sent = ""
        self.until = math.inf
        """When the time of all the exercise's tests is over (monotonic clock)."""
        self._questions = self._received = 0
        self._process: Any = None
        self._wire: Wire | None = None
        self._running = False
        self._deadline: float | None = None
        self._late = False
        self._output = _memory_file()
        self._closed = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def start(self, order: dict[str, Any]) -> None:
        """Start the app in a new process; raises ``AppFaultError`` if it does not stand up."""
        self.end()
        if self.strikes >= self.wall.limits.strikes:
            raise AppFaultError(Kind.TIME, "Not tried: the app ran out of time too often.")
        if time.monotonic() > self.until:
            limit = self.wall.limits.submission_seconds
            raise AppFaultError(
                Kind.TIME, f"Not tried: the tests before took more than {limit:g} s."
            )
        self._questions = self._received = 0
        os.ftruncate(self._output.fileno(), 0)
        os.lseek(self._output.fileno(), 0, os.SEEK_SET)
        file = order["module"].replace(".", "/") + ".py"
        preload = _named_packages(_text_of(self.source / order["folder"] / file))
        for text in order.get("files", {}).values():
            preload |= _named_packages(text)
        if not order.get("imported", True):
            preload.add("pytest")
        order = order | {"preload": sorted(preload)}
        used, strikes = self._process is not None, self.strikes
        try:
            head = self._start(order)
        except AppFaultError:
            if not used or self.strikes > strikes:
                raise
            # The app before may have filled, confused or ended its box: try a new one.
            head = self._start(order)
        self._running = True
        if "failed" in head:
            raise AppFaultError(Kind.IMPORT, failure_text(head["failed"]))
        if "started" not in head:
            raise AppFaultError(Kind.WIRE, "The app process wrote something that is no answer.")

    def _start(self, order: dict[str, Any]) -> dict[str, Any]:
        limit = self.wall.limits.import_seconds
        return self._exchange(order, b"", limit, "while it started")[0]

    def ask(
        self, question: dict[str, Any], body: bytes = b"", seconds: float | None = None
    ) -> tuple[dict[str, Any], bytes]:
        """Put one question to the running app and return its answer."""
        limit = seconds or self.wall.limits.request_seconds
        if not self._running:
            raise AppFaultError(Kind.DIED, "The app process has ended; see the failure before.")
        if self._questions > QUESTIONS:
            text = f"More than {QUESTIONS} requests in one test: do the redirects ever end?"
            raise AppFaultError(Kind.SIZE, text)
        self._questions += 1
        return self._exchange(question | {"seconds": limit}, body, limit, f"during {self.sent}")

    def end(self) -> None:
        """End the app's process and everything that it started."""
        if not self._running:
            return
        self._running = False
        try:
            self._set_deadline(2)
            assert self._wire is not None
            self._wire.send({"end": True})
            if hasattr(os, "fork"):
                head, _ = self._wire.receive()
                if "ended" not in head:
                    self._kill()
            else:
                self._kill()
        except WireError:
            self.strikes += self._late
            self._kill()
        finally:
            self._deadline = None

    def output(self) -> str:
        """Return the last lines that the app printed or logged."""
        size = os.fstat(self._output.fileno()).st_size
        start = max(0, size - 4 * OUTPUT_TAIL)
        with os.fdopen(os.dup(self._output.fileno()), "rb") as file:
            file.seek(start)
            text = file.read(4 * OUTPUT_TAIL).decode("utf-8", "replace")
        # Paths as the student knows them, without the folders of this machine.
        return re.sub(r'File "[^"]*?[/\\]tmp\w+[/\\](day\d)', r'File "\1', text)[-OUTPUT_TAIL:]

    def close(self) -> None:
        """End the box and everything in it."""
        self._kill(wait=0)
        self._closed.set()
        self._output.close()

    def _exchange(
        self, head: dict[str, Any], body: bytes, seconds: float, when: str
    ) -> tuple[dict[str, Any], bytes]:
        if self._process is None:
            self._open()
        assert self._wire is not None
        # The box ends its own app in time and says where it was. This is for the one that does not.
        self._set_deadline(seconds + 1 + (10 if "module" in head else 0))
        begun = time.monotonic()
        try:
            self._wire.send(head, body)
            answer, data = self._wire.receive()
        except WireError as error:
            late = self._late
            code = self._kill()
            raise self._fault(late, code, when, str(error)) from None
        finally:
            self._deadline = None
        if "ended" in answer:
            # Whoever wrote that; after it, nothing that the box says or still reads is certain.
            self._kill()
            late = time.monotonic() - begun > seconds
            raise self._fault(late, answer["ended"], when, "")
        self._received += len(data)
        if self._received > RECEIVED:
            self._kill()
            raise AppFaultError(Kind.SIZE, f"The answers are longer than {RECEIVED // 2**20} MB.")
        return answer, data

    def _fault(self, late: bool, code: object, when: str, reason: str) -> AppFaultError:
        output = self.output()
        starting = when == "while it started"
        if late or "Timeout (" in output:
            # What hangs while it starts hangs for every test.
            self.strikes += self.wall.limits.strikes if starting else 1
            lines = re.findall(r'File "[^"]*?([\w-]+\.py)", line (\d+) in (\S+)', output)
            own = [line for line in lines if line[0] in _file_names(self.source)]
            place = f" It was at {own[0][0]}:{own[0][1]} in {own[0][2]}." if own else ""
            kind = Kind.IMPORT if starting else Kind.TIME
            return AppFaultError(kind, f"The app did not answer in time {when}.{place}")
        if reason and reason != "the line is closed":
            return AppFaultError(
                Kind.WIRE, f"The app process wrote something else {when}: {reason}."
            )
        how = f": {exit_text(code)}" if isinstance(code, int) else ""
        kind = Kind.IMPORT if starting else Kind.DIED
        return AppFaultError(kind, f"The app process ended {when}{how}.")

    def _open(self) -> None:
        process = self.wall.start(self.source, self._output)
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._late = False
        self._wire = Wire(process.stdout, process.stdin)
        self._set_deadline(20)
        try:
            said = self._wire.receive()[0]
        except WireError:
            said = {}
        finally:
            self._deadline = None
        if "ready" not in said:
            self._kill()
            raise BoxError(f"The box does not start: {said.get('broken', self.output()[-500:])}")

    def _kill(self, wait: float = 0.2) -> int | None:
        process, self._process, self._running = self._process, None, False
        if process is None:
            return None
        code: int | None
        try:  # it may have ended by itself, in a way worth telling
            code = process.wait(timeout=wait)
        except subprocess.TimeoutExpired:
            code = None
        _kill_box(process)
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        process.wait()
        return code

    def _set_deadline(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds

    def _watch(self) -> None:
        """Kill the box at its deadline, whatever the judge is waiting for at that moment."""
        while not self._closed.wait(0.1):
            deadline, process = self._deadline, self._process
            if deadline and process and time.monotonic() > deadline:
                self._late = True
                _kill_box(process)


def _kill_box(process: Any) -> None:
    # A box without a world of its own must end its app itself; the other one takes all with it.
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1)
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, 9)
        else:
            process.kill()


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """End what runs meanwhile with an ``AppFaultError`` after that time, where the system can.

    A submission's answer can make a test search or compare for ever; the limits of its own process
    do not hold there.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() != threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise AppFaultError(Kind.TIME, "With what the app answered, the test did not end in time.")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _named_packages(text: str) -> set[str]:
    return set(PRELOADED) & set(re.findall(r"^\s*(?:from|import)\s+(\w+)", text, re.MULTILINE))


def _file_names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*.py")}


def _memory_file() -> Any:
    """Return a file that lies in no folder, for what the app prints."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("output"), "w+b")
    return tempfile.TemporaryFile()
