"""The ready-made requests of a lesson: the curl lines of its notes."""

from __future__ import annotations

from dataclasses import dataclass

from .. import curl
from ..catalogue import NOTES, Lesson
from ..exchange import ExchangeError
from ..transcript import TranscriptError, blocks


@dataclass(frozen=True)
class Try:
    """One request, as text to edit; ``cookies`` tells whether the notes keep them."""

    label: str
    text: str
    cookies: bool


def tries(lesson: Lesson) -> tuple[list[Try], dict[int, int]]:
    """Return the requests, each once, and for every line of the notes the number of its request.

    A line that is sent to another app, or to one started with a variable set, is left out: here
    it would be answered differently. Notes that are being edited may not be readable: then none.
    """
    found: dict[Try, int] = {}
    lines: dict[int, int] = {}
    here = False
    try:
        for block in blocks(lesson.folder / NOTES):
            for step in block.steps:
                if step.is_run:
                    here = step.app == lesson.import_name and not step.environ
                elif step.is_curl and here:
                    line = curl.parse(step.words[1:])
                    request = line.request
                    label = f"{request.method} {request.target}"
                    cookies = bool(line.read_jar or line.write_jar)
                    each = Try(label, request.to_text(), cookies)
                    lines[step.line] = found.setdefault(each, len(found))
    except (TranscriptError, ExchangeError):
        return [], {}
    return list(found), lines
