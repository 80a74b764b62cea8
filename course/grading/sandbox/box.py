"""A box, seen from the judge: start a submission's app in it, ask it, end it."""

from __future__ import annotations

import math
import os
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from course.grading.results import Kind
from course.grading.sandbox.faults import (
    AppFaultError,
    exit_text,
    failure_text,
    place_of_stop,
)
from course.grading.sandbox.launch import FirstProcess, Launcher, memory_file
from course.grading.sandbox.limits import Limits
from course.grading.sandbox.wire import Trouble, Wire, WireError

OUTPUT_TAIL = 3000
"""Characters of what an app printed that are kept for its author."""
QUESTIONS = 2000
"""Requests of one test, each redirect counted."""
RECEIVED = 64 * 2**20
"""Bytes of all responses of one test together."""

_SPARE = 1
"""Seconds that the judge waits longer than the app's process, which then says where it was."""
_START_SPARE = 11
"""The same for a start: a busy machine may be slow to fork."""
_END_SECONDS = 30
"""A generous end to the end of an app; after it, the box itself is ended."""

START = "while it started"


@dataclass(frozen=True)
class Order:
    """What is to be started: the submission's files, and how."""

    exercise: str
    """Its id, such as ``day01/converters``; the module is ``exercise`` in that package."""
    files: Mapping[str, bytes]
    """Relative names and contents of all that is laid out."""
    config: Mapping[str, Any] | None = None
    keep: bool = False
    """Start in the folder of the app before, as after a restart of the server."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Texts that are written over the submission's files first."""
    app: bool = True
    imported: bool = True
    told: str = ""
    """How it is started, in words for the list of requests."""
    shared: bool = False
    """Whether one import may serve this start and those of other tests (see ``serve.share``)."""


class Budget:
    """What the tests of one exercise may take together: time, and faults that cost time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._strikes = 0
        self._until = math.inf

    def seconds_left(self) -> float:
        """Return how long the tests may still take; the first call starts the clock."""
        now = time.monotonic()
        if self._until == math.inf:
            self._until = now + self._limits.submission_seconds
        return self._until - now

    def check(self) -> None:
        """Raise ``AppFaultError`` if it is used up."""
        if self._strikes >= self._limits.strikes:
            text = "Not tried: the app ran out of time, or ended while it started, too often."
            raise AppFaultError(Kind.TIME, text)
        if time.monotonic() > self._until:
            limit = self._limits.submission_seconds
            text = f"Not tried: the tests before took more than {limit:g} s."
            raise AppFaultError(Kind.TIME, text)

    def note(self, *, late: bool, starting: bool) -> None:
        """Count a fault: what hangs while it starts hangs for every test."""
        if late:
            self._strikes += self._limits.strikes if starting else 1
        elif starting:
            self._strikes += 1


class Box:
    """The processes in which one submission runs, test after test."""

    def __init__(self, launcher: Launcher) -> None:
        self.budget = Budget(launcher.wall.limits)
        self.sent = ""
        """What the running app was asked last, in words."""
        self.history: list[tuple[str, str, object]] = []
        """The requests so far: what was sent, what came back, and which client sent it."""
        self._launcher = launcher
        self._limits = launcher.wall.limits
        self._output = memory_file()
        self._first: FirstProcess | None = None
        self._line: Wire | None = None
        """The connection to the running app; a new one for each app, so none is outlived."""
        self._known: dict[str, Mapping[str, bytes]] = {}
        """The files that the box has, by exercise."""
        self.files: Mapping[str, bytes] = {}
        """What the running app was laid out from."""
        self._is_ending = False
        self._questions = self._received = 0

    def start(self, order: Order) -> None:
        """Start the app in a new process; raises ``AppFaultError`` if it does not start."""
        self.end(keep=order.keep)
        self._wait_for_end()
        self.budget.check()
        self.sent = ""
        self.history = self.history if order.keep else []
        if order.keep or order.told:
            start = "a restart" if order.keep else "a start"
            told = f"{start} {order.told}".rstrip()
            self.history = [*self.history, (told, "", None)]
        self._questions = self._received = 0
        self.files = order.files
        was_used = self._first is not None
        try:
            head = self._start(order)
        except AppFaultError:
            # The app before may have filled, confused or ended its box: try a new one, once.
            if not was_used or self._first is not None:
                raise
            head = self._start(order)
        if "failed" in head:
            notes = {"raised": head["failed"]}
            raise AppFaultError(Kind.IMPORT, failure_text(head["failed"]), notes=notes)
        if "started" not in head:
            raise AppFaultError(Kind.WIRE, "The app process wrote something that is no response.")

    def ask(
        self, question: dict[str, Any], body: bytes = b"", seconds: float | None = None
    ) -> tuple[dict[str, Any], bytes]:
        """Put one question to the running app and return its answer, as the app worded it."""
        if self._line is None:
            raise AppFaultError(Kind.DIED, "The app process has ended; see the failure before.")
        if self._questions > QUESTIONS:
            text = f"More than {QUESTIONS} requests in one test: do the redirects ever end?"
            raise AppFaultError(Kind.SIZE, text)
        self._questions += 1
        limit = seconds or self._limits.request_seconds
        head, data = self._talk(
            question | {"seconds": limit}, body, limit, _SPARE, f"during {self.sent}"
        )
        self._received += len(data)
        if self._received > RECEIVED:
            self.end()
            text = f"The responses are longer than {RECEIVED // 2**20} MB."
            raise AppFaultError(Kind.SIZE, text)
        return head, data

    def end(self, *, keep: bool = False) -> None:
        """End the app's process and everything that it started.

        The box does it while the judge goes on; the next start waits for it.
        """
        if self._line is None:
            return
        self._line.close()
        self._line = None
        if self._first is None or not self._first.forks:
            self._drop()
            return
        try:
            head = {"end": True, "keep": keep, "dead": False}
            self._first.control.send(head, seconds=_END_SECONDS)
            self._is_ending = True
        except WireError:
            self._drop()

    def output(self) -> str:
        """Return the last lines that the app printed or logged."""
        size = os.fstat(self._output.fileno()).st_size
        with os.fdopen(os.dup(self._output.fileno()), "rb") as file:
            file.seek(max(0, size - 4 * OUTPUT_TAIL))
            text = file.read(4 * OUTPUT_TAIL).decode("utf-8", "replace")
        # Paths as the student knows them, without the folders of this machine.
        text = re.sub(r'File "[^"\n]*?[/\\]app[/\\](day\d)', r'File "\1', text)
        text = re.sub(r'File "[^"\n]*?[/\\]site-packages[/\\]', 'File ".../', text)
        return text[-OUTPUT_TAIL:]

    def close(self) -> None:
        """End the box and everything in it."""
        if self._line:
            self._line.close()
            self._line = None
        self._drop()
        self._output.close()

    def _start(self, order: Order) -> dict[str, Any]:
        if self._first is None:
            self._first = self._launcher.open(self._output)
        os.ftruncate(self._output.fileno(), 0)
        os.lseek(self._output.fileno(), 0, os.SEEK_SET)
        head: dict[str, Any] = {
            "exercise": order.exercise,
            "module": f"{order.exercise.replace('/', '.')}.exercise",
            "config": order.config,
            "keep": order.keep,
            "files": order.extra,
            "app": order.app,
            "imported": order.imported,
            "shared": order.shared,
        }
        body = b""
        if self._known.get(order.exercise) != order.files:
            head["sizes"] = [(name, len(data)) for name, data in order.files.items()]
            body = b"".join(order.files.values())
            self._known[order.exercise] = order.files
        try:
            if self._first.forks:
                ours, theirs = socket.socketpair()
                self._line = Wire(ours, ahead=True)
                with theirs:
                    self._first.control.send(
                        head, body, fds=[theirs.fileno()], seconds=_END_SECONDS
                    )
            else:
                self._line = self._first.control
                self._line.send(head, body, seconds=_END_SECONDS)
        except WireError:
            self._drop()
            raise self._ended(None, START) from None
        return self._talk(None, b"", self._limits.import_seconds, _START_SPARE, START)[0]

    def _talk(
        self, head: dict[str, Any] | None, body: bytes, limit: float, spare: float, when: str
    ) -> tuple[dict[str, Any], bytes]:
        """Send a question, if there is one, and wait for the answer."""
        assert self._line is not None
        begun = time.monotonic()
        try:
            if head is not None:
                self._line.send(head, body, seconds=limit + spare)
            return self._line.receive(limit + spare - (time.monotonic() - begun))
        except WireError as error:
            trouble = error.trouble
        # The app's own process ends itself in time and prints where it was; the judge's clock is
        # what counts.
        late = trouble is Trouble.LATE or time.monotonic() - begun >= limit
        code = self._end_dead() if trouble is Trouble.CLOSED else None
        self.end()
        if late:
            self.budget.note(late=True, starting=when is START)
            raise self._late(when)
        if trouble is Trouble.CLOSED:
            raise self._ended(code, when)
        raise AppFaultError(
            Kind.WIRE, f"The app process wrote something else {when}: {trouble.value}."
        )

    def _late(self, when: str) -> AppFaultError:
        self._wait_for_end()
        place = place_of_stop(self.output(), self.files)
        kind = Kind.IMPORT if when is START else Kind.TIME
        where = f" It was at {place[0]}:{place[1]} in {place[2]}." if place else ""
        return AppFaultError(kind, f"The app did not answer in time {when}.{where}", late=True)

    def _ended(self, code: int | None, when: str) -> AppFaultError:
        how = f": {exit_text(code)}" if code is not None else ""
        kind = Kind.IMPORT if when is START else Kind.DIED
        self.budget.note(late=False, starting=when is START)
        return AppFaultError(kind, f"The app process ended {when}{how}.")

    def _end_dead(self) -> int | None:
        """End what is left of an app that has closed its connection; return its exit code."""
        if self._line is None or self._first is None or not self._first.forks:
            return None
        self._line.close()
        self._line = None
        try:
            head = {"end": True, "keep": False, "dead": True}
            self._first.control.send(head, seconds=_END_SECONDS)
            said, _ = self._first.control.receive(_END_SECONDS)
        except WireError:
            self._drop()
            return None
        code = said.get("ended")
        return code if isinstance(code, int) else None

    def _wait_for_end(self) -> None:
        """Wait until the box has said that nothing of the app before is left."""
        if not self._is_ending or self._first is None:
            return
        self._is_ending = False
        try:
            self._first.control.receive(_END_SECONDS)
        except WireError:
            self._drop()

    def _drop(self) -> None:
        """End the box; the next start opens a new one."""
        first, self._first = self._first, None
        self._known.clear()
        self._is_ending = False
        if first is not None:
            first.end(at_once=self._launcher.wall.is_strong or not first.forks)
