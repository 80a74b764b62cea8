"""What runs on the student's side of the wall, up to the app's own process.

Three kinds of processes, the first two of which never run a student's code:

* the warm process: Python with Flask imported, one per judge. For each submission it forks a box:
  behind the strong wall into namespaces of its own;
* the first process of a box. It takes the judge's orders on a socket that it alone holds, starts
  the app's process for each test, and ends it and all that it started;
* the app's process (``serve``), which has the other socket, for questions and answers.

Of the course, only this file and what it imports exist here, and the lessons as data.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from course.grading.sandbox import serve
from course.grading.sandbox.wire import Wire, WireError

if sys.platform == "linux":
    from course.grading.sandbox import namespaces

CAN_FORK = hasattr(os, "fork")

MANY = 1000
"""Processes that a user may start elsewhere while a submission runs beside them."""


def main(argument: str) -> None:
    """Be the warm process, or a box started cold, as the options (JSON) say."""
    options = json.loads(argument)
    if sys.platform == "win32":
        line = socket.fromshare(sys.stdin.buffer.read())
    else:
        line = socket.socket(fileno=options["socket"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    if sys.platform == "linux":
        namespaces.hide_memory()
    judge = Wire(line)
    _, course = judge.receive()
    if options["strong"]:
        _write_course(options["course"], course)
    _preload(options["packages"])
    if options["warm"]:
        _warm(judge, options)
    FirstProcess(judge, options).run()


def _preload(names: Iterable[str]) -> None:
    """Import packages here, once, instead of in every fork."""
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
            if name == "flask":  # the first request imports and compiles more
                sys.modules[name].Flask(__name__).test_client().get("/")


# What follows is the warm process.


def _warm(judge: Wire, options: dict[str, Any]) -> NoReturn:
    """Fork a box whenever the judge asks, until it closes the connection."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no one waits for these children
    gc.freeze()
    while True:
        try:
            more, _, fds = judge.receive_with_fds()
        except WireError:
            os._exit(0)
        if os.fork() == 0:
            try:
                (_fork_strong if options["strong"] else _fork_weak)(judge, options | more, fds)
            except BaseException:  # noqa: BLE001 (nothing of the fork may run on)
                traceback.print_exc()
            os._exit(1)
        for number in fds:
            os.close(number)


def _write_course(place: str, archive: bytes) -> None:
    """Lay out the lessons that submissions may import."""
    for name, text in json.loads(archive).items():
        path = Path(place, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _fork_weak(judge: Wire, options: dict[str, Any], fds: list[int]) -> None:
    """Become the first process of a box that has no world of its own."""
    judge.send({"pid": os.getpid()})
    judge.close()
    os.setsid()
    FirstProcess(_take(fds), options).run()


def _fork_strong(judge: Wire, options: dict[str, Any], fds: list[int]) -> None:
    """Make a new world and its first process, and hand the judge the way to end it."""
    try:
        namespaces.unshare()
        pid = os.fork()
    except OSError as error:
        judge.send({"refused": str(error)})
        os._exit(1)
    if pid:
        judge.send({}, fds=[os.pidfd_open(pid)])
        os._exit(0)
    judge.close()
    control = _take(fds)
    try:
        _make_world(options)
    except OSError as error:
        control.send({"refused": str(error)})
        os._exit(1)
    FirstProcess(control, options).run()


def _take(fds: list[int]) -> Wire:
    """Return the control socket; what the box prints goes to the other file from now on."""
    control, output = fds
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return Wire(socket.socket(fileno=control))


def _make_world(options: dict[str, Any]) -> None:
    """Replace what other submissions could share, and give up the rights to do such a thing."""
    room = f"size={options['limits']['disk']},nr_inodes={options['limits']['inodes']},mode=1777"
    for place in options["scratch"]:
        namespaces.cover(place, room, options["shown"])
    # Here and not in the outer world, which belongs to other namespaces of users.
    namespaces.make_read_only(options["course"])
    namespaces.mount("proc", "/proc")
    namespaces.raise_loopback()
    namespaces.drop_rights()
    namespaces.apply_filter(bytes.fromhex(options["filter"]))
    namespaces.hide_memory()


# What follows is the first process of a box.


class FirstProcess:
    """Carry out the judge's orders: start an app, end an app.

    ``start`` comes with a socket, over which the app's process talks to the judge directly. It is
    closed here, and the control socket is closed there. ``end`` is answered when nothing of the
    app is left, but for an import that the next test may share.
    """

    def __init__(self, control: Wire, options: dict[str, Any]) -> None:
        self.control = control
        self.options = options
        self.limits = options["limits"]
        self.scratch = tuple(map(Path, options["scratch"]))
        # What is there now is part of the wall, such as the way to a Python below /tmp.
        self.wall = {place: set(os.listdir(place)) for place in self.scratch}
        self.folder = self.scratch[0] / "app"
        self.files: dict[str, dict[str, bytes]] = {}
        """What was handed in, by exercise: relative names and contents."""
        self.app: App | None = None
        self.not_shared: set[str] = set()

    def run(self) -> NoReturn:
        """Take orders until the judge closes the connection; then end everything."""
        if sys.platform == "linux":
            namespaces.adopt_orphans()
        try:
            tempfile.TemporaryFile(dir=self.scratch[0]).close()
            self.control.send({"ready": True})
        except OSError as error:  # before any submission, so this is the machine's fault
            self.control.send({"broken": str(error)})
            os._exit(1)
        code = 0
        try:
            while True:
                order, body, fds = (
                    self.control.receive_with_fds() if CAN_FORK else (*self.control.receive(), [])
                )
                if "end" in order:
                    self._end(order)
                else:
                    self._start(order, body, fds)
        except WireError:
            pass
        except BaseException:  # noqa: BLE001 (the judge then takes a new box)
            traceback.print_exc()
            code = 1
        self._end_all()
        with contextlib.suppress(Exception):
            self._clear()
        os._exit(code)

    def _start(self, order: dict[str, Any], body: bytes, fds: list[int]) -> None:
        exercise = order["exercise"]
        if "sizes" in order:
            self._end_all()  # what was imported from other files, if there were any
            self.files[exercise] = _unpack(order["sizes"], body)
        job = serve.Job(
            order, self.folder, self.wall, self.options["course"], self.limits["import_seconds"]
        )
        if not CAN_FORK:
            serve.lay_out(self.folder, self.files[exercise])
            serve.serve(self.control, job)
        line = Wire(socket.socket(fileno=fds[0]), ahead=True)
        shared = order["shared"] and exercise not in self.not_shared
        if not (shared and self.app and self.app.give(exercise, line)):
            self._end_all()
            if not order["keep"]:
                self._clear()
            self.app = self._fork(line, job, exercise, shared=shared, keep=order["keep"])
        line.close()

    def _fork(self, line: Wire, job: serve.Job, exercise: str, *, shared: bool, keep: bool) -> App:
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid:
            theirs.close()
            ours.setblocking(False)
            return App(pid, ours, exercise if shared else None)
        try:
            self.control.close()
            ours.close()
            files = self.files[exercise]
            self._confine()
            if keep:
                os.chdir(self.folder)
            else:
                serve.lay_out(self.folder, files)
            if shared:
                serve.share(line, theirs, job, files)
            else:
                theirs.close()
                serve.serve(line, job)
        except WireError:
            os._exit(0)  # the judge has all it wants
        except BaseException:  # noqa: BLE001 (nothing of the fork may run on)
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    def _confine(self) -> None:
        """Give up what a submission must not have: root's rights, endless amounts of anything."""
        import resource

        os.setsid()
        home = str(self.scratch[0])
        os.environ.update(HOME=home, TMPDIR=home)
        processes = self.limits["processes"]
        if not self.options["strong"]:
            # The limit is for all that the user runs (setrlimit(2)), the editor included; and for
            # what other submissions run under the same user.
            processes += _tasks_of_user() + MANY
        for kind, amount in (
            (resource.RLIMIT_CPU, self.limits["cpu_seconds"]),
            (resource.RLIMIT_AS, self.limits["memory"]),
            (resource.RLIMIT_FSIZE, self.limits["file_size"]),
            (resource.RLIMIT_NOFILE, self.limits["open_files"]),
            (resource.RLIMIT_NPROC, processes),
            (resource.RLIMIT_CORE, 0),
        ):
            # macOS refuses some of them; the wall says which layers hold.
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (amount, amount))
        uid = self.options["uid"]
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        if sys.platform == "linux":
            if self.options["strong"]:
                namespaces.drop_all_rights()
            namespaces.show_memory()

    def _end(self, order: dict[str, Any]) -> None:
        """End the app, say so, and tidy up while the judge goes on."""
        code = None
        if self.app:
            code = self.app.exit_code(wait=1.0 if order["dead"] else 0.0)
            if self.app.is_alone and self.app.exercise:
                self.not_shared.add(self.app.exercise)
            if not (self.app.is_shared and self._end_all_but(self.app)):
                self._end_all()
        self.control.send({"ended": code})
        if not order["keep"]:
            self._clear()

    def _end_all(self) -> None:
        """End all that the submission started and left behind, and wait until it has ended."""
        if not self.app:
            return
        app, self.app = self.app, None
        app.close()
        _kill(app.pid)
        while True:
            # The first process of a world of its own: all others there are the submission's.
            # Anywhere else, "all others" would be the machine's.
            if os.getpid() == 1:
                _kill(-1)
            else:
                with contextlib.suppress(OSError):
                    os.killpg(app.pid, signal.SIGKILL)
                for pid in _descendants():
                    _kill(pid)
                app.kill_child()
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                return

    def _end_all_but(self, app: App) -> bool:
        """End all but the shared import; tell whether that worked."""
        for attempt in range(200):
            if os.getpid() == 1:
                found = [int(name) for name in os.listdir("/proc") if name.isdigit()]
            else:
                found = _descendants()
                app.kill_child()
            rest = [pid for pid in found if pid not in {1, app.pid} and not _is_zombie(pid)]
            for pid in rest:
                _kill(pid)
            with contextlib.suppress(ChildProcessError):
                while ended := os.waitpid(-1, os.WNOHANG)[0]:
                    if ended == app.pid:
                        return False
            if not rest:
                app.child = 0  # the number may become another process's
                return True
            time.sleep(0.0002 * attempt)
        return False

    def _clear(self) -> None:
        """Remove all that the app has written; raises ``OSError`` if something resists."""
        for place, wall in self.wall.items():
            for old in [place / name for name in os.listdir(place) if name not in wall]:
                if old.is_dir() and not old.is_symlink():
                    shutil.rmtree(old)
                else:
                    old.unlink()


class App:
    """The app's process, and where its import is shared, what it tells of its forks.

    What it tells is a submission's word: it decides about the words of a message, no more.
    """

    def __init__(self, pid: int, reports: socket.socket, exercise: str | None) -> None:
        self.pid = pid
        self.exercise = exercise
        self.child = 0
        self._has_forked = False
        self.is_alone = exercise is None
        self._reports = reports
        self._code: int | None = None

    @property
    def is_shared(self) -> bool:
        """Whether the import has been done and may serve another test."""
        self._read()
        return not self.is_alone and self._has_forked

    def give(self, exercise: str, line: Wire) -> bool:
        """Let the import serve one more test; tell whether it can."""
        if exercise != self.exercise or not self.is_shared:
            return False
        self._read()
        self._code = None
        try:
            socket.send_fds(self._reports, [b"x"], [line.fileno()])
        except OSError:
            return False
        return True

    def exit_code(self, wait: float) -> int | None:
        """Return how the app's process ended by itself, or None if it has not."""
        end = time.monotonic() + wait
        while True:
            self._read()
            if self._code is not None:
                return self._code
            with contextlib.suppress(ChildProcessError):
                # Not reaped here: its number must not become another process's.
                done = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if done is not None:
                    killed = done.si_code != os.CLD_EXITED
                    return -done.si_status if killed else done.si_status
            if time.monotonic() >= end:
                return None
            time.sleep(0.005)

    def kill_child(self) -> None:
        """End the group of the fork, where no world of its own would tell who belongs to it."""
        with contextlib.suppress(OSError):
            if self.child > 1 and os.getpid() != 1 and os.getpgid(self.child) == self.child:
                os.killpg(self.child, signal.SIGKILL)

    def close(self) -> None:
        """Hear no more of it."""
        self._reports.close()

    def _read(self) -> None:
        while True:
            try:
                data = self._reports.recv(serve.REPORT.size)
            except OSError:
                return
            if len(data) != serve.REPORT.size:
                return
            letter, number = serve.REPORT.unpack(data)
            if letter == serve.FORKED:
                self.child, self._code, self._has_forked = number, None, True
            elif letter == serve.ENDED:
                self._code = number
            else:
                self.is_alone = True


def _unpack(sizes: list[tuple[str, int]], body: bytes) -> dict[str, bytes]:
    files, start = {}, 0
    for name, size in sizes:
        files[name] = body[start : start + size]
        start += size
    return files


def _kill(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)


def _is_zombie(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text("latin-1")
    except OSError:
        return True
    return text.rpartition(")")[2].split()[0] in {"Z", "X"}


def _tasks_of_user() -> int:
    """Return how many threads the user's processes have, where the system tells (Linux)."""
    user = os.getuid()
    pids = (int(name) for name in _listed("/proc") if name.isdigit())
    return sum(len(_listed(f"/proc/{pid}/task")) for pid in pids if _owner(pid) == user)


def _owner(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        return os.stat(f"/proc/{pid}/task").st_uid
    return None


def _descendants() -> list[int]:
    """Return the processes below this one, where the system tells (Linux)."""
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting and len(found) < 10_000:
        tasks = f"/proc/{waiting.pop()}/task"
        for task in _listed(tasks):
            with contextlib.suppress(OSError):
                text = Path(tasks, task, "children").read_text("ascii")
                children = [int(word) for word in text.split()]
                found += children
                waiting += children
    return found


def _listed(folder: str) -> list[str]:
    """Return the names in a folder of ``/proc``; none if its process has just ended."""
    with contextlib.suppress(OSError):
        return os.listdir(folder)
    return []
