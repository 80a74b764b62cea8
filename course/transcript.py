"""The console blocks of the notes: found in the Markdown, read into commands, played and compared.

A block looks as a terminal does. A line that begins with ``$`` is a command, and what follows is
what it prints::

    $ flask --app day01.converters.app run
    $ curl http://127.0.0.1:5000/goods/7
    goods 7

The ``run`` line starts nothing: it picks the lesson for the curl lines after it, in this block and
those that follow. ``NAME=value`` in front of it sets an environment variable while the lesson is
loaded. Other ``flask --app`` commands are run and their output is compared.

A ``run`` line with ``--port 5001`` is a second terminal: that lesson is served for the others to
call, on a port that is free, and its address in the block means this port. ``export NAME=value``
sets variables for the lines after it.

In the output a line ``...`` stands for any lines, and ``...`` within a line for any text.
"""

from __future__ import annotations

import difflib
import importlib
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import Any

from flask import Flask
from markdown_it import MarkdownIt
from werkzeug.serving import WSGIRequestHandler, make_server

from course import curl
from course.catalogue import ROOT
from course.exchange import SERVER_HEADERS, ExchangeError, Session
from course.loading import app_of

_ASSIGNMENT = re.compile(r"[A-Z_][A-Z0-9_]*=")


class TranscriptError(AssertionError):
    """A block that cannot be read or is not true; the message names file and line."""


@dataclass(frozen=True)
class Fence:
    """One fenced block of a Markdown file; ``line`` is the number of its first content line."""

    language: str
    content: str
    line: int
    heading: str


@dataclass(frozen=True)
class Step:
    """One command of a block, and what the notes say it prints."""

    line: int
    command: str
    expected: str
    words: list[str] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def is_run(self) -> bool:
        """Whether it starts a lesson's server."""
        return self.words[:2] == ["flask", "--app"] and self.words[3:4] == ["run"]

    @property
    def address(self) -> str:
        """The address of a second server, empty for the first."""
        if not (self.is_run and "--port" in self.words[:-1]):
            return ""
        return f"127.0.0.1:{self.words[self.words.index('--port') + 1]}"

    @property
    def is_curl(self) -> bool:
        """Whether it sends a request."""
        return self.words[0] == "curl"

    @property
    def app(self) -> str:
        """What ``flask --app`` was told."""
        return self.words[2]


@dataclass(frozen=True)
class Block:
    """One console block; ``before`` holds the steps of its section that lead up to it."""

    path: Path
    line: int
    steps: list[Step]
    before: list[Step]

    @property
    def is_live(self) -> bool:
        """Whether it shows words of the server itself, which only a real one speaks."""
        return any(step.is_run and step.expected for step in self.steps)


def fences(markdown: str) -> list[Fence]:
    """Return the fenced blocks of a Markdown text, each with the heading it stands under."""
    found, heading = [], ""
    # Emphasis and links are of no interest here, and take most of the time.
    tokens = MarkdownIt("commonmark").disable("inline").parse(markdown)
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and following is not None:
            heading = following.content
        elif token.type == "fence" and token.map:
            language = token.info.split()[0] if token.info else ""
            found.append(Fence(language, token.content, token.map[0] + 2, heading))
    return found


def blocks(path: Path) -> list[Block]:
    """Return the console blocks of a Markdown file.

    A block's ``before`` carries the last ``run`` line above it and the steps of its own section,
    so that each block can be played alone. Raises ``TranscriptError`` for a line that is no
    command.
    """
    found: list[Block] = []
    section: list[Step] = []
    heading, run = "", None
    for fence in fences(path.read_text("utf-8")):
        if fence.language != "console":
            continue
        if fence.heading != heading:
            heading, section = fence.heading, []
        steps = list(_steps(fence, path))
        before = section if any(step.is_run for step in section) or run is None else [run, *section]
        found.append(Block(path, fence.line, steps, before))
        section = section + steps
        run = next((step for step in reversed(steps) if step.is_run), run)
    return found


def _steps(fence: Fence, path: Path) -> Iterator[Step]:
    lines = fence.content.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    if not starts or starts[0] != 0:
        raise TranscriptError(f"{path}:{fence.line}: a console block begins with '$ command'.")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        command, rest = lines[start][2:], lines[start + 1 : end]
        while command.endswith("\\") and rest:
            command = command[:-1].rstrip() + " " + rest.pop(0).removeprefix(">").strip()
        try:
            words = shlex.split(command)
        except ValueError as error:
            where = f"{path}:{fence.line + start}"
            raise TranscriptError(f"{where}: {error}: {command}") from error
        environ = {}
        while words and _ASSIGNMENT.match(words[0]):
            name, _, value = words.pop(0).partition("=")
            environ[name] = value
        if not words:
            raise TranscriptError(f"{path}:{fence.line + start}: there is no command: {command}")
        yield Step(fence.line + start, command, "\n".join(rest), words, environ)


def load(import_name: str, config: Mapping[str, Any], environ: Mapping[str, str]) -> Flask:
    """Import a lesson anew and return its app.

    Anew, so that what one block left in a module does not change what the next one sees.
    ``config`` goes to ``create_app`` where the lesson has one: the folder to write to, mostly.
    """
    package = import_name.removesuffix(".app")
    ours = [name for name in sys.modules if name == package or name.startswith(f"{package}.")]
    kept = {name: sys.modules.pop(name) for name in ours}
    try:
        with _environment(environ):
            app = app_of(importlib.import_module(import_name), config)
    finally:
        sys.modules.update(kept)
        if package in kept:  # the import has put the new one into its day, too
            day, _, name = package.rpartition(".")
            setattr(sys.modules[day], name, kept[package])
    return app


@contextmanager
def _environment(given: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a while, and hide what the machine itself tells Flask."""
    kept = dict(os.environ)
    for name in [name for name in kept if name.startswith("FLASK_")]:
        del os.environ[name]
    os.environ.update(given)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def play(block: Block, config: Mapping[str, Any], root: Path = ROOT) -> None:
    """Play a block and what leads up to it; raise ``TranscriptError`` where the notes are not true.

    ``config`` is given to lessons that keep files: tests pass a temporary folder.
    """
    session: Session | None = None
    addresses: dict[str, str] = {}
    exported: dict[str, str] = {}
    with ExitStack() as servers:
        for written in [*block.before, *block.steps]:
            step = _with(written, exported, addresses)
            with _named(block, step):
                if step.words[0] == "export":
                    exported |= dict(word.split("=", 1) for word in step.words[1:])
                elif step.address:
                    app = load(step.app, config, step.environ)
                    addresses[step.address] = servers.enter_context(_serving(app))
                elif step.is_run:
                    session = _session(load(step.app, config, step.environ), root)
                elif step.is_curl:
                    if session is None:
                        raise ExchangeError("no 'flask --app ... run' line stands above this one")
                    _check_request(session, step)
                elif step.words[:2] == ["flask", "--app"]:
                    _check_command(step, config)
                else:
                    raise ExchangeError("only curl and 'flask --app ...' lines can be played")


def _with(step: Step, exported: Mapping[str, str], addresses: Mapping[str, str]) -> Step:
    """Return the step with its variables, and in them the real address of each second server."""
    environ = {**exported, **step.environ}
    for written, real in addresses.items():
        environ = {name: value.replace(written, real) for name, value in environ.items()}
    return replace(step, environ=environ)


class _Quiet(WSGIRequestHandler):
    """Serve without a line per request."""

    def log(self, *_: Any) -> None:
        pass


@contextmanager
def _serving(app: Flask) -> Iterator[str]:
    """Serve an app in a thread; give its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _named(block: Block, step: Step) -> Iterator[None]:
    """Put the place in the notes in front of what went wrong."""
    try:
        yield
    except (ExchangeError, TranscriptError) as error:
        message = f"{block.path}:{step.line}: $ {step.command}\n{error}"
        raise TranscriptError(message) from None


def _session(app: Flask, root: Path) -> Session:
    def read_file(name: str) -> bytes:
        path = (root / name).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise ExchangeError(f"there is no file {name} to send")
        return path.read_bytes()

    return Session(app, read_file)


def _check_request(session: Session, step: Step) -> None:
    line = curl.parse(step.words[1:])
    jars = line.read_jar, line.write_jar
    if line.follow:
        answers = list(session.follow(line.request, *jars, keep_method=line.keep_method))
    else:
        answers = [session.send(line.request, *jars)]
    heads = "".join(answer.head + "\n" for answer in answers)
    shown = heads if line.include or line.head else ""
    if not line.head and not line.output:
        shown += answers[-1].text
    compare(step.expected, shown)


def _check_command(step: Step, config: Mapping[str, Any]) -> None:
    # Imported here: the reader looks for requests only, and is to start fast.
    from click.testing import CliRunner
    from flask.cli import FlaskGroup

    app = load(step.app, config, step.environ)
    runner = CliRunner()
    group = FlaskGroup(create_app=lambda: app, load_dotenv=False)
    with _environment(step.environ):
        result = runner.invoke(group, step.words[3:], prog_name="flask")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    compare(step.expected, result.output)


def compare(expected: str, actual: str) -> None:
    """Raise ``TranscriptError`` with a diff unless the answer is what the notes show."""
    wanted = _tidy(expected)
    got = _tidy(actual)
    pattern = "".join(
        r"(?:.*\n)*?"
        if line.strip() == "..."
        else re.escape(line).replace(re.escape("..."), ".*") + r"\n"
        for line in wanted
    )
    if not re.fullmatch(pattern, "".join(line + "\n" for line in got)):
        diff = difflib.unified_diff(wanted, got, "in the notes", "in truth", lineterm="", n=9)
        raise TranscriptError("\n".join(diff))


def _tidy(text: str) -> list[str]:
    """Drop what says nothing: spaces at line ends, empty lines at the end, the server's headers."""
    lines = [line.rstrip() for line in text.splitlines()]
    in_head, kept = False, []
    for line in lines:
        in_head = line.startswith("HTTP/1.1 ") or (in_head and bool(line))
        if not (in_head and line.partition(":")[0].lower() in SERVER_HEADERS):
            kept.append(line)
    while kept and not kept[-1]:
        kept.pop()
    return kept
