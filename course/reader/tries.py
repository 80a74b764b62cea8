"""The ready-made requests of a lesson: the curl lines of its notes."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from typing import Any

from course import curl
from course.catalogue import NOTES, Lesson
from course.exchange import HOST, ExchangeError
from course.transcript import TranscriptError, blocks


@dataclass(frozen=True)
class Try:
    """One request, as text to edit.

    ``files`` are the names in it that stand for files. ``jar`` says where its cookies are read and
    written: ``jar.txt``, ``read>write``, or nothing. ``module`` is the app of the lesson it is for.
    """

    label: str
    text: str
    files: tuple[str, ...] = ()
    jar: str = ""
    follow: bool = False
    module: str = "app"
    fails: bool = False
    """Whether the notes show a response that tells of an error."""


def of_line(line: curl.CurlLine, module: str = "app") -> Try:
    """Return what a curl line asks for as a request to try."""
    request = line.request
    same = line.read_jar == line.write_jar
    return Try(
        f"{request.method} {request.target}",
        request.to_text(),
        tuple(dict.fromkeys(file.name for file in request.files)),
        line.read_jar if same else f"{line.read_jar}>{line.write_jar}",
        line.follow,
        module,
    )


def tries(lesson: Lesson) -> tuple[list[Try], dict[int, int]]:
    """Return the requests, each once, and for every line of the notes the number of its request.

    A line that is sent to another lesson, or to one started with a variable set, is left out: here
    the response would be another. Notes that are being edited may not be readable: then none.
    """
    found: dict[Try, int] = {}
    lines: dict[int, int] = {}
    package = f"{lesson.day}.{lesson.name}"
    module = ""
    try:
        for block in blocks(lesson.folder / NOTES):
            for step in block.steps:
                if step.is_run:
                    name = step.app.removeprefix(f"{package}.")
                    name = "app" if step.app == lesson.import_name else name
                    fits = name == "app" or lesson.module(name) == step.app
                    module = name if fits and not step.environ else ""
                elif step.is_curl and module:
                    each = of_line(curl.parse(step.words[1:]), module)
                    if re.match(r"HTTP/1\.1 [45]", step.expected):
                        each = replace(each, fails=True)
                    lines[step.line] = found.setdefault(each, len(found))
    except (TranscriptError, ExchangeError):
        return [], {}
    for command in lesson.exercise_commands():
        with contextlib.suppress(ExchangeError):
            found.setdefault(of_line(curl.parse_line(command), "exercise"), len(found))
    return list(found), lines


_MOUNTED = re.compile(r"^https?://[\w.]+(?::\d+)?/run/(\w+/\w+)/(\w+)(/\S*)?$")


def understand(text: str) -> dict[str, Any] | None:
    """Read a curl line or a URL into a request; None where the text is a request already.

    Raises ``ExchangeError`` for a curl line or URL that cannot be sent.
    """
    text = text.strip().removeprefix("$ ").replace("\\\n", " ")
    if match := _MOUNTED.match(text):
        # The address of a mounted lesson, as the browser shows it.
        found = of_line(curl.parse([f"http://{HOST}{match[3] or '/'}"]), match[2])
    elif re.match(r"https?://\S+$|[\w.]+:\d+/\S*$", text):
        found = of_line(curl.parse([text]))
    elif re.match(r"curl(\.exe)?\s", text):
        found = of_line(curl.parse_line(text))
    else:
        return None
    return {
        "request": found.text,
        "files": list(found.files),
        "jar": found.jar,
        "follow": found.follow,
        "module": found.module,
    }
