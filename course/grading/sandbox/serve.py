"""The process of a student's app: import the submission, and answer what the judge asks.

It holds one socket to the judge, for questions and answers. A submission may overwrite all of this
and gains the freedom to answer its own requests, which it had before.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import inspect
import io
import json
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from course.grading.sandbox.wire import BODY_LIMIT, Code, Wire
from course.grading.sandbox.witness import Witness

Files = Mapping[str, bytes]

REPORT = struct.Struct("!ci")
"""What a shared import tells the box: one of the letters below, and a number."""
FORKED, ENDED, ALONE = b"f", b"e", b"a"


@dataclass(frozen=True)
class Job:
    """One order of the judge, and where it is carried out."""

    order: Mapping[str, Any]
    folder: Path
    wall: Mapping[Path, set[str]]
    """The folders it may write to, and what is there but is not its own."""
    course: str
    import_seconds: float


def lay_out(folder: Path, files: Files) -> None:
    """Write the submission's files into the folder, and go there."""
    made = set()
    for name, data in files.items():
        path = folder / name
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        path.write_bytes(data)
    folder.mkdir(exist_ok=True)
    os.chdir(folder)


def serve(line: Wire, job: Job) -> None:
    """Import the submission anew and answer until the judge closes the connection."""
    _answer_all(line, job, *_import(job))


def share(line: Wire, first: socket.socket, job: Job, files: Files) -> None:
    """Import the submission once, and fork the imported app for each test.

    What a hostile author can do with it: connect the tests of one exercise, by memory that the
    forks share, by files that are open and deleted, by threads of this process, by a key made at
    import. So only tests are served that the students hold anyway, and only the first start of a
    test: ``keep=True``, other files and another configuration are a new import.

    An honest app behaves as after an import of its own. One that has written a file, started a
    thread or a process, or opened something while it was imported, is not shared.
    """
    before = _open_files()
    app, witness, failed = _import(job)
    if _open_files() != before or not _is_quiet() or _written(job, files):
        first.sendall(REPORT.pack(ALONE, 0))
        first.close()
        _answer_all(line, job, app, witness, failed)
        return
    _compile_templates(app)
    gc.freeze()
    clean = True
    while True:
        try:
            child = os.fork()
        except OSError:  # the user may start no more processes, for any reason
            first.sendall(REPORT.pack(ALONE, 0))
            first.close()
            if not clean:
                lay_out(job.folder, files)
            _answer_all(line, job, app, witness, failed)
            return
        if child == 0:
            # Told by the fork itself, so that the box knows of it before the judge hears anything.
            first.sendall(REPORT.pack(FORKED, os.getpid()))
            first.close()
            os.setsid()
            if not clean:
                lay_out(job.folder, files)
            _answer_all(line, job, app, witness, failed)
            os._exit(0)
        line.close()
        clean = False
        _, status = os.waitpid(child, 0)
        first.sendall(REPORT.pack(ENDED, os.waitstatus_to_exitcode(status)))
        _, fds, _, _ = socket.recv_fds(first, 1, 1)
        if not fds:
            return
        line = Wire(socket.socket(fileno=fds[0]), ahead=True)


def _import(job: Job) -> tuple[Any, Witness, dict[str, Any] | None]:
    """Return the app, who notes what it does, and how its import failed."""
    import flask  # the judge, which reads the names of this file, needs it not

    sys.path.insert(0, str(job.folder))
    sys.dont_write_bytecode = True
    flask.Flask.run = _refuse_to_run  # type: ignore[method-assign]
    witness = Witness(job.folder)
    witness.watch_flask(flask)
    with _time(job.import_seconds):
        try:
            app = _load(job)
            if app is not None:
                witness.watch_app(app)
        except BaseException as error:  # noqa: BLE001 (SystemExit, for example)
            return None, witness, _failed(witness, error)
    return app, witness, None


def _failed(witness: Witness, error: BaseException) -> dict[str, Any]:
    """Describe what an import raised."""
    found = witness.describe(error)
    if isinstance(error, _ImportFailedError):
        found["code"] = error.code
        if error.function is not None:
            code = error.function.__code__
            found["frames"] = [[witness.relative(code.co_filename), code.co_firstlineno, ""]]
    return found


def _load(job: Job) -> Any:
    """Import the submission's module and return its app, or None where it has none to serve."""
    order = job.order
    for name, text in order.get("files", {}).items():
        (job.folder / name).write_text(text, "utf-8")
    package = importlib.import_module(order["module"].partition(".")[0])
    # Earlier lessons of the day, as the course ships them.
    package.__path__.append(str(Path(job.course) / package.__name__))
    if not order.get("imported", True):
        return None
    module = importlib.import_module(order["module"])
    factory = getattr(module, "create_app", None)
    if factory is not None:
        config = order.get("config")
        app = factory(config) if config else factory()
        if not callable(app):
            raise _ImportFailedError(Code.NOT_AN_APP, type(app).__name__, inspect.unwrap(factory))
        return app
    if not order.get("app", True):
        return None
    if not hasattr(module, "app"):
        raise _ImportFailedError(Code.NO_APP)
    return module.app


class _ImportFailedError(Exception):
    def __init__(self, code: Code, found: str = "", function: Any = None) -> None:
        self.code = code
        self.function = function
        super().__init__(found or code.value)


def _compile_templates(app: Any) -> None:
    """Keep the code of the app's templates for its forks, which would each compile them anew.

    The code is found by the text of a template, so one that changes is compiled as ever.
    """
    with contextlib.suppress(Exception):  # a template that cannot be read is told when it is used
        from jinja2 import BytecodeCache

        class Memory(BytecodeCache):
            def __init__(self) -> None:
                self.known: dict[str, bytes] = {}

            def load_bytecode(self, bucket: Any) -> None:
                if bucket.key in self.known:
                    bucket.bytecode_from_string(self.known[bucket.key])

            def dump_bytecode(self, bucket: Any) -> None:
                self.known[bucket.key] = bucket.bytecode_to_string()

        environment = app.jinja_env
        if environment.bytecode_cache is None:
            environment.bytecode_cache = Memory()
            for name in environment.list_templates():
                with contextlib.suppress(Exception):
                    environment.get_template(name)
            environment.cache.clear()


def _refuse_to_run(*args: object, **options: object) -> NoReturn:
    raise _ImportFailedError(Code.STARTS_SERVER)


def _open_files() -> set[str]:
    with contextlib.suppress(OSError):  # there is no such folder everywhere
        # The number of the listing itself is in it, too, and closed by then.
        return {name for name in os.listdir("/dev/fd") if os.path.exists(f"/dev/fd/{name}")}
    return set()


def _is_quiet() -> bool:
    """Tell whether this process has no other thread and no child."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return threading.active_count() == 1
    return False


def _written(job: Job, files: Files) -> bool:
    """Tell whether the folders hold anything but what was laid out, as it was laid out."""
    for place, wall in job.wall.items():
        if set(os.listdir(place)) - wall - {job.folder.name}:
            return True
    found = {
        Path(top, name).relative_to(job.folder).as_posix(): Path(top, name).lstat().st_size
        for top, _, names in os.walk(job.folder)
        for name in names
    }
    return found != {name: len(data) for name, data in files.items()}


def _answer_all(
    line: Wire, job: Job, app: Any, witness: Witness, failed: dict[str, Any] | None
) -> None:
    """Say how the start went, and answer questions until the judge closes the connection."""
    if failed:
        line.send({"failed": failed})
    else:
        line.send({"started": app is not None})
    while True:
        question, body = line.receive()
        with _time(question["seconds"]):
            witness.begin()
            try:
                if "request" in question:
                    answer, data = _answer(app, question["request"], body)
                    answer["notes"] = witness.notes()
                elif "call" in question:
                    answer, data = _call(job.order["module"], question), b""
                else:
                    answer, data = _run_pytest(question), b""
            except BaseException as error:  # noqa: BLE001 (a view may raise anything)
                answer, data = {"raised": True, "notes": witness.notes(error)}, b""
        line.send(answer, data)


@contextlib.contextmanager
def _time(seconds: float) -> Iterator[None]:
    """End the process after that time, with a traceback that shows where it was."""
    if hasattr(signal, "setitimer"):  # a timer of the system; the other way starts a thread
        faulthandler.register(signal.SIGALRM, chain=True)
        signal.setitimer(signal.ITIMER_REAL, seconds)
    else:
        faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        else:
            faulthandler.cancel_dump_traceback_later()


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
    *other, name = question["call"].split(":")
    if other:  # a module that the test has put beside the exercise
        module = f"{module.rpartition('.')[0]}.{other[0]}"
    value = getattr(importlib.import_module(module), name)(*question["args"])
    json.dumps(value)
    return {"value": value}


def _run_pytest(question: dict[str, Any]) -> dict[str, Any]:
    """Run a test file of the submission with pytest; return its exit code and the test count."""
    import pytest

    passed, failures = [], []

    class Count:
        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed:
                failures.append(f"{report.nodeid.rpartition('::')[2]}: {report.longreprtext}")
            elif report.when == "call" and report.passed:
                passed.append(report.nodeid)

        def pytest_collectreport(self, report: Any) -> None:
            if report.failed:
                failures.append(report.longreprtext)

    options = ["-q", "--disable-plugin-autoload", "-p", "no:cacheprovider", "--rootdir=."]
    options += ["-c", os.devnull, "--noconftest"]
    code = pytest.main([*options, *question["pytest"]], plugins=[Count()])
    text = "\n".join(failures)[-3000:]
    return {"code": int(code), "passed": len(passed), "failed": len(failures), "text": text}
