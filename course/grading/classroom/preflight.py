"""Before the first mark: the tests and the wall are tried."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from course.catalogue import EXERCISE, ROOT
from course.grading import submission
from course.grading.classroom.engine import judge_of
from course.grading.classroom.plan import Plan
from course.grading.results import ExerciseResult, SubmissionResult
from course.grading.sandbox import canary_app, wall
from course.grading.sandbox.box import Box, Order
from course.grading.sandbox.faults import AppFaultError, BoxError
from course.grading.sandbox.launch import MODULES, Launcher
from course.grading.sandbox.remote import RemoteApp, RemoteClient
from course.grading.submission import TESTS


class PreflightError(Exception):
    """Grading would not give marks that can be trusted; the text says why."""


def preflight(plan: Plan) -> list[str]:
    """Try the tests and the wall, and return what was found, a line each.

    Raises ``PreflightError`` when a reference solution does not score full, when a starter does,
    or when the wall lets something through that it promises to hold.
    """
    lines = []
    with judge_of(plan) as judge:
        for exercise in plan.exercises:
            words = [f"{exercise}:"]
            solution = _solution(plan, exercise)
            if solution is None:
                words.append("no reference solution,")
            else:
                part = _only(judge.grade(solution, [exercise]))
                words.append(f"reference {part.score:g}/{part.possible:g},")
                if part.score != part.possible:
                    failed = ", ".join(test.name for test in part.failures)
                    raise PreflightError(f"The reference solution of {exercise} fails {failed}.")
            part = _only(judge.grade(ROOT / exercise / EXERCISE, [exercise]))
            words.append(f"starter {part.score:g}/{part.possible:g}")
            if part.score == part.possible:
                raise PreflightError(f"The starter of {exercise} scores full.")
            lines.append(" ".join(words))
    return [*lines, canary(plan)]


def _only(graded: SubmissionResult) -> ExerciseResult:
    for part in graded.exercises:
        if part.score is not None:
            return part
    raise PreflightError(f"The tests cannot grade: {graded.note}")


def _solution(plan: Plan, exercise: str) -> Path | None:
    for folder in (plan.tests / exercise, TESTS / exercise):
        for path in (folder / "solution.py", folder / "solution"):
            if path.exists():
                return path
    return None


def canary(plan: Plan) -> str:
    """Let a hostile app try the wall; say what it could do, and refuse a strong wall that leaks."""
    barrier = wall.choose(plan.isolation, plan.limits, (plan.tests,))
    lessons = submission.lessons(plan.exercises)
    launcher = Launcher(barrier, ["flask"], lessons)
    files = {
        "day01/__init__.py": b"",
        "day01/canary/__init__.py": b"",
        f"day01/canary/{EXERCISE}": Path(canary_app.__file__).read_bytes(),
    }
    box = Box(launcher)
    with tempfile.TemporaryDirectory(prefix="canary-") as name:
        # Open to everybody, so that nothing but the wall stands before it.
        outside = Path(name)
        outside.chmod(0o777)
        secret = outside / "secret.txt"
        secret.write_text("not for submissions", "utf-8")
        try:
            box.start(Order("day01/canary", files))
            with socket.create_server(("127.0.0.1", 0)) as listener:
                tried = {
                    "tests": str(plan.tests),
                    "outside": str(secret),
                    "pid": os.getpid(),
                    "listener": listener.getsockname()[1],
                    "filtered": wall.FILTER in barrier.layers,
                    "limits": asdict(plan.limits),
                    "inodes": plan.limits.inodes if launcher.has_own_world else 0,
                    **_visible(barrier, lessons),
                }
                reply = RemoteClient(RemoteApp(box)).post("/", json=tried)
            done = [str(each) for each in reply.get_json()]
        except AppFaultError as error:
            raise PreflightError(f"The canary did not answer: {error}") from None
        except BoxError as error:
            raise PreflightError(str(error)) from None
        finally:
            start = launcher.how
            box.close()
            launcher.close()
    if not done:
        return f"canary: contained ({start})"
    if barrier.is_strong:
        raise PreflightError(f"The wall leaks: the canary could {', '.join(done)}.")
    return f"canary: NOT contained; a submission can {', '.join(done)}"


def _visible(barrier: wall.Wall, lessons: Iterable[str]) -> dict[str, list[str]]:
    """Return what the canary may see: folders, files and mounts; all empty for the weaker wall."""
    if not barrier.is_strong:
        return {"shown": [], "files": [], "mounts": []}
    python = [str(path) for path in wall.python_folders()]
    modules = [f"{wall.INSIDE}/sandbox/{name}" for name in MODULES]
    course = f"{wall.INSIDE}/course"
    shown = ["/usr", *python]
    return {
        "shown": shown,
        "files": [*modules, *(f"{course}/{name}" for name in lessons), "/etc/ld.so.cache"],
        "mounts": [
            "/",
            "/proc",
            "/dev",
            *shown,
            *wall.SYSTEM,
            *wall.SCRATCH,
            *modules,
            course,
            "/etc/ld.so.cache",
        ],
    }
