"""A judge's process: ``python -m course.grading.judge OPTIONS``; see ``JudgeProcess``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from course.grading import submission
from course.grading.sandbox import wall
from course.grading.sandbox.launch import Launcher
from course.grading.sandbox.limits import Limits


def main() -> int:
    """Start the warm process first: it gets ready while pytest is imported here."""
    options = json.loads(sys.argv[1])
    # pytest's capturing must not meet the two streams.
    tasks = os.fdopen(os.dup(0), encoding="utf-8")
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    tests, exercises = Path(options["tests"]), options["exercises"]
    barrier = wall.build(options["isolation"], Limits(**options["limits"]), (tests,))
    launcher = Launcher(barrier, submission.packages(exercises), submission.lessons(exercises))
    launcher.start()
    from course.grading.judge import loop

    try:
        return loop.run(launcher, tests, exercises, tasks, results)
    finally:
        launcher.close()


if __name__ == "__main__":
    sys.exit(main())
