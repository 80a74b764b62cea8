"""The pytest plugin: exercises' tests are ordinary pytest, over HTTP, against one submission.

``pytest tests/exercises --submission PATH`` grades one submission. Tests use the fixtures below
and these markers: ``points(n)`` (1 without it), ``task(n)``, the numbered task of the exercise that
a test belongs to, ``hint(text)``, shown when asked for, ``needs(name)``, a test that must pass
before this one is tried, and ``hidden``, whose messages are not for the student.
"""

from __future__ import annotations

import contextlib
import errno
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from course.catalogue import EXERCISE
from course.grading import submission
from course.grading.judge.diagnosis import Finding, Sent, diagnose
from course.grading.judge.expect import before
from course.grading.results import Kind, Outcome, TestResult
from course.grading.sandbox import wall
from course.grading.sandbox.box import Box, Budget, Order
from course.grading.sandbox.faults import (
    AppFaultError,
    BoxError,
    failure_text,
    printed_by_author,
    readable,
)
from course.grading.sandbox.launch import Launcher
from course.grading.sandbox.limits import Limits
from course.grading.sandbox.remote import RemoteApp, RemoteClient

SHOWN = 40
"""Characters of a setting that a message shows."""
PRINTED = 1000
"""Characters of what the app printed that a message shows."""

START_AND_END = 2
"""Seconds that a test may take beyond the time that the box keeps to by itself."""

MARKERS = (
    "points(n): what the test is worth, all its cases together",
    "task(n): the numbered task of the exercise that the test belongs to",
    "hint(text, when=''): shown when asked for; with when, only if the message has these words",
    "needs(name): a test that must pass first; otherwise this one is not tried and earns nothing",
    "hidden: messages of the test are not shown to the student",
)


class Subject:
    """The submission under test, and the boxes it runs in: tests that are secret have their own.

    So what they send can never appear in what is shown of the others.
    """

    def __init__(self, path: Path, launcher: Launcher) -> None:
        self.submission = submission.Submission(path)
        self.launcher = launcher
        self._boxes: dict[tuple[bool, bool], Box] = {}
        self._budgets: dict[str, Budget] = {}
        self._laid_out: dict[str, submission.LaidOut] = {}
        self.failed: set[tuple[str, str]] = set()
        """Exercises and names of the tests that did not pass."""

    def lay_out(self, exercise: str) -> submission.LaidOut:
        """Return the submission's files for an exercise."""
        if exercise not in self._laid_out:
            self._laid_out[exercise] = self.submission.lay_out(exercise)
        return self._laid_out[exercise]

    def budget(self, exercise: str) -> Budget:
        """Return what the tests of an exercise may still take."""
        return self._budgets.setdefault(exercise, Budget(self.launcher.wall.limits))

    def box(self, item: pytest.Item) -> Box:
        """Return the box for a test."""
        kind = is_secret(item), is_hidden(item)
        if kind not in self._boxes:
            self._boxes[kind] = Box(self.launcher)
        box = self._boxes[kind]
        box.budget = self.budget(submission.of_test(item.path))
        return box

    def close(self) -> None:
        """End the boxes."""
        for box in self._boxes.values():
            box.close()


def is_hidden(item: pytest.Item) -> bool:
    """Tell whether nothing that the test says is shown to students."""
    return item.get_closest_marker("hidden") is not None


def is_secret(item: pytest.Item) -> bool:
    """Tell whether students do not hold the test: it is hidden, or not one that is shipped."""
    return is_hidden(item) or not item.path.is_relative_to(submission.TESTS)


SUBJECT = pytest.StashKey[Subject]()
FRACTION = pytest.StashKey[float]()
CASES = pytest.StashKey[int]()
MISSING = pytest.StashKey[set[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options for one submission."""
    group = parser.getgroup("grading", "grading a submission")
    group.addoption("--submission", type=Path, help="folder or exercise file to be graded")
    group.addoption(
        "--isolation",
        choices=("strong", "process"),
        help="what keeps the submission away from the machine (default: strong on Linux)",
    )
    group.addoption("--hint", action="store_true", help="show the hints of failing tests")


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers, and get the submission ready if there is one."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    path = config.getoption("submission", default=None)
    if path is None:
        return
    if not path.exists():
        raise pytest.UsageError(f"--submission: {path} does not exist")
    tests = tuple(Path(arg.partition("::")[0]).absolute() for arg in config.args)
    try:
        barrier = wall.choose(config.getoption("isolation"), Limits(), tests)
    except wall.WallError as error:
        raise pytest.UsageError(str(error)) from None
    having = submission.exercises()
    launcher = Launcher(barrier, submission.packages(having), submission.lessons(having))
    launcher.start()
    config.stash[SUBJECT] = Subject(path.absolute(), launcher)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    if subject := config.stash.get(SUBJECT, None):
        subject.close()
        subject.launcher.close()


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is graded and what protects."""
    if subject := config.stash.get(SUBJECT, None):
        barrier = subject.launcher.wall
        return [
            f"submission: {subject.submission.path}",
            f"isolation: {barrier.isolation} ({'; '.join(barrier.layers)})",
            f"start: {subject.launcher.describe()}",
        ]
    if config.getoption("submission", default=None) is None and any(
        "exercises" in argument for argument in config.args
    ):
        return ["exercises: nothing to test; name what was handed in with --submission PATH"]
    return []


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the exercises' tests out of runs that grade nothing."""
    if collection_path.name.startswith("test_") and collection_path.is_relative_to(
        submission.TESTS
    ):
        return None if SUBJECT in config.stash or JUDGED in config.stash else True
    return None


JUDGED = pytest.StashKey[bool]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not handed in; the summary names it."""
    cases = Counter(_function(item) for item in items)
    for item in items:
        item.stash[CASES] = cases[_function(item)]
    subject = config.stash.get(SUBJECT, None)
    if subject is None:
        return
    ids = {item: submission.of_test(item.path) for item in items}
    if subject.submission.is_single and len(set(ids.values())) > 1:
        folder = subject.submission.file("")
        own = "/".join(folder.parts[-3:-1]) if folder else ""
        missing = set(ids.values()) - {own}
        if own not in ids.values():
            raise pytest.UsageError(
                f"{subject.submission.path.name} could answer many exercises: name the folder of "
                "one, such as tests/exercises/day01/converters"
            )
    else:
        missing = {name for name in ids.values() if subject.submission.file(name) is None}
    config.stash[MISSING] = missing
    config.hook.pytest_deselected(items=[item for item in items if ids[item] in missing])
    items[:] = [item for item in items if ids[item] not in missing]
    if not items:
        raise pytest.UsageError(
            f"{subject.submission.path} holds no exercise: expected for example "
            f"{min(missing, default='day01/converters')}/{EXERCISE}"
        )


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Iterator[Callable[..., RemoteClient]]:
    """Give a function that starts the app in a new process and returns a client for it.

    ``config`` is a dict of JSON values for ``create_app(config)``. ``keep=True`` starts it anew in
    the folder of the app before, as after a restart of the server. ``files`` are written over the
    submission's first. ``told`` says in words how it is started, for messages: ``with DEBUG=1``;
    None, where each test starts it so.
    """
    subject = request.config.stash[SUBJECT]
    exercise = submission.of_test(request.node.path)
    box = subject.box(request.node)
    before = 0

    def run(
        config: dict[str, Any] | None = None,
        *,
        keep: bool = False,
        files: dict[str, str] | None = None,
        app: bool = True,
        imported: bool = True,
        told: str | None = "",
    ) -> RemoteClient:
        nonlocal before
        is_plain = config is None and not keep and not files and app and imported
        order = Order(
            exercise,
            subject.lay_out(exercise).files,
            config=config,
            keep=keep,
            extra=files or {},
            app=app,
            imported=imported,
            told="" if told is None else ", ".join(filter(None, [told, _call(config)])),
            shared=is_plain and before == 0 and not is_secret(request.node),
        )
        before += 1
        box.start(order)
        return RemoteClient(RemoteApp(box))

    yield run
    box.end()


def _call(config: dict[str, Any] | None) -> str:
    """Show the call, with the values that are short."""
    if not config:
        return ""
    shown = [f"{key!r}: {value!r}" for key, value in config.items()]
    shown = [each if len(each) < SHOWN else f"{each[: SHOWN - 1]}…" for each in shown]
    return f"with create_app({{{', '.join(shown)}}})"


@pytest.fixture
def client(start: Callable[..., RemoteClient]) -> RemoteClient:
    """Give Werkzeug's test client for the submission's app, started in a new process."""
    return start()


@pytest.fixture
def new_client(client: RemoteClient) -> Callable[[], RemoteClient]:
    """Give a function that returns another browser for the same app: its own cookies."""
    return lambda: RemoteClient(client.application)


@pytest.fixture
def call(start: Callable[..., RemoteClient], request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Give a function that calls one of the submission's functions with JSON values.

    ``module:function`` is one of a module beside the exercise, which ``files`` may put there.
    """
    box = request.config.stash[SUBJECT].box(request.node)
    is_started = False

    def run(function: str, *args: Any, files: dict[str, str] | None = None) -> Any:
        nonlocal is_started
        if not is_started:
            start(app=False, files=files)
            is_started = True
        box.sent = f"{function.rpartition(':')[2]}({', '.join(map(repr, args))})"
        head, _ = box.ask({"call": function, "args": list(args)})
        if "raised" in head:
            notes = head.get("notes")
            notes = notes if isinstance(notes, dict) else {}
            text = f"{box.sent} raised {failure_text(notes.get('raised'))}"
            raise AppFaultError(Kind.RAISED, text, notes=notes)
        return head.get("value")

    return run


@pytest.fixture
def run_pytest(
    start: Callable[..., RemoteClient], request: pytest.FixtureRequest
) -> Callable[..., dict[str, Any]]:
    """Give a function that runs the submission's file as tests, in a new process each time.

    ``files`` maps paths (``day04/login/app.py``) to texts that are put beside it first. Returns
    ``code`` (pytest's exit code), ``passed``, ``failed`` and ``text``, the failures.
    """
    box = request.config.stash[SUBJECT].box(request.node)
    exercise = submission.of_test(request.node.path)

    def run(files: dict[str, str]) -> dict[str, Any]:
        start(files=files, imported=False)
        box.sent = "its tests"
        head, _ = box.ask({"pytest": [f"{exercise}/{EXERCISE}"]}, seconds=10)
        if not isinstance(head.get("code"), int):
            raise AppFaultError(Kind.DIED, "The tests did not run to their end.")
        return head

    return run


@pytest.fixture
def source(request: pytest.FixtureRequest) -> str:
    """Give the text of the submission's exercise.py."""
    exercise = submission.of_test(request.node.path)
    files = request.config.stash[SUBJECT].lay_out(exercise).files
    return files.get(f"{exercise}/{EXERCISE}", b"").decode("utf-8", "replace")


@pytest.fixture
def score(request: pytest.FixtureRequest) -> Callable[[float], None]:
    """Give a function that notes which part (0 to 1) of the test's points was earned."""

    def note(fraction: float) -> None:
        request.node.stash[FRACTION] = min(max(float(fraction), 0.0), 1.0)

    return note


def _mark(item: pytest.Item, name: str, default: Any = None) -> Any:
    mark = item.get_closest_marker(name)
    return mark.args[0] if mark and mark.args else default


def _function(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def points_of(item: pytest.Item) -> float:
    """Return what a test is worth; the cases of a parametrised test share its points."""
    return float(_mark(item, "points", 1)) / item.stash[CASES]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Any:
    """Give the test's fixtures the time that the exercise has left, if it is to be tried."""
    if SUBJECT in item.config.stash:
        failed = item.config.stash[SUBJECT].failed
        for mark in item.iter_markers("needs"):
            if (submission.of_test(item.path), mark.args[0]) in failed:
                module = item.getparent(pytest.Module)
                first = getattr(module and module.obj, mark.args[0], None)
                about = " ".join((getattr(first, "__doc__", None) or mark.args[0]).split())
                pytest.skip(f"Not tried before this is right: {about}")
    with _in_time(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    """Give the test the time that the exercise has left."""
    with _in_time(item):
        return (yield)


def _in_time(item: pytest.Item) -> contextlib.AbstractContextManager[None]:
    subject = item.config.stash.get(SUBJECT, None)
    if subject is None:
        return contextlib.nullcontext()
    # A little more than the box keeps to by itself, and never nothing.
    budget = subject.budget(submission.of_test(item.path))
    return at_most(max(budget.seconds_left(), 0) + START_AND_END)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Put faults of the app into words, and note what the test is worth."""
    if SUBJECT not in item.config.stash:
        return (yield)
    kind, finding = None, Finding()
    if call.excinfo is not None:
        error = call.excinfo.value
        kind = getattr(error, "kind", Kind.WRONG)
        words = None
        if isinstance(error, AppFaultError):
            words, finding = _of_fault(error, item)
        elif isinstance(error, pytest.fail.Exception) and not error.pytrace:
            words, finding = str(error), getattr(error, "finding", finding)
        elif not isinstance(error, AssertionError | pytest.fail.Exception | pytest.skip.Exception):
            # The test itself stumbled: over a fault of the judge, or over a response of an
            # unexpected shape; of the latter, the student needs no look into the test.
            kind = Kind.GRADER if _is_ours(error) else Kind.WRONG
            words = _stumbled(error, item) if kind is Kind.WRONG else None
        if words is not None:
            call.excinfo = _without_traceback(words)
    report = yield
    message = ""
    if report.failed:
        # Messages quote what the app said; nothing of it may do anything where they are shown.
        message = report.longrepr = readable(report.longreprtext)
    elif report.skipped and call.excinfo is not None:
        message = str(call.excinfo.value)
    if not report.passed:
        exercise = submission.of_test(item.path)
        item.config.stash[SUBJECT].failed.add((exercise, item.name.partition("[")[0]))
    points = points_of(item)
    earned = points * item.stash.get(FRACTION, 1.0) if report.passed else 0.0
    about = getattr(item.obj, "__doc__", None) if isinstance(item, pytest.Function) else None
    report.graded = Graded(
        submission.of_test(item.path),
        TestResult(
            name=item.name,
            about=(about or item.name.replace("_", " ")).strip(),
            outcome=Outcome(report.outcome),
            score=earned,
            points=points,
            task=_mark(item, "task"),
            hint=_hint(item, message) if finding.may_hint else "",
            hidden=is_hidden(item),
            kind=kind,
            message=message,
            seconds=report.duration,
            place=" ".join(readable(finding.place).split()),
            error=finding.key,
            is_first=finding.is_first,
        ),
    )
    if report.when == "call" and report.passed:
        item.user_properties.append(("points", points))
    return report


def _without_traceback(words: str) -> pytest.ExceptionInfo[BaseException]:
    """Return a failure that is words alone; pytest is slow to prepare a traceback."""
    try:
        pytest.fail(words, pytrace=False)
    except pytest.fail.Exception as failure:
        return pytest.ExceptionInfo.from_exception(failure)


@dataclass(frozen=True)
class Graded:
    """What one phase of a test (setup, call or teardown) said about an exercise."""

    exercise: str
    result: TestResult


SHORT_OF = {errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT}
"""Errors of a machine that ran out of something, which no answer of an app can raise in a test."""


def _is_ours(error: BaseException) -> bool:
    return isinstance(error, BoxError) or (isinstance(error, OSError) and error.errno in SHORT_OF)


def _stumbled(error: BaseException, item: pytest.Item) -> str:
    sent = item.config.stash[SUBJECT].box(item).sent or "nothing"
    return (
        "The test could not use what came back: it has another shape than expected.\n"
        f"Sent last: {sent}\nThe test:  {type(error).__name__}: {error}"
    )


def _of_fault(error: AppFaultError, item: pytest.Item) -> tuple[str, Finding]:
    """Say what the app did instead of answering, and what is known of it."""
    box = item.config.stash[SUBJECT].box(item)
    finding = diagnose(error.notes, box.files, Sent())
    lines = [str(error)]
    story = before([(sent, back, False) for sent, back, _ in box.history])
    if error.kind is Kind.IMPORT:
        lines = [*story, *lines]
    if error.kind is Kind.RAISED and finding.error:
        is_request = box.sent.partition(" ")[0].isupper()
        sent = [f"Sent:      {box.sent}", "Came back: nothing"]
        lines = [*story, *(sent if is_request else [f"Called:    {box.sent}"])]
        lines.append(f"The app:   {finding.error}")
    if finding.cause:
        lines.append(f"Cause:     {finding.cause}")
    if printed := printed_by_author(box.output()):
        lines += ["", "The app printed:", printed[-PRINTED:]]
    place = finding.place or next(iter(re.findall(r"\bexercise\.py:\d+", str(error))), "")
    key = finding.key or str(error)
    return "\n".join(lines), replace(finding, place=place, key=key, may_hint=False)


def _hint(item: pytest.Item, message: str) -> str:
    """Return the hint of a test for this message, or else the one for any message."""
    hints = {mark.kwargs.get("when", ""): str(mark.args[0]) for mark in item.iter_markers("hint")}
    said = " ".join(message.split())
    fitting = [text for when, text in hints.items() if when and " ".join(when.split()) in said]
    return next(iter(fitting), hints.get("", ""))


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """End what runs meanwhile with an ``AppFaultError`` after that time, where the system can.

    A submission's response can make a test search or compare for ever; the limits of its own
    process do not hold there.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() != threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        text = "With what the app answered, the test did not end in time."
        raise AppFaultError(Kind.TIME, text)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Tally:
    """The results of one run, a test each, put together from its three phases."""

    def __init__(self) -> None:
        self.tests: dict[str, Graded] = {}

    def add(self, report: pytest.TestReport) -> None:
        """Take in the report of a test's setup, call or teardown."""
        new: Graded | None = getattr(report, "graded", None)
        if new is None:
            return
        known = self.tests.get(report.nodeid)
        seconds = new.result.seconds + (known.result.seconds if known else 0.0)
        if known and known.result.outcome is not Outcome.PASSED:
            new = known  # a test that failed or was skipped stays so
        self.tests[report.nodeid] = replace(new, result=replace(new.result, seconds=seconds))

    def results(self) -> list[TestResult]:
        """Return the results in the order of the tests."""
        return [each.result for each in self.tests.values()]

    def exercises(self) -> dict[str, tuple[float, float]]:
        """Return earned and possible points of each exercise."""
        sums: dict[str, tuple[float, float]] = {}
        for each in self.tests.values():
            earned, possible = sums.get(each.exercise, (0.0, 0.0))
            sums[each.exercise] = (earned + each.result.score, possible + each.result.points)
        return sums


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the points of each exercise and their sum."""
    if SUBJECT not in config.stash:
        return
    tally = Tally()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                tally.add(report)
    terminalreporter.section("points")
    total, most = 0.0, 0.0
    for exercise, (earned, possible) in sorted(tally.exercises().items()):
        terminalreporter.write_line(f"{exercise:40} {earned:g}/{possible:g}")
        total, most = total + earned, most + possible
    terminalreporter.write_line(f"{'total':40} {total:g}/{most:g}")
    if missing := config.stash.get(MISSING, None):
        terminalreporter.write_line(f"not handed in: {', '.join(sorted(missing))}")
    if config.getoption("hint"):
        for test in tally.results():
            if test.outcome is Outcome.FAILED and test.hint:
                terminalreporter.write_line(f"hint for {test.name}: {test.hint}")
