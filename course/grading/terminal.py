"""``course check`` in a terminal: check, say what to mend, and walk on to the next exercise."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from course import catalogue
from course.grading import answers, check
from course.grading.check import Result
from course.grading.judge.client import JudgeError, JudgeProcess
from course.grading.submission import TESTS
from course.progress import Progress

WAITING = "Waiting for a file to be saved (Ctrl+C ends it) ..."
COLOURS = {"-": "red", "+": "green"}


@dataclass(frozen=True)
class Options:
    """How much is shown."""

    everything: bool = False
    hints: bool = False


def here(folder: Path) -> str | None:
    """Return the id of the lesson in whose folder, or below it, one is; None elsewhere."""
    with contextlib.suppress(ValueError, catalogue.UnknownLessonError):
        day, name, *_ = folder.resolve().relative_to(catalogue.ROOT.resolve()).parts
        return catalogue.find(f"{day}/{name}", catalogue.ROOT).id
    return None


def check_one(name: str, options: Options) -> bool:
    """Check one exercise and tell whether it is solved."""
    [result] = _results([name])
    _show(result, options)
    return result.solved


def check_all(names: list[str], options: Options) -> bool:
    """Check those of the exercises that are not known to be solved; tell whether all are."""
    progress = Progress(catalogue.ROOT)
    todo = [name for name in names if not progress.is_solved(name)]
    results = {result.exercise: result for result in _results(todo)} if todo else {}
    for name in names:
        result = results.get(name)
        if result is None or result.solved:
            state = "solved"
        else:
            numbered = [task for task in result.tasks if task.number]
            state = f"{sum(task.done for task in numbered)} of {len(numbered)} tasks"
        click.echo(f"{name:40} {state}")
    open_ones = [result for result in results.values() if not result.solved]
    for result in open_ones if options.everything else open_ones[:1]:
        click.echo()
        _say(check.lines(result, everything=options.everything, hints=options.hints))
    follow = f", next: {open_ones[0].exercise}" if open_ones else ""
    click.echo(f"\n{len(names) - len(open_ones)} of {len(names)} solved{follow}.")
    return not open_ones


def watch(name: str, options: Options, *, walks_on: bool) -> None:
    """Check an exercise whenever a file of it is saved; once solved, walk on to the next one."""
    following: str | None = name
    while following:
        name = following
        saved = check.changes([catalogue.ROOT / name])
        with JudgeProcess(TESTS, [name], "process") as judge:
            for result in _again_and_again(judge, name, saved):
                if result is not None:
                    _show(result, options)
                    if result.solved and walks_on:
                        break
                click.echo(WAITING)
        lesson = Progress(catalogue.ROOT).next_open(name)
        following = lesson.id if lesson else None
        click.echo()
    click.echo("All exercises are solved.")


def _again_and_again(
    judge: JudgeProcess, name: str, saved: Iterator[None]
) -> Iterator[Result | None]:
    """Yield the result now and after each save; None where the tests could not run."""
    while True:
        try:
            graded = judge.grade(catalogue.ROOT, [name]).exercises[0]
            yield check.result_of(graded, catalogue.ROOT)
        except JudgeError as error:
            click.echo(f"The tests cannot run: {error}")
            yield None
        next(saved)
        click.clear()


def show_solution(name: str, *, gives_up: bool) -> None:
    """Show how the sample solution differs from the student's files, if these are right."""
    progress = Progress(catalogue.ROOT)
    short = name.rpartition("/")[2]
    if not progress.was_solved(name) and not gives_up:
        raise click.ClickException(
            f"{name} is not solved yet, as far as is known. Check it: course check {short}. To see "
            f"the solution now: course check {short} --solution --give-up"
        )
    if not answers.solution(name):
        raise click.ClickException(f"tests/exercises/{name}/solution.py is missing.")
    lines = answers.difference(name, catalogue.ROOT)
    if all(sign == " " for sign, _ in lines):
        click.echo("Your files are the sample solution.")
        return
    click.echo("Lines with - are yours, lines with + are those of the sample solution.\n")
    for sign, line in lines:
        click.secho(f"{sign} {line}".rstrip(), fg=COLOURS.get(sign))


def _results(names: list[str]) -> list[Result]:
    """Check and return the results; ``ClickException`` if the tests cannot run."""
    try:
        results = list(check.check(names, catalogue.ROOT))
    except JudgeError as error:
        raise click.ClickException(f"The tests cannot run: {error}") from None
    for result in results:
        _remember(result)
    return results


def _remember(result: Result) -> None:
    if result.solved:
        with contextlib.suppress(OSError):  # a folder that cannot be written
            Progress(catalogue.ROOT).solve(result.exercise)


def _show(result: Result, options: Options) -> None:
    _remember(result)
    _say(check.lines(result, everything=options.everything, hints=options.hints))
    if result.solved:
        _say(_after(result.exercise))


def _after(name: str) -> Iterator[str]:
    """Yield what follows a solved exercise."""
    if sentences := answers.what_others_get_wrong(name):
        yield ""
        yield "  What others get wrong here:"
        for sentence in sentences:
            yield f"  - {sentence}"
    yield ""
    short = name.rpartition("/")[2]
    yield f"  The sample solution:  course check {short} --solution"
    if lesson := Progress(catalogue.ROOT).next_open(name):
        yield f"  The next exercise:    course check {lesson.name}  ({lesson.title})"


def _say(lines: list[str] | Iterator[str]) -> None:
    for line in lines:
        click.echo(line)
