"""Grade submission after submission in one pytest process, with the tests collected once.

A judge is a subprocess: paths come in on its standard input, one JSON object per line
(``{"path": ..., "exercises": [...]}``), results leave on its standard output the same way. It holds
the tests and decides; what a submission does happens behind the wall.

Each submission has a box of its own. Only with ``"ours": true`` several share one, which saves its
start: for texts that nobody handed in, such as the course's own solutions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from course.catalogue import ROOT
from course.grading import plugin, submission, wall


class Judge:
    """A plugin whose test loop runs once for each submission that is named to it."""

    def __init__(self, barrier: wall.Wall, tasks: Any, results: Any) -> None:
        self.wall = barrier
        self.tasks = tasks
        self.results = results
        self.tally = plugin.Tally()
        self.ours: plugin.Subject | None = None

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
            self._write(self._grade(session, task))
        if self.ours:
            self.ours.close()
        return True

    def _grade(self, session: pytest.Session, task: dict[str, Any]) -> dict[str, Any]:
        begun = time.monotonic()
        path, wanted, ours = Path(task["path"]), task.get("exercises"), task.get("ours", False)
        found: dict[str, list[pytest.Item]] = {}
        for item in session.items:
            exercise = submission.of_test(item.path)
            if wanted is None or exercise in wanted:
                found.setdefault(exercise, []).append(item)
        subject = plugin.Subject(path, self.wall, self.ours.box if ours and self.ours else None)
        session.config.stash[plugin.SUBJECT] = subject
        try:
            records = [self._exercise(name, items, subject) for name, items in found.items()]
        finally:
            del session.config.stash[plugin.SUBJECT]
            if not ours:
                subject.close()
            elif self.ours is None:
                self.ours = subject
        return {"seconds": round(time.monotonic() - begun, 3), "exercises": records}

    def _exercise(
        self, exercise: str, items: list[pytest.Item], subject: plugin.Subject
    ) -> dict[str, Any]:
        self.tally = plugin.Tally()
        subject.box.strikes = 0  # a loop in one exercise says nothing of the next
        handed_in = subject.submission.file(exercise) is not None
        if handed_in:
            for item, following in zip(items, [*items[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        tests = list(self.tally.tests.values())
        kinds = {test["kind"] for test in tests if test["outcome"] == "failed"}
        if not handed_in:
            status = "missing"
        elif "grader" in kinds or len(tests) != len(items):
            status = "grader-error"
        elif "import" in kinds and all(test["kind"] in {"import", "time"} for test in tests):
            status = "import-error"
        elif "time" in kinds:
            status = "partial"
        else:
            status = "graded"
        score = sum(test["score"] for test in tests)
        most = sum(plugin.points_of(item) for item in items)
        return {
            "exercise": exercise,
            "status": status,
            "score": None if status == "grader-error" else round(score, 3),
            "max": round(most, 3),
            "tests": tests,
        }

    def _write(self, record: dict[str, Any]) -> None:
        self.results.write(json.dumps(record) + "\n")
        self.results.flush()


def launch(
    tests: Path, exercises: list[str] | None, isolation: str, limits: dict[str, Any] | None = None
) -> subprocess.Popen[str]:
    """Start a judge; its first line says ``ready`` with the number of tests, or ``broken``."""
    options = {
        "tests": str(tests),
        "exercises": exercises,
        "isolation": isolation,
        "limits": limits or {},
    }
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "FLASK_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "course.grading.judge", json.dumps(options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env=environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )


def main() -> int:
    """Run as ``python -m course.grading.judge OPTIONS``; see ``launch``."""
    options = json.loads(sys.argv[1])
    # pytest's capturing must not meet the two streams.
    tasks = os.fdopen(os.dup(0), encoding="utf-8")
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    tests = Path(options["tests"])
    paths = [tests / exercise for exercise in options["exercises"] or []] or [tests]
    barrier = wall.choose(options["isolation"], wall.Limits(**options["limits"]), (tests,))
    words = ["-p", "no:cacheprovider", "-p", "no:terminal"]
    # These two collect all garbage after each test, looking for faults that an app behind the wall
    # cannot have here.
    words += ["-p", "no:unraisableexception", "-p", "no:threadexception"]
    words += ["--import-mode=importlib", "--rootdir", str(tests), "-c", os.devnull, "--capture=sys"]
    code = pytest.main([*words, *map(str, paths)], plugins=[plugin, Judge(barrier, tasks, results)])
    # That a submission fails a test is no failure of the judge.
    return 0 if code in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED} else int(code)


if __name__ == "__main__":
    sys.exit(main())
