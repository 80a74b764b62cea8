"""The whole of ``course grade``: from folders to a gradebook, said aloud on the way."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from course.catalogue import EXERCISE, ROOT
from course.grading.classroom import report
from course.grading.classroom.engine import plan_for, rate, run
from course.grading.classroom.intake import Handin, collect, printable
from course.grading.classroom.journal import Journal, Record
from course.grading.classroom.plan import Plan
from course.grading.classroom.preflight import PreflightError, preflight
from course.grading.classroom.similarity import Pair, alike
from course.grading.sandbox import wall
from course.grading.submission import TESTS, Submission, exercises

Say = Callable[[str], None]


class ClassroomError(Exception):
    """Something about the call is wrong; the text says what, and the way out."""


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    folders: list[Path]
    out: Path
    exercises: list[str]
    tests: Path = TESTS
    isolation: str | None = None
    workers: int = 0
    scheduler: str | None = None
    lateness: gradebook.Lateness | None = None
    times: Path | None = None
    roster: Path | None = None
    column: str | None = None
    force: bool = False


def grade(options: Options, say: Say, progress: Say) -> int:
    """Grade everything and write the gradebook; return 1 if something could not be graded.

    ``say`` gets lines to keep, ``progress`` a line that the next one may replace. Raises
    ``ClassroomError`` before anything is graded.
    """
    # Everything that can be wrong about the call is found before the first minute is spent.
    _known(options)
    roster = gradebook.read_roster(options.roster, options.column) if options.roster else None
    times = gradebook.read_times(options.times) if options.times else {}
    if options.lateness and not times:
        raise ClassroomError(
            "--due needs --times, a CSV file with the columns student and submitted: the dates of "
            "unpacked files say nothing."
        )
    with tempfile.TemporaryDirectory(prefix="handed-in-", ignore_cleanup_errors=True) as unpacked:
        handins = collect(options.folders, Path(unpacked))
        if not handins:
            raise ClassroomError(f"There is nothing in {', '.join(map(str, options.folders))}.")
        plan, protection = _prepare(options, handins, say)
        options.out.mkdir(parents=True, exist_ok=True)
        journal = Journal(options.out / "results.jsonl", plan, force=options.force)
        keys = [journal.key(handin) for handin in handins]
        before = sum(key in journal.records for key in keys)
        if before:
            say(f"{before} of {len(handins)} are graded already; --force grades them again.")
        begun = time.monotonic()
        counts: dict[str, int] = {}
        workers = options.workers or (os.cpu_count() or 1) + 2
        fresh = run(handins, plan, journal, workers=workers, scheduler=options.scheduler)
        for done, record in enumerate(fresh, 1):
            counts[record["status"]] = counts.get(record["status"], 0) + 1
            _, score = gradebook.with_penalty(record, options.lateness, times)
            say(
                "{student:24} {points:>9}  {seconds:>8}  {status:12} {about}".format(
                    **report.line(record, score)
                )[:200].rstrip()
            )
            states = ", ".join(f"{status} {count}" for status, count in counts.items())
            progress(f"{rate(done, len(handins) - before, begun)}, {states}")
        records = [journal.records[key] for key in keys]
        pairs = _pairs(handins, plan)
        late = options.lateness
        marks = {each["key"]: gradebook.with_penalty(each, late, times) for each in records}
        _write(options.out, records, marks, pairs, protection)
        if roster:
            _fill(options, roster, records, marks, say)
    seconds = time.monotonic() - begun
    graded = len(records) - before
    speed = graded / max(seconds, 0.001)
    say(f"{graded} graded in {seconds:.1f} s ({speed:.1f}/s), {workers} workers")
    failed = [record for record in records if record["status"] == "grader-error"]
    for record in failed:
        say(f"NOT graded: {printable(record['student'])}: {printable(record['note'])}")
    if pairs:
        say(f"{len(pairs)} pairs look alike; see the report. Nothing was deducted.")
    say(f"wrote {', '.join(sorted(path.name for path in options.out.iterdir()))} in {options.out}")
    return 1 if failed else 0


def _known(options: Options) -> None:
    having = exercises(options.tests)
    if not having:
        raise ClassroomError(
            f"There are no tests in {options.tests}; there they lie in dayNN/lesson/test_lesson.py."
        )
    for each in options.exercises:
        if each not in having:
            raise ClassroomError(f"There are no tests for {each}. There are: {', '.join(having)}.")


def _prepare(options: Options, handins: list[Handin], say: Say) -> tuple[Plan, list[str]]:
    """Choose the wall, say what protects, and try it before the first submission."""
    limits = wall.Limits()
    try:
        barrier = wall.choose(options.isolation, limits, (options.tests,))
    except wall.WallError as error:
        raise ClassroomError(str(error)) from None
    plan = plan_for(handins, options.exercises, options.tests, barrier.isolation, limits)
    if not plan.exercises:
        raise ClassroomError(
            "Nothing handed in holds an exercise where the repository has it "
            f"(such as day01/custom_converter/{EXERCISE}); single files need --exercise."
        )
    protection = [f"isolation {barrier.isolation}: {', '.join(barrier.layers)}"]
    if barrier.isolation != "strong":
        protection.append(
            "WARNING: submissions can read this machine's files, the tests among them, and use the "
            "network. Grade untrusted work with --isolation strong (Linux, bubblewrap)."
        )
    say(f"{len(handins)} submissions, {len(plan.exercises)} exercises")
    for each in protection:
        say(each)
    try:
        found = preflight(plan)
    except PreflightError as error:
        raise ClassroomError(f"Nothing was graded. {error}") from None
    for each in found:
        say(f"preflight: {each}")
    return plan, [*protection, *found]


def _pairs(handins: list[Handin], plan: Plan) -> list[Pair]:
    """Compare what was handed in for each exercise."""
    pairs: list[Pair] = []
    for exercise in plan.exercises:
        files = []
        for handin in handins:
            if handin.path is not None:
                submission = Submission(handin.path)
                file = submission.file(exercise)
                submission.close()
                if file is not None:
                    files.append((handin.student, file))
        pairs += alike(exercise, files, ROOT / exercise / EXERCISE)
    return pairs


def _write(
    out: Path,
    records: list[Record],
    marks: dict[str, tuple[float, float | None]],
    pairs: list[Pair],
    protection: list[str],
) -> None:
    gradebook.write_grades(out / "grades.csv", records, marks)
    gradebook.write_feedback(out / "feedback", records, marks)
    gradebook.write_gradescope(out / "gradescope", records, marks)
    gradebook.write_junit(out / "junit.xml", records)
    report.write_report(out / "report.html", records, marks, pairs, protection)


def _fill(
    options: Options,
    roster: gradebook.Roster,
    records: list[Record],
    marks: dict[str, tuple[float, float | None]],
    say: Say,
) -> None:
    """Fill the LMS's export, and say who is in one list and not in the other."""
    found = gradebook.match(roster, records)
    target = options.out / f"{roster.kind}.csv"
    gradebook.write_roster(target, roster, gradebook.fill(roster, found, marks))
    known = {record["key"] for record in found.values()}
    strangers = [printable(r["student"]) for r in records if r["key"] not in known]
    say(f"{target.name}: {len(found)} of {len(roster.rows)} rows filled")
    if strangers:
        say(f"not in the roster: {', '.join(strangers[:20])}")


def parse_lateness(due: str | None, late: str, grace: str) -> gradebook.Lateness | None:
    """Read the three options about late work; None without ``--due``."""
    return gradebook.lateness(due, late, grace) if due else None
