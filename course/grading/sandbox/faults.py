"""What can go wrong with a submission, in words for its author."""

from __future__ import annotations

import contextlib
import signal
import unicodedata
from typing import Any

from course.grading.results import Kind

MESSAGE = 4000
"""Characters of a test's message that are kept."""


class AppFaultError(Exception):
    """The submission's app did not do its part: ``kind`` for machines, the text for people."""

    def __init__(self, kind: Kind, text: str) -> None:
        self.kind = kind
        super().__init__(text)


class BoxError(Exception):
    """The box itself does not work; never the fault of a submission."""


def readable(text: str) -> str:
    """Return a text that was made by strangers: no longer than needed, nothing to obey in it."""
    if len(text) > MESSAGE:
        text = f"{text[: MESSAGE * 3 // 4]}\n...\n{text[-MESSAGE // 4 :]}"
    return "".join(
        c
        if c == "\n" or c.isprintable() or unicodedata.category(c) == "Zs"
        else "\N{REPLACEMENT CHARACTER}"
        for c in text.expandtabs(4)
    )


def failure_text(raised: Any) -> str:
    """Say in plain words what a submission raised, with its file and line."""
    if not isinstance(raised, dict):
        return "The app failed, and said nothing that can be read."
    kind, message = str(raised.get("type"))[:100], str(raised.get("message"))[:500]
    place = f" ({raised['file']}:{raised.get('line')})" if raised.get("file") else ""
    module = raised.get("module")
    if kind in {"ModuleNotFoundError", "ImportError"} and module:
        if kind == "ModuleNotFoundError":
            return (
                f"The package {module!r} is not installed{place}. Exercises need only what the "
                "course installs: look for a spelling mistake in the import."
            )
        return f"The import does not work: {message}{place}"
    if kind in {"SyntaxError", "IndentationError", "TabError"}:
        return f"Python cannot read the file{place}: {message}"
    if kind == "SystemExit":
        return f"The file ends the program with exit({message}){place}."
    if kind == "AttributeError" and "neither" in message:
        return (
            "The file has no app: it must define `app = Flask(__name__)`, or a function "
            "`create_app` that returns one."
        )
    return f"{kind}: {message}{place}"


def exit_text(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    names = {9: "killed (SIGKILL), for example for too much memory", 24: "too much computing time"}
    with contextlib.suppress(ValueError):
        return names.get(-code, signal.Signals(-code).name)
    return f"signal {-code}"
