"""What runs on the student's side of the wall: import the submission, answer requests as data.

Started as a script, with nothing of the course importable. The judge writes orders to its standard
input and reads answers from its standard output, both as frames (``Wire``). Each order that starts
an app is carried out in a new process: a fork of this one where the system can fork, else this
process itself, which then ends and is replaced by the judge.

Nothing here is trusted by the judge once a submission has run. A submission may overwrite all of it
and gains the freedom to answer its own requests, which it had before.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import io
import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from course.grading.sandbox.wire import BODY_LIMIT, Wire, WireError

PRELOADED = frozenset(
    {
        "captcha",
        "cryptography",
        "flask",
        "flask_mail",
        "flask_migrate",
        "flask_session",
        "flask_sqlalchemy",
        "flask_wtf",
        "jinja2",
        "pytest",
        "requests",
        "sqlalchemy",
        "werkzeug",
        "wtforms",
        "xmltodict",
    }
)
"""Packages worth importing once before the forks, when a submission names them."""


def main(argument: str) -> None:
    """Take orders until the judge closes the line."""
    options = json.loads(argument)
    # The wire moves away from 0 and 1, where a submission's print() would write into it.
    wire = Wire(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    if hasattr(os, "fork"):
        _prepare_for_forks()
    # What lies there now is part of the wall, such as the way to a Python below /tmp.
    scratch = {Path(name): set(os.listdir(name)) for name in options["scratch"]}
    try:  # now, as long as a failure can be nobody's fault but the machine's
        Path(tempfile.mkdtemp(dir=next(iter(scratch))), "try").write_bytes(b"something")
    except OSError as error:
        wire.send({"broken": str(error)})
        return
    wire.send({"ready": True})
    folder: Path | None = None
    while True:
        try:
            order, _ = wire.receive()
        except WireError:
            break
        if not (order.get("keep") and folder):
            folder = _new_folder(scratch, Path(options["source"], order["folder"]))
        _preload(PRELOADED.intersection(order.get("preload", ())))
        if not hasattr(os, "fork"):
            _serve(wire, order, folder, options)
            break
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            try:
                _confine(folder, options)
                _serve(wire, order, folder, options)
            except BaseException:  # noqa: BLE001 (nothing of the fork may run on)
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        try:
            _, status = os.waitpid(pid, 0)
        finally:  # the judge may end this process here
            _kill_the_rest(pid)
        with contextlib.suppress(WireError):
            wire.send({"ended": os.waitstatus_to_exitcode(status)})


def _preload(names: Iterable[str]) -> None:
    """Import packages here, once, instead of in every fork."""
    for name in names:
        if name not in sys.modules:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
                if name == "flask":  # the first request imports and compiles more
                    sys.modules[name].Flask(__name__).test_client().get("/")


def _prepare_for_forks() -> None:
    """Adopt processes whose parents end, to find and end them; be no process to look into."""
    _prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
    _prctl(4, 0)  # PR_SET_DUMPABLE
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def _prctl(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):  # Linux only
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _new_folder(scratch: dict[Path, set[str]], source: Path) -> Path:
    """Remove all that the app before has written, and lay out the submission in a new folder.

    Raises an ``OSError`` if something cannot be removed; the judge replaces such a box.
    """
    for place, wall in scratch.items():
        for old in [place / name for name in os.listdir(place) if name not in wall]:
            if old.is_dir() and not old.is_symlink():
                shutil.rmtree(old)
            else:
                old.unlink()
    folder = Path(tempfile.mkdtemp(dir=next(iter(scratch))))
    folder.chmod(0o755)
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return folder


def _confine(folder: Path, options: dict[str, Any]) -> None:
    """Give up what the submission must not have: root's rights, and endless amounts of anything."""
    import resource

    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    limits = options["limits"]
    for kind, amount in (
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_FSIZE, limits["file_size"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        # macOS refuses some of them; the wall says which layers hold.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (amount, amount))
    uid = options["uid"]
    if uid is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    _prctl(4, 1)  # its own /proc belongs to it again


def _kill_the_rest(leader: int) -> None:
    """End whatever the submission started and left behind, and wait until it has ended."""
    while True:
        with contextlib.suppress(OSError):
            # The first process of a world of its own: all others there are the submission's.
            # Anywhere else, "all others" would be the machine's.
            if os.getpid() == 1:
                os.kill(-1, signal.SIGKILL)
            else:
                os.killpg(leader, signal.SIGKILL)
        for pid in _children():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii")
    except OSError:
        return []
    return [int(word) for word in text.split()]


def _serve(wire: Wire, order: dict[str, Any], folder: Path, options: dict[str, Any]) -> None:
    """Carry out one order and then whatever the judge asks of the app that it started."""
    limits = options["limits"]
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    with _time(limits["import_seconds"]):
        try:
            app = _load(order, folder, options)
        except BaseException as error:  # noqa: BLE001 (SystemExit, for example)
            wire.send({"failed": _describe(error, folder)})
            wire.receive()  # the end
            return
    wire.send({"started": app is not None})
    while True:
        question, body = wire.receive()
        if "end" in question:
            return
        with _time(question.get("seconds", limits["request_seconds"])):
            try:
                if "request" in question:
                    answer, data = _answer(app, question["request"], body)
                elif "call" in question:
                    answer, data = _call(order["module"], question), b""
                else:
                    answer, data = _run_pytest(question), b""
            except BaseException as error:  # noqa: BLE001 (a view may raise anything)
                answer, data = {"raised": _describe(error, folder)}, b""
        wire.send(answer, data)


@contextlib.contextmanager
def _time(seconds: float) -> Any:
    """End the process after that time, with a traceback that shows where it was."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _load(order: dict[str, Any], folder: Path, options: dict[str, Any]) -> Any:
    """Import the submission's module and return its app, or None where it has none to serve."""
    for name, text in order.get("files", {}).items():
        (folder / name).write_text(text, "utf-8")
    package = importlib.import_module(order["module"].partition(".")[0])
    # Earlier lessons of the day, as the course ships them.
    package.__path__.append(str(Path(options["course"]) / package.__name__))
    if order.get("imported", True) is False:
        return None
    module = importlib.import_module(order["module"])
    factory = getattr(module, "create_app", None)
    if factory is not None:
        config = order.get("config")
        return factory(config) if config else factory()
    if not order.get("app", True):
        return None
    if not hasattr(module, "app"):
        raise AttributeError("the file defines neither `app` nor `create_app`")
    return module.app


def _describe(error: BaseException, folder: Path) -> dict[str, Any]:
    """Say what was raised, and on which line of the submission it happened last."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(str(folder))]
    place = own[-1] if own else None
    name, line = (place.filename, place.lineno) if place else (None, None)
    if isinstance(error, SyntaxError) and str(error.filename).startswith(str(folder)):
        name, line = error.filename, error.lineno
    return {
        "type": type(error).__name__,
        "message": str(error)[:2000],
        "file": os.path.relpath(name, folder).replace(os.sep, "/") if name else None,
        "line": line,
        "module": getattr(error, "name", None) if isinstance(error, ImportError) else None,
        "text": "".join(traceback.format_exception(error))[-3000:],
    }


def _answer(app: Any, environ: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """Call the app as a WSGI server does (PEP 3333) and return what it said."""
    answer: dict[str, Any] = {}
    chunks: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        answer.update(status=status, headers=[list(header) for header in headers])
        return chunks.append

    environ |= {
        "wsgi.version": (1, 0),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    result = app(environ, start_response)
    try:
        size = 0
        for chunk in result:
            chunks.append(chunk)
            size += len(chunk)
            if size > BODY_LIMIT:
                return {"too_long": size}, b""
    finally:
        if hasattr(result, "close"):
            result.close()
    return answer, b"".join(chunks)


def _call(module: str, question: dict[str, Any]) -> dict[str, Any]:
    """Call a function of the submission with JSON values and return its result as JSON."""
    function = getattr(importlib.import_module(module), question["call"])
    value = function(*question["args"])
    json.dumps(value)
    return {"value": value}


def _run_pytest(question: dict[str, Any]) -> dict[str, Any]:
    """Run a test file of the submission with pytest; return its exit code and the test count."""
    import pytest

    class Count:
        passed = failed = 0
        lines: list[str] = []  # noqa: RUF012

        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed:
                self.failed += 1
                self.lines.append(f"{report.nodeid.rpartition('::')[2]}: {report.longreprtext}")
            elif report.when == "call" and report.passed:
                self.passed += 1

        def pytest_collectreport(self, report: Any) -> None:
            if report.failed:
                self.failed += 1
                self.lines.append(report.longreprtext)

    count = Count()
    options = [
        "-q",
        "--disable-plugin-autoload",
        "-p",
        "no:cacheprovider",
        "--rootdir=.",
        "-c",
        os.devnull,
        "--noconftest",
    ]
    code = pytest.main([*options, *question["pytest"]], plugins=[count])
    text = "\n".join(count.lines)[-3000:]
    return {"code": int(code), "passed": count.passed, "failed": count.failed, "text": text}
