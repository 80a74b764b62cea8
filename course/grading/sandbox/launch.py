"""Start boxes: from one warm process per judge, or cold, each for itself.

The warm process has imported Flask once, and forks a box for each submission: behind the strong
wall into fresh namespaces. Where the kernel refuses these to it, each box is a bubblewrap of its
own; where the system cannot fork, each start of an app is a new process.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from course.catalogue import ROOT
from course.grading.sandbox import seccomp
from course.grading.sandbox.faults import BoxError
from course.grading.sandbox.wall import INSIDE, SCRATCH, Wall, environ, python_folders
from course.grading.sandbox.wire import Wire, WireError

HERE = Path(__file__).parent
MODULES = ("inside.py", "serve.py", "wire.py", "witness.py", "namespaces.py")
"""What of the course runs inside; it gets there as data, so that no folder of it is shown."""

BOOT = """\
import sys, types
for name in ("course", "course.grading", "course.grading.sandbox"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [sys.argv[1]]
from course.grading.sandbox import inside
inside.main(sys.argv[2])
"""
"""Of the course, the box has the modules of one folder: empty packages stand for those above it."""

START_SECONDS = 60
"""A generous end to the start of a process on a busy machine."""


@dataclass
class FirstProcess:
    """The first process of a box, as the judge holds it: a socket for orders, a way to end it."""

    control: Wire
    forks: bool
    """Whether it takes one order after the other; if not, it becomes the app itself."""
    pid: int = 0
    pidfd: int | None = None
    process: subprocess.Popen[bytes] | None = None
    work: str | None = None
    """Its folder on the machine's disk, where it has no file system of its own."""

    def end(self, *, at_once: bool) -> None:
        """End it and all that it has started.

        A box without a world of its own ends its app itself when the control socket closes, and
        needs a moment for it. The other one takes all with it.
        """
        self.control.close()
        if not at_once:
            self._wait(5)
        with contextlib.suppress(OSError):
            if self.process is not None:
                self.process.kill()
            elif self.pidfd is not None:
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            elif self.pid > 0:  # zero would be the judge's own group
                os.kill(self.pid, signal.SIGTERM)
        self._wait(5)
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None
        if self.work:
            shutil.rmtree(self.work, ignore_errors=True)

    def _wait(self, seconds: float) -> None:
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        elif self.pidfd is not None:
            select.select([self.pidfd], [], [], seconds)


class Launcher:
    """Gives first processes of boxes behind one wall; ``start`` it, ``open`` any number."""

    def __init__(self, wall: Wall, packages: Iterable[str], lessons: Mapping[str, str]) -> None:
        self.wall = wall
        self.packages = sorted(packages)
        self.lessons = json.dumps(lessons).encode()
        self.refused = "" if hasattr(os, "fork") else "the system cannot fork"
        """Why boxes are started cold; empty while the warm process serves."""
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: Wire | None = None
        self._errors: IO[bytes] | None = None

    def start(self) -> None:
        """Start the warm process; it gets ready while the judge goes on."""
        if self.refused or self._process:
            return
        ours, theirs = socket.socketpair()
        self._errors = memory_file()
        self._process = self._popen(theirs, self._errors, warm=True)
        self._wire = Wire(ours)
        self._send_lessons(self._wire)

    def open(self, output: IO[bytes]) -> FirstProcess:
        """Return a new box's first process, which prints into ``output``; raises ``BoxError``."""
        if not self.refused:
            self.start()
            if (first := self._open_warm(output)) is not None:
                return first
        return self._open_cold(output)

    def describe(self) -> str:
        """Say how boxes are started here, found by starting one; raises ``BoxError``."""
        with memory_file() as output:
            self.open(output).end(at_once=True)
        return self.how

    @property
    def has_own_world(self) -> bool:
        """Whether the warm process makes namespaces; true once one box was opened."""
        return self.wall.is_strong and not self.refused

    @property
    def how(self) -> str:
        """How boxes are started, in words; true once one was opened."""
        if self.refused:
            return f"each box for itself ({self.refused})"
        own = "in namespaces of its own" if self.wall.is_strong else "a process of its own"
        return f"one warm process, from which each submission is forked, {own}"

    def close(self) -> None:
        """End the warm process."""
        if self._wire:
            self._wire.close()
            self._wire = None
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._errors:
            self._errors.close()
            self._errors = None

    def _open_warm(self, output: IO[bytes]) -> FirstProcess | None:
        """Return a fork of the warm process, or None where the kernel refuses it a world."""
        assert self._wire is not None
        ours, theirs = socket.socketpair()
        control = Wire(ours)
        work = None
        order: dict[str, Any] = {"uid": None}
        if self.wall.is_strong:
            # A number that no user and no other box has, so that root's exception from the process
            # limit and root's rights over files end at the fork.
            if os.getuid() == 0:
                order["uid"] = 2**20 + secrets.randbelow(2**30)
        else:
            work = tempfile.mkdtemp(prefix="box-")
            order["scratch"] = [work]
        try:
            with theirs:
                number = (
                    os.open(f"/proc/self/fd/{output.fileno()}", os.O_WRONLY | os.O_APPEND)
                    if (sys.platform == "linux")
                    else os.dup(output.fileno())
                )
                self._wire.send(order, fds=[theirs.fileno(), number], seconds=START_SECONDS)
                os.close(number)
            answer, fds = self._hear()
        except WireError as error:
            raise BoxError(f"The warm process ended ({error}): {self._said()}") from None
        pidfd = fds[0] if fds else None
        first = FirstProcess(control, True, answer.get("pid", 0), pidfd, work=work)
        if "refused" not in answer:
            answer = self._ready(first)
        if "refused" in answer:
            first.end(at_once=True)
            self.refused = str(answer["refused"])
            self.close()
            return None
        return first

    def _hear(self) -> tuple[dict[str, Any], list[int]]:
        assert self._wire is not None
        head, _, fds = self._wire.receive_with_fds(START_SECONDS)
        if "pid" in head and hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                fds = [os.pidfd_open(head["pid"])]
        return head, fds

    def _open_cold(self, output: IO[bytes]) -> FirstProcess:
        ours, theirs = socket.socketpair()
        work = None if self.wall.is_strong else tempfile.mkdtemp(prefix="box-")
        with theirs:
            process = self._popen(theirs, output, warm=False, work=work)
        forks = hasattr(os, "fork")
        first = FirstProcess(Wire(ours), forks, process=process, work=work)
        self._send_lessons(first.control)
        self._ready(first)
        return first

    def _send_lessons(self, wire: Wire) -> None:
        with contextlib.suppress(WireError):  # told by what is read next
            wire.send({}, self.lessons if self.wall.is_strong else b"{}", seconds=START_SECONDS)

    def _ready(self, first: FirstProcess) -> dict[str, Any]:
        """Wait until the box is ready; raises ``BoxError`` if it will never be."""
        try:
            said = first.control.receive(START_SECONDS)[0]
        except WireError as error:
            said = {"broken": f"{error}. {self._said()}"}
        if "broken" in said:
            first.end(at_once=True)
            raise BoxError(f"The box does not start: {said['broken']}")
        return said

    def _said(self) -> str:
        if self._errors is None:
            return ""
        size = os.fstat(self._errors.fileno()).st_size
        return os.pread(self._errors.fileno(), 500, max(0, size - 500)).decode("utf-8", "replace")

    def _popen(
        self, line: socket.socket, output: IO[bytes], *, warm: bool, work: str | None = None
    ) -> subprocess.Popen[bytes]:
        """Start Python with ``inside``: the warm process, or a box of its own."""
        strong = self.wall.is_strong
        filtered = seccomp.program() if strong else None
        options: dict[str, Any] = {
            "warm": warm,
            "strong": strong,
            "packages": self.packages,
            "limits": asdict(self.wall.limits),
            "uid": None,
            "course": f"{INSIDE}/course" if strong else str(ROOT),
            "scratch": SCRATCH if strong else [work],
            "shown": [str(path) for path in python_folders()],
            "filter": (filtered or b"").hex(),
            "socket": line.fileno(),
        }
        kept: list[int] = [line.fileno()]
        command: list[str] = []
        if strong:
            if not warm and os.getuid() == 0:
                options["uid"] = 2**20 + secrets.randbelow(2**30)
            modules = [(name, _in_memory((HERE / name).read_bytes())) for name in MODULES]
            kept += [number for _, number in modules]
            command = self.wall.bubblewrap(warm=warm, modules=modules)
            if filtered and not warm:
                kept.append(_in_memory(filtered))
                command[-1:] = ["--seccomp", str(kept[-1]), "--"]
        # Isolated: neither the folder, nor the user's packages, nor PYTHON* variables take part.
        command += [sys.executable, "-I", "-X", "utf8", "-X", "faulthandler", "-c", BOOT]
        command += [f"{INSIDE}/sandbox" if strong else str(HERE), json.dumps(options)]
        windows = sys.platform == "win32"
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if windows else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={} if strong else environ(work or tempfile.gettempdir()),
                cwd="/" if strong else work,
                start_new_session=True,
                pass_fds=() if windows else kept,
            )
        finally:
            for number in kept[1:]:
                os.close(number)
        if sys.platform == "win32":
            assert process.stdin is not None
            process.stdin.write(line.share(process.pid))
            process.stdin.close()
        line.close()
        return process


def _in_memory(data: bytes) -> int:
    number = os.memfd_create("data")
    os.write(number, data)
    os.lseek(number, 0, os.SEEK_SET)
    return number


def memory_file() -> IO[bytes]:
    """Return a file that is in no folder, for what a process prints."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("output"), "w+b")
    return tempfile.TemporaryFile()
