"""The time limit of a lesson: a process that is busy for too long says where it is, and ends.

A thread cannot be ended, so the process is. It is the worker's own, and is started anew.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from course.reader.running import is_lesson

_TICK = 0.25  # seconds between two looks at the requests under way
_PAUSE = 1.0  # seconds between two looks at a process with no request
_GRACE = 2  # seconds that code which lets no other thread run may take beyond the limit
_BUSY = 0.1  # of a core: what waits uses far less, and on a busy machine a loop gets little more

ENDED = 70
"""The exit status of a worker that ended itself (BSD's sysexits: an internal error)."""


class Watchdog:
    """Ends the process when a request takes longer than ``limit`` seconds.

    It also ends it when threads of lessons use that much CPU time with no request under way.
    Processes that a lesson starts are not watched.
    """

    def __init__(self, limit: float, report: Path, root: Path) -> None:
        self.limit = limit
        self._report = report
        self._root = root
        self._lock = threading.Lock()
        self._busy = threading.Event()
        self._under_way: dict[object, tuple[float, int, socket.socket | None]] = {}
        # Python's own alarm needs no turn of the interpreter: a regular expression, say, lets no
        # other thread run. It writes where every thread is, and ends the process.
        self._alarm = Path(f"{report}.threads").open("w")  # noqa: SIM115 (open as long as we are)
        threading.Thread(target=self._look, daemon=True).start()

    @contextlib.contextmanager
    def watching(self, connection: socket.socket | None = None) -> Iterator[None]:
        """Give what is in the block its time; a late one's ``connection`` is told why it ends."""
        key = object()
        with self._lock:
            self._under_way[key] = (time.monotonic(), threading.get_ident(), connection)
        self._busy.set()
        try:
            yield
        finally:
            with self._lock:
                del self._under_way[key]

    def _look(self) -> None:
        threads = Threads(self.limit)
        while True:
            faulthandler.dump_traceback_later(self.limit + _GRACE, exit=True, file=self._alarm)
            used = time.process_time()
            if not self._busy.wait(_PAUSE):
                if threads.are_too_busy(time.process_time() - used, _PAUSE):
                    self._end([], self._threads_sentence())
                continue
            time.sleep(_TICK)
            with self._lock:
                now = time.monotonic()
                late = [each for each in self._under_way.values() if now - each[0] > self.limit]
                if late:
                    frames = sys._current_frames()
                    places = [self._place(frames.get(thread)) for _, thread, _ in late]
                    self._end(late, sentence(self.limit, next(filter(None, places), "")))
                if not self._under_way:
                    self._busy.clear()

    def _threads_sentence(self) -> str:
        places = {self._place(frame) for frame in sys._current_frames().values()} - {""}
        was = f"; its threads were at {' and '.join(sorted(places))}" if places else ""
        return (
            f"A lesson used {self.limit:g} seconds of CPU time without a request{was}. "
            "It was stopped."
        )

    def _end(self, late: list[tuple[float, int, socket.socket | None]], text: str) -> None:
        with contextlib.suppress(OSError):
            self._report.write_text(json.dumps(text), "utf-8")
        body = text.encode()
        head = f"HTTP/1.0 503 Service Unavailable\r\nContent-Length: {len(body)}\r\n"
        head += "Content-Type: text/plain; charset=utf-8\r\n\r\n"
        for _, _, connection in late:
            if connection is not None:
                with contextlib.suppress(OSError):
                    connection.settimeout(0.2)
                    connection.sendall(head.encode() + body)
        os._exit(ENDED)

    def _place(self, frame: FrameType | None) -> str:
        while frame is not None and not is_lesson(frame.f_code.co_filename, self._root):
            frame = frame.f_back
        if frame is None:
            return ""
        return place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, self._root)


class Threads:
    """What the process uses while no request is under way: seconds of CPU time, in a row."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._used = 0.0

    def are_too_busy(self, used: float, seconds: float) -> bool:
        """Count another ``seconds`` with that CPU time; tell whether it is enough."""
        self._used = self._used + used if used > _BUSY * seconds else 0
        return self._used > self._limit


def place(file: str, line: int, name: str, root: Path) -> str:
    """Return where a thread is, such as ``day01/hello/app.py:12 in index``."""
    return f"{Path(file).relative_to(root).as_posix()}:{line} in {name}"


def sentence(limit: float, where: str) -> str:
    """Say that a lesson was ended, and where it was."""
    was = f"; it was at {where}" if where else ""
    return f"The lesson did not end within {limit:g} seconds{was}. It was stopped."


def read_report(report: Path, limit: float, root: Path) -> str:
    """Return why a worker ended itself, once; empty where it did not."""
    text, threads = "", ""
    with contextlib.suppress(OSError, ValueError):
        text = str(json.loads(report.read_text("utf-8")))
    with contextlib.suppress(OSError):
        threads = Path(f"{report}.threads").read_text("utf-8", "replace")
    report.unlink(missing_ok=True)
    if text or not threads:
        return text
    # As faulthandler writes them, the innermost frame of a thread first.
    for file, line, name in re.findall(r'File "([^"]+)", line (\d+) in (\S+)', threads):
        if is_lesson(file, root):
            return sentence(limit, place(file, int(line), name, root))
    return sentence(limit, "")
