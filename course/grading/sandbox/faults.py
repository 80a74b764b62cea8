"""What can go wrong with a submission, in words for its author."""

from __future__ import annotations

import contextlib
import re
import signal
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from course.grading.results import Kind
from course.grading.sandbox.wire import Code

MESSAGE = 4000
"""Characters of a test's message that are kept."""


class AppFaultError(Exception):
    """The submission's app did not do its part: ``kind`` for machines, the text for people."""

    def __init__(
        self,
        kind: Kind,
        text: str,
        *,
        late: bool = False,
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        self.kind = kind
        self.notes = notes or {}
        """What the app's process noted of it (``witness``)."""
        self.late = late
        """Whether time ran out; too much of it ends the exercise."""
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


def failure_text(raised: object) -> str:
    """Say in plain words what a submission raised, with its file and line."""
    if not isinstance(raised, Mapping):
        return "The app failed, and said nothing that can be read."
    kind, message = str(raised.get("type"))[:100], str(raised.get("message"))[:500]
    frames = names_of_frames(raised.get("frames"))
    place = f" ({frames[-1][0]}:{frames[-1][1]})" if frames else ""
    module = raised.get("module")
    if raised.get("code") == Code.NO_APP:
        return (
            "The file has no app: it must define `app = Flask(__name__)`, or a function "
            "`create_app` that returns one."
        )
    if raised.get("code") == Code.NOT_AN_APP:
        found = "None" if message == "NoneType" else f"a value of the type {message}"
        return (
            f"create_app returned {found}{place}. It must return the app: its last line is "
            "`return app`."
        )
    if raised.get("code") == Code.STARTS_SERVER:
        return (
            f"The file starts a server while it is imported{place}. Remove the call of "
            '`app.run()`, or put it below `if __name__ == "__main__":`.'
        )
    match kind:
        case "ModuleNotFoundError" if module:
            return (
                f"The package {module!r} is not installed{place}. Exercises need only what the "
                "course installs: look for a spelling mistake in the import."
            )
        case "ImportError" if module:
            # Python names the file of the package, which is a path of this machine.
            message = re.sub(r" \([^()]*[/\\][^()]*\)$", "", message)
            return f"The import does not work: {message}{place}"
        case "SyntaxError" | "IndentationError" | "TabError":
            return f"Python cannot read the file{place}: {message}"
        case "SystemExit":
            return f"The file ends the program with exit({message}){place}."
        case "EOFError" if "EOF when reading a line" in message:
            return f"The file waits for input(){place}: take the value from the request instead."
    # Some exceptions of libraries have a page of text.
    first = message.partition("\n")[0]
    return f"{kind}: {first}{place}" if first else f"{kind}{place}"


def names_of_frames(frames: object) -> list[tuple[str, int]]:
    """Return file and line of each frame; files are named as seen from the exercise's folder."""
    return [
        (re.sub(r"^day\w+/\w+/", "", frame[0])[:100], frame[1])
        for frame in (frames if isinstance(frames, list) else [])
        if isinstance(frame, list)
        and len(frame) >= 2
        and isinstance(frame[0], str)
        and isinstance(frame[1], int)
    ]


def error_text(kind: str, message: str, role: str = "", name: str = "") -> str:
    """Say in plain words what an app raised, while the function ``name`` answered."""
    message = re.sub(r"\w+\.<locals>\.", "", message)
    if kind != "TypeError" or "did not return a valid response" not in message:
        return f"{kind}: {message}" if message else kind
    kind = f"{role} hook" if role.endswith("_request") else role or "view"
    who = f"the {kind} {name}".rstrip()
    if "returned None" in message:
        return f"{who} returns None: is a `return` missing?"
    found = re.search(r"it was an? (\w+)", message)
    what = f"a value of the type {found[1]}" if found else "something else"
    return f"{who} returns {what}: expected text, a dict, a list or a tuple."


def exit_text(code: int) -> str:
    """Say how a process ended: its exit code, or the name of the signal (negative)."""
    if code >= 0:
        return f"exit code {code}"
    names = {9: "killed (SIGKILL), for example for too much memory", 24: "too much computing time"}
    with contextlib.suppress(ValueError):
        return names.get(-code, signal.Signals(-code).name)
    return f"signal {-code}"


def printed_by_author(output: str) -> str:
    """Return what an app printed, without tracebacks and without the lines that Flask logs."""
    # What faulthandler wrote is read for the place.
    output = re.split(r"^(?:Timeout \(|(?:Current thread|Thread) 0x)", output, flags=re.MULTILINE)[
        0
    ]
    kept, is_traceback = [], False
    for line in output.splitlines():
        if re.match(r"Traceback |\[.*\] ERROR in app: |(?:During|The above) .*exception", line):
            is_traceback = True
        elif not is_traceback:
            kept.append(line)
        elif re.match(r"[\w.]+(?:: |$)", line):  # the exception itself ends it
            is_traceback = False
    return "\n".join(kept).strip()


def place_of_stop(output: str, names: Iterable[str]) -> tuple[str, int, str] | None:
    """Return file, line and function at which a traceback of ``faulthandler`` was last.

    Only the submission's own files count. The words come from the submission's output: they are
    for people, and decide nothing.
    """
    own = {name.rpartition("/")[2] for name in names}
    for file, line, function in re.findall(r'File "([^"\n]*)", line (\d+) in (\S+)', output):
        name = re.split(r"[/\\]", file)[-1]
        if name in own and "site-packages" not in file:
            return name, int(line), function
    return None
