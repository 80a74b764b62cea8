"""Grade submission after submission in one pytest process, with the tests collected once.

A judge is a subprocess: paths come in on its standard input, one JSON object per line
(``{"path": ..., "exercises": [...]}``), results (``SubmissionResult``) leave on its standard output
the same way. It holds the tests and decides; what a submission does happens behind the wall.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import pytest

from course.grading import submission
from course.grading.judge import plugin
from course.grading.results import (
    ExerciseResult,
    Kind,
    Outcome,
    Status,
    SubmissionResult,
    TestResult,
)
from course.grading.sandbox.launch import Launcher

_NOT_NEEDED = (
    "cacheprovider",
    "doctest",
    "junitxml",
    "logging",
    "pastebin",
    "setuponly",
    "setupplan",
    "stepwise",
    "terminal",
    "unittest",
    # These two collect all garbage after each test, looking for faults that an app behind the wall
    # cannot have here.
    "threadexception",
    "unraisableexception",
)
"""Plugins of pytest that cost time for each start or for each test, and find nothing here."""


class Judge:
    """A plugin whose test loop runs once for each submission that is named to it."""

    def __init__(self, launcher: Launcher, tasks: IO[str], results: IO[str]) -> None:
        self.launcher = launcher
        self.tasks = tasks
        self.results = results
        self.tally = plugin.Tally()

    def pytest_configure(self, config: pytest.Config) -> None:
        """Let the exercises' tests be collected."""
        config.stash[plugin.JUDGED] = True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Tell of tests that cannot be read; without all of them nothing is graded."""
        if report.failed:
            self._write({"broken": f"{report.nodeid} cannot be collected: {report.longreprtext}"})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what one test says about the submission at hand."""
        self.tally.add(report)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Grade what is named on the standard input, until that ends."""
        self._write({"ready": len(session.items)})
        for line in self.tasks:
            task = json.loads(line)
            self._write(self._grade(session, Path(task["path"]), task["exercises"]).to_json())
        return True

    def _grade(self, session: pytest.Session, path: Path, wanted: list[str]) -> SubmissionResult:
        begun = time.monotonic()
        found: dict[str, list[pytest.Item]] = {}
        for item in session.items:
            exercise = submission.of_test(item.path)
            if exercise in wanted:
                found.setdefault(exercise, []).append(item)
        subject = plugin.Subject(path, self.launcher)
        session.config.stash[plugin.SUBJECT] = subject
        try:
            results = [self._exercise(name, items, subject) for name, items in found.items()]
        finally:
            del session.config.stash[plugin.SUBJECT]
            subject.close()
        return SubmissionResult(tuple(results), round(time.monotonic() - begun, 3))

    def _exercise(
        self, exercise: str, items: list[pytest.Item], subject: plugin.Subject
    ) -> ExerciseResult:
        self.tally = plugin.Tally()
        handed_in = subject.submission.file(exercise) is not None
        laid_out = subject.lay_out(exercise)
        if handed_in:
            for item, following in zip(items, [*items[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        tests = tuple(self.tally.results())
        status = status_of(tests, len(items)) if handed_in else Status.MISSING
        score = round(sum(test.score for test in tests), 3)
        return ExerciseResult(
            exercise=exercise,
            status=status,
            score=None if status is Status.GRADER_ERROR else score,
            possible=round(sum(plugin.points_of(item) for item in items), 3),
            tests=tests,
            files=laid_out.own,
            notes=laid_out.notes,
        )

    def _write(self, record: Mapping[str, object]) -> None:
        self.results.write(json.dumps(record) + "\n")
        self.results.flush()


def status_of(tests: tuple[TestResult, ...], expected: int) -> Status:
    """Return how the grading of an exercise ended, from its tests and their expected number."""
    kinds = {test.kind for test in tests if test.outcome is Outcome.FAILED}
    if Kind.GRADER in kinds or len(tests) != expected:
        return Status.GRADER_ERROR
    tried = [test for test in tests if test.outcome is not Outcome.SKIPPED]
    if Kind.IMPORT in kinds and all(test.kind in {Kind.IMPORT, Kind.TIME} for test in tried):
        return Status.IMPORT_ERROR
    return Status.PARTIAL if Kind.TIME in kinds else Status.GRADED


def run(
    launcher: Launcher, tests: Path, exercises: list[str], tasks: IO[str], results: IO[str]
) -> int:
    """Collect the exercises' tests and grade what ``tasks`` name; return the exit code."""
    words = []
    for name in _NOT_NEEDED:
        words += ["-p", f"no:{name}"]
    words += ["--import-mode=importlib", "--rootdir", str(tests), "--confcutdir", str(tests)]
    words += ["-c", os.devnull, "--capture=sys"]
    words += [str(tests / exercise) for exercise in exercises]
    code = pytest.main(words, plugins=[plugin, Judge(launcher, tasks, results)])
    # That a submission fails a test does not mean that the judge failed.
    return 0 if code in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED} else int(code)
