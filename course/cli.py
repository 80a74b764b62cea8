"""The command line of the course: ``course``, ``course list``, ``course run day01/hello``."""

from __future__ import annotations

import io
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from course import catalogue

if TYPE_CHECKING:
    import socket

    from course.progress import Progress

READER_PORT = 5050
"""Where the reader listens. Lessons use 5000, as the notes say."""
LESSON_PORT = 5000
PORTS_TRIED = 20

_PORT = click.IntRange(1, 65535)


def _serve_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of ``course serve``, which ``course`` alone has, too."""
    port = f"Where to listen; without it, the first free port from {READER_PORT} on."
    command = click.option("--no-browser", is_flag=True, help="Only print the address.")(command)
    return click.option("--port", type=_PORT, help=port)(command)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@_serve_options
@click.pass_context
def main(context: click.Context, port: int | None, no_browser: bool) -> None:
    """Flask in six days. Without a command: open the course in the browser."""
    for stream in (sys.stdout, sys.stderr):
        # A console that cannot show a letter shows a question mark, instead of a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if context.invoked_subcommand is None:
        context.invoke(serve, port=port, no_browser=no_browser)
    elif port or no_browser:
        raise click.UsageError(
            f"Write the option after the command: course {context.invoked_subcommand} ..."
        )


@main.command()
@_serve_options
def serve(port: int | None = None, no_browser: bool = False) -> None:
    """Open the course: notes, source and live lessons on one page."""
    import secrets
    import threading
    import webbrowser

    from course.reader.server import create_server, listen

    listener = _listen(port)
    chosen = listener.getsockname()[1]
    if port is None and chosen != READER_PORT:
        click.echo(f"Port {READER_PORT} is taken by another program, so this is {chosen}.")
    behind = listen([*range(chosen + 1, chosen + 1 + PORTS_TRIED), 0])
    if behind is None:
        raise click.ClickException("There is no free port for the lessons.")
    token, ticket = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    address = f"http://127.0.0.1:{chosen}/?token="
    click.echo(f"Flask in six days is at {address}{token}  (Ctrl+C ends it)")
    if not no_browser and _has_screen():
        # The listener already queues requests, so the browser may come before the server is up.
        # Other users of the machine can see the browser's arguments: these are good for one time.
        opened = (address + ticket,)
        threading.Thread(target=webbrowser.open, args=opened, daemon=True).start()
    # Ended from outside, too, the process with the lessons and its folder are cleared away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from course.reader import create_reader
    from course.reader.process import WorkerProcess

    worker = WorkerProcess(catalogue.ROOT, behind, token=token)
    try:
        create_server(
            create_reader(token=token, ticket=ticket, worker=worker), listener
        ).serve_forever()
    finally:
        worker.close()
        listener.close()


def _listen(port: int | None) -> socket.socket:
    """Return a listening socket; ``SystemExit`` 1 with the way out where there is no port."""
    from course.reader.server import listen

    ports = [port] if port else range(READER_PORT, READER_PORT + PORTS_TRIED)
    if (listener := listen(ports)) is not None:
        return listener
    taken = f"Port {port} is" if port else f"Ports {ports[0]} to {ports[-1]} are"
    raise click.ClickException(f"{taken} not free. Choose another: course --port 8000")


def _has_screen() -> bool:
    """Tell whether a browser can show itself; on a bare Linux console one would take it over."""
    return sys.platform in {"win32", "darwin"} or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


@main.command("list")
def list_lessons() -> None:
    """Show the days and their lessons, a line each."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from course.progress import Progress

    progress = Progress(catalogue.ROOT)
    console = Console(highlight=False)
    for day in catalogue.days():
        console.print(f"\n[bold]{escape(day.title)}[/bold]")
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column()
        for lesson in day.lessons:
            summary = _marked(lesson.summary)
            if lesson.exercise:
                summary += f" [dim](exercise{_solved(progress, lesson.id)})[/dim]"
            table.add_row(f"  {lesson.id}", summary)
        console.print(table)
    console.print()


def _solved(progress: Progress, lesson: str) -> str:
    """Say whether an exercise is solved, as it was found at its last check."""
    if progress.is_solved(lesson):
        return ", solved"
    return ", solved before its last change" if progress.was_solved(lesson) else ""


def _marked(summary: str) -> str:
    """Return a summary, which is Markdown, as rich shows it: code bold, no backticks."""
    from rich.markup import escape

    return re.sub(r"`([^`]+)`", r"[bold]\1[/bold]", escape(summary))


@main.command()
@click.argument("lesson")
@click.option(
    "--port",
    type=_PORT,
    help=f"Where to listen; without it, the first free port from {LESSON_PORT} on.",
)
def run(lesson: str, port: int | None) -> None:
    """Run one lesson alone (``day01/hello``), with Flask's own development server."""
    from flask.cli import cli as flask

    from course.reader.server import listen

    try:
        found = catalogue.find(lesson)
    except catalogue.UnknownLessonError as error:
        raise click.UsageError(str(error)) from None
    if port is None and "WERKZEUG_RUN_MAIN" in os.environ:  # the reloader's second process
        port = int(os.environ["COURSE_RUN_PORT"])
    elif port is None:
        free = listen(range(LESSON_PORT, LESSON_PORT + PORTS_TRIED))
        if free is None:
            last = LESSON_PORT + PORTS_TRIED - 1
            raise click.ClickException(
                f"Ports {LESSON_PORT} to {last} are not free. Choose another: --port 8000"
            )
        port = free.getsockname()[1]
        free.close()
        os.environ["COURSE_RUN_PORT"] = str(port)
        if port != LESSON_PORT:
            click.echo(
                f"Port {LESSON_PORT} is taken by another program, so this is {port}: "
                f"write {port} in the URLs of the notes."
            )
    command = ["--app", found.import_name, "run", "--debug", "--port", str(port)]
    click.echo("$ " + " ".join(["flask", *command]))
    flask.main(command, prog_name="flask")


@main.command()
@click.argument("exercise", required=False)
@click.option("--all", "everything", is_flag=True, help="Show every failure, not the first only.")
@click.option("--hint", "hints", is_flag=True, help="Show hints.")
@click.option("--watch", is_flag=True, help="Check again at each save, and walk on when solved.")
@click.option("--solution", is_flag=True, help="Compare your files with the sample solution.")
@click.option("--give-up", is_flag=True, help="With --solution: before it is solved.")
def check(
    exercise: str | None,
    everything: bool,
    hints: bool,
    watch: bool,
    solution: bool,
    give_up: bool,
) -> None:
    """Check an exercise (``custom_converter``) and say what to mend.

    Without a name: the exercise of the lesson in whose folder you are, or else all of them.
    """
    from course.grading import check as checking
    from course.grading import terminal
    from course.progress import Progress

    options = terminal.Options(everything, hints)
    root = catalogue.ROOT
    name = exercise or terminal.here(Path.cwd())
    if give_up and not solution:
        raise click.UsageError("--give-up goes with --solution.")
    if solution and not name:
        raise click.UsageError("Name the exercise: course check custom_converter --solution")
    try:
        found = checking.find(name, root) if name else None
    except (catalogue.UnknownLessonError, checking.NoExerciseError) as error:
        raise click.UsageError(str(error)) from None
    if found and solution:
        terminal.show_solution(found, gives_up=give_up)
    elif watch:
        first = found or Progress(root).next_open("")
        if first is None:
            click.echo("All exercises are solved.")
        else:
            start = first if isinstance(first, str) else first.id
            terminal.watch(start, options, walks_on=not exercise)
    elif found:
        sys.exit(not terminal.check_one(found, options))
    else:
        sys.exit(not terminal.check_all(checking.in_order(root), options))


@main.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("site"),
    show_default=True,
    help="Where the site goes: a folder that is new, empty, or an earlier build.",
)
@click.option("--live", is_flag=True, help="Lessons run in the visitor's browser. Needs npm.")
def build(out: Path, live: bool) -> None:
    """Write the course as a static site, which any web server can show, below any path."""
    from course.site import build as building

    try:
        site = building.build(out, live=live)
    except building.SiteError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{site.folder}: {site.pages} pages, {site.size / 1e6:.1f} MB. To look at it:")
    click.echo(f"python -m http.server --directory {out}")


@main.group()
def new() -> None:
    """Lay out a new lesson or exercise (for those who write them; see CONTRIBUTING.md)."""


@new.command("lesson")
@click.argument("name")
@click.option("--title", default="", help="Such as 'Sending mail'; without it, made of the name.")
@click.option("--after", default="", help="The lesson of the day that comes before it.")
def new_lesson(name: str, title: str, after: str) -> None:
    """Lay out the lesson NAME, such as day02/greetings: app, notes, tests, its place in the day."""
    from course import new as laying

    _laid_out(lambda: laying.lesson(name, title, after))
    click.echo("Fill in each TODO. What is still missing:  pytest tests/test_tree.py")
    click.echo("Then write the index anew:                 python -m course.reference")


@new.command("exercise")
@click.argument("name")
def new_exercise(name: str) -> None:
    """Lay out the exercise of the lesson NAME: starter, tests, solution and a wrong answer."""
    from course import new as laying

    _laid_out(lambda: laying.exercise(name))
    click.echo(f"Fill in each TODO. What is still missing:  pytest tests/course -k {name}")


def _laid_out(lay_out: Callable[[], list[Path]]) -> None:
    from course.new import NewError

    try:
        written = lay_out()
    except NewError as error:
        raise click.UsageError(str(error)) from None
    for path in written:
        click.echo(path.relative_to(catalogue.ROOT).as_posix())


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@main.command()
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="FOLDER...",
)
@click.option(
    "--exercise",
    "exercises",
    multiple=True,
    help="Grade this one, such as converters (repeatable).",
)
@click.option(
    "--tests",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Tests of your own, laid out like tests/exercises; students never see them.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("grades"),
    show_default=True,
    help="Where the gradebook goes. Each call adds to it.",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Side by side (default: cores + 2).")
@click.option(
    "--isolation", type=click.Choice(["strong", "process"]), help="Default: strong on Linux."
)
@click.option("--due", help="End of the time, such as 2026-03-01T23:59+08:00; or never.")
@click.option("--late", default="10%/day", show_default=True, help="What a late day costs.")
@click.option("--grace", default="15m", show_default=True, help="How long late is not late.")
@click.option("--times", type=_FILE, help="CSV file: student, submitted.")
@click.option(
    "--attempts",
    type=click.Choice(["best", "last", "refuse"]),
    help="Which of several attempts of a student counts (default: best).",
)
@click.option("--names", type=_FILE, help="CSV file: name (or github_username), student.")
@click.option("--groups", type=_FILE, help="CSV file: group, student; each member gets the mark.")
@click.option(
    "--roster", type=_FILE, help="Moodle's grading worksheet or Canvas's gradebook, to be filled."
)
@click.option("--column", help="The roster's column to fill.")
@click.option("--scheduler", help="Grade on a dask cluster, such as tcp://10.0.0.5:8786.")
@click.option("--force", is_flag=True, help="Grade again what is graded already.")
@click.option("--regrade", multiple=True, metavar="STUDENT", help="Grade this one again.")
@click.option("--open", "is_opened", is_flag=True, help="Show the page in the browser.")
def grade(
    folders: tuple[Path, ...],
    exercises: tuple[str, ...],
    tests: Path | None,
    out: Path,
    workers: int | None,
    isolation: str | None,
    due: str | None,
    late: str,
    grace: str,
    times: Path | None,
    attempts: str | None,
    names: Path | None,
    groups: Path | None,
    roster: Path | None,
    column: str | None,
    scheduler: str | None,
    force: bool,
    regrade: tuple[str, ...],
    is_opened: bool,
) -> None:
    """Grade every submission in the folders (folders, archives, files) and write a gradebook.

    To change a mark by hand, add a line to changes.csv in the gradebook's folder (student, exercise
    or nothing, a score such as 8, +1 or -2, comment) and call "course grades" or this again.
    """
    from rich.console import Console
    from rich.markup import escape

    from course.grading.classroom import session, show
    from course.grading.classroom.files import ClassroomError
    from course.grading.classroom.marks import Attempts
    from course.grading.submission import TESTS

    console = Console(highlight=False, soft_wrap=True)
    options = session.Options(
        folders=tuple(folder.absolute() for folder in folders),
        out=out.absolute(),
        exercises=exercises,
        tests=(tests or TESTS).absolute(),
        isolation=isolation,
        workers=workers or 0,
        scheduler=scheduler,
        due=due,
        late=late,
        grace=grace,
        times=times,
        attempts=Attempts(attempts) if attempts else None,
        names=names,
        groups=groups,
        roster=roster,
        column=column,
        force=force,
        regrade=regrade,
    )
    try:
        with console.status("", spinner="line") as status:

            def say(line: str) -> None:
                console.print(line, markup=False)

            code = session.grade(options, say, lambda line: status.update(escape(line)))
    except ClassroomError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.ClickException(_about(error)) from None
    except KeyboardInterrupt:
        click.echo("\nInterrupted. What is graded is kept; the same command goes on from there.")
        sys.exit(130)
    if is_opened:
        show.show_page(options.out / session.REPORT, click.echo)
    sys.exit(code)


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--open", "is_opened", is_flag=True, help="Show the page in the browser.")
def grades(folder: Path, is_opened: bool) -> None:
    """Write a graded FOLDER's files anew, with the changes of its changes.csv; grade nothing."""
    from course.grading.classroom import session, show
    from course.grading.classroom.files import ClassroomError

    try:
        page = session.show(folder.absolute(), click.echo)
    except ClassroomError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.ClickException(_about(error)) from None
    click.echo(f"wrote {page}")
    if is_opened:
        show.show_page(page, click.echo)


def _about(error: OSError) -> str:
    """Return what the system says about a file, and that no mark is lost."""
    name = error.filename or "A file"
    return f"{name}: {error.strerror}. What is graded is kept; run the same command again."
