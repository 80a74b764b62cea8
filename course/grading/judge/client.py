"""A judge seen from outside: one process, kept for submission after submission.

Students (``course check``) and instructors (``course grade``) talk to a judge through this module
and no other.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from course.catalogue import ROOT
from course.grading.results import SubmissionResult
from course.grading.sandbox.limits import Limits

START_SECONDS = 120
"""A generous end to a judge's start: a loaded machine is slow, a judge that hangs says nothing."""


class JudgeError(Exception):
    """The judge did not start, failed or did not answer; never the student's fault."""


class JudgeProcess:
    """A judge's process. ``start`` it, ``grade`` any number of submissions, ``close`` it.

    ``tests`` is a folder laid out like ``tests/exercises``; ``exercises`` names those whose tests
    are collected.
    """

    def __init__(
        self, tests: Path, exercises: Iterable[str], isolation: str, limits: Limits | None = None
    ) -> None:
        self.tests = tests
        self.exercises = tuple(exercises)
        self.isolation = isolation
        self.limits = limits or Limits()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Give the judge itself; the process starts when it is needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.close()

    def command(self) -> list[str]:
        """Return the words that start a judge; its options (JSON) follow."""
        return [sys.executable, "-m", "course.grading.judge"]

    def start(self) -> None:
        """Start the process and wait until its tests are collected; raises ``JudgeError``."""
        options = {
            "tests": str(self.tests),
            "exercises": list(self.exercises),
            "isolation": self.isolation,
            "limits": asdict(self.limits),
        }
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "FLASK_"))}
        self._process = subprocess.Popen(
            [*self.command(), json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env=environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        first = self._read(START_SECONDS)
        if "ready" not in first:
            self.close()
            raise JudgeError(str(first.get("broken", "It said nothing that can be understood.")))

    def grade(self, path: Path, exercises: Iterable[str] | None = None) -> SubmissionResult:
        """Grade one submission, with all exercises or those named.

        Starts the process where there is none. Raises ``JudgeError``; after that, the next call
        starts a new process.
        """
        wanted = self.exercises if exercises is None else tuple(exercises)
        if self._process is None:
            self.start()
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            task = json.dumps({"path": str(path), "exercises": list(wanted)})
            self._process.stdin.write(task + "\n")
            self._process.stdin.flush()
            # Beyond every limit that the judge keeps for itself.
            answer = self._read(60 + len(wanted) * 2 * (self.limits.submission_seconds + 15))
            return SubmissionResult.from_json(answer)
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.close()
            raise JudgeError(str(error)) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the process; with it ends everything that it had started."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        process.wait()

    def _read(self, seconds: float) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            raise JudgeError("The judge ended early or took too long.")
        return dict(json.loads(line))
