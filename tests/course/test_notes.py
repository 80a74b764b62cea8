"""Every block of the notes is true: played, run as doctest, or quoted from a file of the lesson."""

import contextlib
import doctest
import functools
import itertools
import logging
import logging.config
import os
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import time

import click
import pytest

from course import catalogue, exchange, transcript
from course.catalogue import ROOT
from tests.helpers import free_port, set_up_alembic_logging

LESSONS = catalogue.lessons()
NOTES = [path for lesson in LESSONS if (path := lesson.folder / catalogue.NOTES).is_file()]
BLOCKS = [block for path in NOTES for block in transcript.blocks(path)]
SECTIONS = [
    block
    for block, following in zip(BLOCKS, [*BLOCKS[1:], None], strict=True)
    if following is None or block.steps[-1] not in following.before
]
"""The last console block of each section: to play it is to play those before it."""


def place(path, line):
    return f"{path.relative_to(ROOT).as_posix()}:{line}"


@pytest.fixture(autouse=True)
def quiet_migrations():
    """Take away what another lesson of this process has hung on Alembic's loggers."""
    loggers = [
        logger
        for name, logger in logging.root.manager.loggerDict.items()
        if name.startswith(("alembic", "flask_migrate")) and isinstance(logger, logging.Logger)
    ]
    for logger in loggers:
        logger.handlers[:] = []
        logger.setLevel(logging.NOTSET)


# The ``env.py`` that ``flask db init`` generates calls a deprecated function, and sets up logging.
@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated")
@pytest.mark.parametrize("block", SECTIONS, ids=[place(b.path, b.line) for b in SECTIONS])
def test_the_console_blocks_of_a_section(block, tmp_path, monkeypatch):
    monkeypatch.setattr(logging.config, "fileConfig", set_up_alembic_logging)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # for lessons that call a second one
    try:
        transcript.play(block, {"DATA_FOLDER": tmp_path})
    except transcript.TranscriptError as error:
        pytest.fail(str(error), pytrace=False)


# The client-to-app shortcut must itself be shown to be true: these blocks are played once more with
# a server in a process of its own and the curl of the machine. So is every block that shows what
# the server prints.
REAL_LESSONS = {"day01/converters", "day01/sending_data"}
REAL_BLOCKS = [
    block
    for lesson in LESSONS
    for path in [lesson.folder / catalogue.NOTES]
    for number, block in enumerate(b for b in BLOCKS if b.path == path)
    if block.is_live or (number == 0 and lesson.id in REAL_LESSONS)
]


@pytest.mark.skipif(not shutil.which("curl"), reason="the machine has no curl to play it with")
@pytest.mark.parametrize("block", REAL_BLOCKS, ids=[place(b.path, b.line) for b in REAL_BLOCKS])
def test_console_block_for_real(block):
    steps = [*block.before, *block.steps]
    start = max(number for number, step in enumerate(steps) if step.is_run)
    run, rest = steps[start], steps[start + 1 :]
    here = f"127.0.0.1:{free_port()}"
    there = exchange.HOST
    command = [sys.executable, "-m", *run.words, "--port", here.rpartition(":")[2]]
    environ = os.environ | run.environ | {"PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(
        command, cwd=ROOT, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        wait_until_it_listens(server, here)
        for step in rest:
            words = [word.replace(there, here) for word in step.words]
            curl = subprocess.run(
                [*words, "--silent", "--max-time", "120"],
                check=False,
                cwd=ROOT,
                capture_output=True,
                encoding="utf-8",
            )
            assert curl.returncode == 0, f"{step.command}: curl ended with {curl.returncode}"
            transcript.compare(step.expected, curl.stdout.replace(here, there))
    finally:
        server.terminate()
        printed, _ = server.communicate(timeout=120)
    if run.expected:
        transcript.compare(run.expected + "\n...", click.unstyle(printed).replace(here, there))


def wait_until_it_listens(server, address):
    host, _, port = address.partition(":")
    while True:  # pytest's own limit ends what never listens
        assert server.poll() is None, f"the server ended: {server.stdout.read()}"
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=60):
            return
        time.sleep(0.05)


each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.id for lesson in LESSONS])


@each_lesson
def test_the_snippets_are_quoted_from_the_lesson(lesson):
    made_up = [
        f"{place(lesson.folder / catalogue.NOTES, fence.line)}: is in no file of the lesson\n"
        + fence.content
        for fence in transcript.fences(lesson.notes)
        if fence.language not in {"console", "pycon"} and not is_quoted(lesson, fence.content)
    ]
    if made_up:
        pytest.fail("\n".join(made_up), pytrace=False)


@each_lesson
def test_the_python_sessions_print_what_the_notes_show(lesson):
    report = "".join(doctest_reports(lesson))
    if report:
        pytest.fail(report, pytrace=False)


def is_quoted(lesson, quote):
    return any(
        "\n" + textwrap.indent(textwrap.dedent(quote), " " * depth) in "\n" + text
        for text in texts_of(lesson)
        for depth in range(0, 17, 2)
    )


@functools.cache
def texts_of(lesson):
    """Return the texts of a lesson's files, and of those of its day that are in no lesson."""
    paths = [*lesson.files(), *of_the_day(lesson.folder.parent)]
    return [path.read_text("utf-8") for path in paths if path.suffix in catalogue.TEXT_SUFFIXES]


def of_the_day(folder):
    """Return a day's files that are in none of its lessons, such as day 6's ``wsgi.py``."""
    lessons = {lesson.folder for lesson in LESSONS}
    return [path for path in folder.rglob("*") if path.is_file() and not lessons & {*path.parents}]


def doctest_reports(lesson):
    """Yield what is wrong in each section; its blocks are one session, numbered as in the notes."""
    path = lesson.folder / catalogue.NOTES
    sessions = [fence for fence in transcript.fences(lesson.notes) if fence.language == "pycon"]
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    for _, fences in itertools.groupby(sessions, key=lambda fence: fence.heading):
        text = ""
        for fence in fences:
            text += "\n" * (fence.line - 1 - text.count("\n")) + fence.content
        test = doctest.DocTestParser().get_doctest(text, {}, lesson.id, str(path), 0)
        doctest.DocTestRunner(verbose=False, optionflags=flags).run(test, out=(report := []).append)
        yield from report


@each_lesson
def test_notes_follow_the_rhythm(lesson):
    headings = re.findall(r"^## (.+)$", lesson.notes, re.MULTILINE)
    rhythm = ["The idea", "The code", "Try it", "What older notes say", "In short"]
    assert [heading for heading in headings if heading in rhythm] == rhythm
    assert lesson.title
    assert lesson.summary.endswith(".")
