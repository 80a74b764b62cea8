"""The whole of ``course grade``: from folders to a gradebook, said aloud on the way."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from course.catalogue import EXERCISE
from course.grading.classroom import book as books
from course.grading.classroom import exports, gallery, lateness, report, roster
from course.grading.classroom.book import Book
from course.grading.classroom.engine import Pool, on_cluster
from course.grading.classroom.files import (
    TEXT_LENGTH,
    ClassroomError,
    printable,
    table_text,
    write_whole,
)
from course.grading.classroom.gallery import Look
from course.grading.classroom.intake import Handin, collect
from course.grading.classroom.journal import Journal, Record
from course.grading.classroom.marks import (
    CHANGES,
    CHANGES_HEADER,
    Attempts,
    Entry,
    gradebook,
)
from course.grading.classroom.people import folded, near, read_groups, read_names
from course.grading.classroom.plan import Plan, handed_in, wanted
from course.grading.classroom.preflight import PreflightError, preflight
from course.grading.classroom.words import late_warnings, line, listed, rate
from course.grading.judge.client import JudgeError
from course.grading.results import Status, SubmissionResult
from course.grading.sandbox import wall
from course.grading.sandbox.limits import Limits
from course.grading.submission import TESTS

Say = Callable[[str], None]
REPORT = "report.html"


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    folders: tuple[Path, ...]
    out: Path
    exercises: tuple[str, ...] = ()
    tests: Path = TESTS
    isolation: str | None = None
    workers: int = 0
    scheduler: str | None = None
    due: str | None = None
    late: str = "10%/day"
    grace: str = "15m"
    times: Path | None = None
    attempts: Attempts | None = None
    names: Path | None = None
    groups: Path | None = None
    roster: Path | None = None
    column: str | None = None
    force: bool = False
    regrade: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """A hand-in and the key of its record."""

    handin: Handin
    key: str
    look: Look


@dataclass
class Call:
    """One call of ``course grade``, with what its steps found."""

    options: Options
    say: Say
    progress: Say
    journal: Journal
    book: Book
    sheet: roster.Roster | None
    handins: list[Handin] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    protection: tuple[str, ...] = ()


def grade(options: Options, say: Say, progress: Say) -> int:
    """Grade everything and write the gradebook; return 1 if something could not be graded.

    ``say`` gets lines to keep, ``progress`` a line that the next one may replace. Raises
    ``ClassroomError``; if that is before the first mark, nothing was written.
    """
    asked = wanted(options.exercises, options.tests)
    sheet = roster.read_roster(options.roster, options.column) if options.roster else None
    with (
        tempfile.TemporaryDirectory(prefix="handed-in-", ignore_cleanup_errors=True) as unpacked,
        Journal(options.out) as journal,
    ):
        book = _updated(books.read_book(options.out), options, asked)
        book.rules(options.out)  # a line of changes.csv that cannot be read is told now
        for problem in journal.problems:
            say(f"WARNING: {problem}")
        call = Call(options, say, progress, journal, book, sheet)
        call.handins = collect(options.folders, Path(unpacked))
        if not call.handins:
            raise ClassroomError(f"There is nothing in {', '.join(map(str, options.folders))}.")
        _arrivals(call)
        plan = _plan(call)
        todo = _todo(call, plan)
        if todo:
            _grade(call, plan, todo)
        keys: dict[str, list[str]] = {}
        for task in call.tasks:
            keys.setdefault(task.handin.origin.who, []).append(task.key)
        journal.settle(keys)
        books.write_book(options.out, call.book)
        entries = write_all(options.out, journal.current(), call.book, say)
        if sheet:
            _fill(options.out, sheet, entries, say)
        return _ending(call, entries)


def show(folder: Path, say: Say) -> Path:
    """Write the files of a graded folder anew, with ``changes.csv``; return the page's path.

    Raises ``ClassroomError`` if nothing was graded there.
    """
    if not (folder / "results.jsonl").exists():
        raise ClassroomError(f"{folder} holds no results.jsonl: nothing was graded there.")
    with Journal(folder) as journal:
        for problem in journal.problems:
            say(f"WARNING: {problem}")
        write_all(folder, journal.current(), books.read_book(folder), say)
    return folder / REPORT


def write_all(out: Path, records: list[Record], book: Book, say: Say) -> list[Entry]:
    """Write all files of a gradebook but the LMS's, and return the students' lines."""
    entries, warnings = gradebook(records, book.rules(out))
    different = [
        entry.name
        for entry in entries
        if entry.record.exercises
        and {each.exercise for each in entry.record.exercises} != set(book.exercises)
    ]
    if different:
        warnings.append(f"Graded for other exercises than the rest: {listed(different)}.")
    if not (out / CHANGES).exists():
        write_whole(out / CHANGES, table_text(CHANGES_HEADER, []))
    texts = gallery.read(out, records)
    groups = gallery.groups(entries, texts, book.exercises)
    exports.write_grades(out / "grades.csv", entries)
    exports.write_feedback(out / "feedback", entries)
    exports.write_gradescope(out / "gradescope", entries)
    exports.write_junit(out / "junit.xml", entries)
    report.write_report(out / REPORT, entries, groups, texts, book, warnings)
    for warning in warnings:
        say(f"WARNING: {warning}")
    if groups:
        say(f"{len(groups)} groups look alike; see {REPORT}. Nothing was deducted.")
    return entries


def _updated(book: Book, options: Options, asked: list[str]) -> Book:
    """Return the settings with what this call says; what it does not say stays."""
    if options.due and options.due.casefold() == "never":
        book = replace(book, lateness=None)
    elif options.due:
        book = replace(book, lateness=lateness.lateness(options.due, options.late, options.grace))
    if options.times:
        book = replace(book, times={**book.times, **lateness.read_times(options.times)})
    if options.names:
        book = replace(book, names={**book.names, **read_names(options.names)})
    if options.groups:
        book = replace(book, groups={**book.groups, **read_groups(options.groups)})
    return replace(
        book,
        exercises=tuple(sorted({*book.exercises, *asked})),
        attempts=options.attempts or book.attempts,
    )


def _arrivals(call: Call) -> None:
    """Take in when the hand-ins came, and say of whom that is not known."""
    rule = call.book.lateness
    if rule is None:
        return
    origins = [handin.origin for handin in call.handins]
    if call.sheet:
        found = roster.times(call.sheet, origins, rule.due.tzinfo)
        call.book = replace(call.book, arrived={**call.book.arrived, **found})
    known = {*call.book.arrived, *(o.who for o in origins if o.submitted or o.late)}
    if not known and not call.book.times:
        raise ClassroomError(
            "--due needs the times of the hand-ins, which the dates of unpacked files do not say: "
            "Moodle's worksheet (--roster), Gradescope's export, or a CSV file with the columns "
            "student and submitted (--times)."
        )


def _plan(call: Call) -> Plan:
    """Choose the wall and say what protects."""
    options, limits = call.options, Limits()
    try:
        barrier = wall.choose(options.isolation, limits, (options.tests,))
    except wall.WallError as error:
        raise ClassroomError(str(error)) from None
    paths = [handin.path for handin in call.handins if handin.path is not None]
    found = handed_in(paths, options.tests)
    if not call.book.exercises:
        call.book = replace(call.book, exercises=tuple(found))
    exercises = call.book.exercises
    if not exercises:
        raise ClassroomError(
            "Nothing handed in holds an exercise where the repository has it (such as "
            f"day01/custom_converter/{EXERCISE}). If the hand-ins are single files, say --exercise."
        )
    protection = [f"isolation {barrier.isolation}: {', '.join(barrier.layers)}"]
    if barrier.isolation != "strong":
        protection.append(
            "WARNING: submissions can read this machine's files, the tests among them, and use the "
            "network. Grade untrusted work with --isolation strong (Linux, bubblewrap)."
        )
    call.say(f"{len(call.handins)} submissions, {len(exercises)} exercises")
    if extra := [each for each in found if each not in exercises]:
        call.say(f"Not graded, since no call asked for it: {listed(extra)} (--exercise adds it).")
    for each in protection:
        call.say(each)
    call.protection = tuple(protection)
    return Plan(exercises, options.tests, barrier.isolation, limits)


def _todo(call: Call, plan: Plan) -> list[Task]:
    """Return what is not graded yet, or is to be graded again."""
    of_plan = plan.digest()
    call.tasks = []
    for handin in call.handins:
        try:
            look = gallery.look(handin, plan.exercises)
        except Exception as error:  # noqa: BLE001 (one stranger's files never stop the class)
            problem = f"It cannot be read: {type(error).__name__}."
            handin, look = replace(handin, path=None, problem=problem), Look()
        origin = handin.origin
        text = f"{origin.who}\0{origin.attempt}\0{handin.problem}\0{look.digest}\0{of_plan}"
        key = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        call.tasks.append(Task(handin, key, look))
    again = _again(call)
    todo = [
        task
        for task in call.tasks
        if task.handin.origin.who in again or not call.journal.has(task.key)
    ]
    if len(todo) < len(call.tasks):
        call.say(
            f"{len(call.tasks) - len(todo)} of {len(call.tasks)} are graded already; --regrade "
            "STUDENT grades one again, --force all of these."
        )
    return todo


def _again(call: Call) -> set[str]:
    """Return the ``who`` of those that ``--regrade`` or ``--force`` names."""
    origins = [handin.origin for handin in call.handins]
    if call.options.force:
        return {origin.who for origin in origins}
    rules = replace(call.book.rules(call.options.out), changes=())
    behind = rules.people.of(origins)
    index: dict[str, set[str]] = {}
    for origin in origins:
        people = (person.name for person in behind[origin])
        for name in (origin.who, origin.student, *origin.names, *origin.numbers, *people):
            index.setdefault(folded(name), set()).add(origin.who)
    found: set[str] = set()
    for name in call.options.regrade:
        hits = index.get(folded(name), set())
        if len(hits) != 1:
            several = f"is the name of {len(hits)} hand-ins: {listed(sorted(hits))}"
            why = several if hits else "has no hand-in in the folders given"
            raise ClassroomError(f"--regrade: {printable(name)} {why}.{near(folded(name), index)}")
        found |= hits
    return found


def _grade(call: Call, plan: Plan, todo: list[Task]) -> None:
    """Try the tests and the wall, then grade; each result is written as soon as it is known."""
    options = call.options
    workers = min(options.workers or (os.cpu_count() or 1) + 2, len(todo))
    with tempfile.TemporaryDirectory() as empty:
        paths = [task.handin.path or Path(empty) for task in todo]
        with Pool(plan, 0 if options.scheduler else workers) as pool:
            try:
                found = preflight(plan)
            except (PreflightError, JudgeError) as error:
                raise ClassroomError(f"Nothing was graded. {error}") from None
            for task in todo:
                gallery.keep(options.out, task.key, task.look.code)
            for each in found:
                call.say(f"preflight: {each}")
            call.book = replace(call.book, protection=(*call.protection, *found))
            begun = time.monotonic()
            if options.scheduler:
                answers = on_cluster(paths, plan, options.scheduler)
            else:
                answers = pool.grade(paths)
            counts: Counter[str] = Counter()
            for done, (place, result) in enumerate(answers, 1):
                record = finished(todo[place], result)
                call.journal.add(record)
                counts[record.status] += 1
                call.say(line(record))
                states = ", ".join(f"{status} {count}" for status, count in counts.items())
                call.progress(f"{rate(done, len(todo), time.monotonic() - begun)}, {states}")
    seconds = max(time.monotonic() - begun, 0.001)
    call.say(
        f"{len(todo)} graded in {seconds:.1f} s ({len(todo) / seconds:.1f}/s), {workers} workers"
    )


def finished(task: Task, result: SubmissionResult) -> Record:
    """Make the journal's record out of what a judge said about one hand-in."""
    parts, handin = result.exercises, task.handin
    statuses = {part.status for part in parts}
    order = (
        Status.GRADER_ERROR,
        Status.PARTIAL,
        Status.IMPORT_ERROR,
        Status.GRADED,
        Status.MISSING,
    )
    status = next((each for each in order if each in statuses), Status.GRADER_ERROR)
    scores = [part.score for part in parts if part.score is not None]
    is_failed = status is Status.GRADER_ERROR
    return Record(
        key=task.key,
        origin=handin.origin,
        status=status,
        score=None if is_failed else round(sum(scores), 3),
        possible=round(sum(part.possible for part in parts), 3),
        seconds=result.seconds,
        note=handin.problem or result.note,
        notes=handin.notes,
        exercises=parts,
        digest=task.look.digest,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _fill(out: Path, sheet: roster.Roster, entries: list[Entry], say: Say) -> None:
    """Fill the LMS's export, and say who is in one list and not in the other."""
    found = roster.match(sheet, entries)
    target = out / f"{sheet.kind}.csv"
    roster.write_roster(target, sheet, roster.fill(sheet, found))
    known = {entry.key for entry in found.values()}
    strangers = [entry.name for entry in entries if entry.key not in known]
    say(f"{target.name}: {len(found)} of {len(sheet.table.rows)} rows filled")
    if strangers:
        say(f"WARNING: not in the roster, or not sure who: {listed(strangers)}")


def _ending(call: Call, entries: list[Entry]) -> int:
    """Say what needs a look and what was written; return the exit code."""
    say, rules = call.say, call.book.rules(call.options.out)
    if rules.lateness:
        for warning in late_warnings(entries, call.book):
            say(f"WARNING: {warning}")
    failed = [entry for entry in entries if entry.mark.score is None]
    for entry in failed:
        say(f"NOT graded: {entry.name}: {printable(entry.record.note, TEXT_LENGTH)}")
    for entry in entries:
        for change in entry.mark.changes:
            say(f"changed by hand: {entry.name}: {change.text()}")
    out = call.options.out
    names = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
    say(f"wrote {', '.join(names)} in {out}")
    return 1 if failed else 0
