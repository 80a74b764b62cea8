"""What went wrong in the app, from the notes that its process made: the error, the cause, the line.

The notes are a submission's word (``sandbox.witness``): they are read with care, and decide about
the words of a message alone.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from werkzeug import exceptions

from course.catalogue import EXERCISE
from course.grading.judge.causes import CAUSES, Cause
from course.grading.sandbox.faults import error_text, names_of_frames

RULES = 6
"""The most rules that a message lists: those that are most like the path."""
SOURCE = 2**15
LINE = 200
TEXT = 300
"""Characters that are looked at of the exercise, of a line of it, and of a message."""


@dataclass(frozen=True)
class Function:
    """A function of the student's that the app knows: what it is to the app, and where it is."""

    role: str = ""
    name: str = ""
    place: str = ""

    @classmethod
    def of(cls, data: object) -> Function:
        """Read what the app's process noted."""
        if not isinstance(data, Mapping):
            return cls()
        frames = names_of_frames([[data.get("file"), data.get("line")]])
        place = f"{frames[0][0]}:{frames[0][1]}" if frames and frames[0][0] else ""
        return cls(_short(data.get("role")), _short(data.get("name")), place)


@dataclass(frozen=True)
class Finding:
    """What a failed test knows beside its own words."""

    error: str = ""
    """What the app raised, with the line; empty where it raised nothing that matters."""
    cause: str = ""
    place: str = ""
    """The student's line, ``exercise.py:7``: of the error, or of the function that answered."""
    key: str = ""
    """The same for all tests that the same error stops; empty where there is none."""
    is_first: bool = False
    """Whether it is told before other failures."""
    may_hint: bool = True

    def lines(self) -> Iterator[str]:
        """Yield what a message says of it."""
        if self.error:
            yield f"The app:   {self.error}"
        if self.cause:
            yield f"Cause:     {self.cause}"


@dataclass(frozen=True)
class Sent:
    """What of a request and its response a cause may look at."""

    status: int = 0
    kind: str = "none"
    path: str = ""


@dataclass
class _Symptom:
    error: str = ""
    says: str = ""
    line: str = ""
    status: str = ""
    kind: str = ""
    source: str = ""
    is_exception: bool = False
    """Whether what was raised is not an HTTP status."""
    answered: Function = field(default_factory=Function)
    functions: tuple[Function, ...] = ()
    values: dict[str, str] = field(default_factory=dict)


def diagnose(
    notes: Mapping[str, Any], files: Mapping[str, bytes], sent: Sent, *, is_error: bool = True
) -> Finding:
    """Return what is known of a failure.

    ``is_error`` tells whether the status is another than the test expected. If it is not, what the
    app raised is part of the expected behaviour.
    """
    answered = Function.of(notes.get("answered"))
    logged = _mapping(notes.get("logged"))
    if logged and not notes.get("raised"):  # caught, and not the response that was expected
        notes, is_error = {"answered": notes.get("answered"), "raised": logged}, True
    if not is_error:
        notes = {"answered": notes.get("answered")}
        if answered.role != "before_request" or sent.status >= 300:
            sent, answered = Sent(), Function(place=answered.place)
    hook = notes.get("hook")
    raised = _mapping(notes.get("raised"))
    frames = names_of_frames(raised.get("frames"))
    place = _own(frames) or (answered.place if raised or notes.get("answered") else "")
    is_http = isinstance(raised.get("status"), int)
    functions = tuple(map(Function.of, _list(notes.get("functions"))))
    if raised and answered.role != "error handler":
        answered = _running(raised, functions) or answered
    symptom = _Symptom(
        error=_short(raised.get("type")),
        says=_short(raised.get("message")),
        line=_line(files, _own(frames)),
        status=str(sent.status or ""),
        kind=sent.kind,
        source=_source(files),
        answered=answered,
        functions=functions,
        is_exception=bool(raised) and not is_http,
        values=_values(notes, raised, files, sent.path),
    )
    if isinstance(hook, Mapping):
        symptom.error, symptom.is_exception = "HookReturned", True
        symptom.answered = Function.of(hook)
        symptom.values["function"] = symptom.answered.name
        place = symptom.answered.place
        error = f"the {symptom.answered.role} hook {symptom.answered.name} returned None"
        if (found := _short(hook.get("returned"))) != "NoneType":
            error = error.replace("None", f"a value of the type {found}")
    else:
        error = _error(raised, answered)
    cause, text, function = _find(symptom)
    if function.place and (not _own(frames) or (cause and cause.role == "error handler")):
        place = function.place
    if not _is_of_exercise(place):  # a lesson's, which is as it should be
        place = ""
    key = ""
    if error and not is_http:
        key = f"{symptom.error} {place or error}"
    elif cause and not cause.hint:
        key = f"{text} {sent.path}"
    return Finding(
        error=f"{error} ({place})" if error and place else error,
        cause=text,
        place=place,
        key=key,
        is_first=cause is not None and cause.first,
        may_hint=cause.hint if cause else is_http or not error,
    )


def _running(raised: Mapping[str, Any], functions: tuple[Function, ...]) -> Function | None:
    """Return the function of the app in which something was raised."""
    for *_, name in reversed([each for each in _list(raised.get("frames")) if each]):
        for function in functions:
            if function.name == name:
                return function
    return None


def _find(symptom: _Symptom) -> tuple[Cause | None, str, Function]:
    """Return the first cause that fits, its text, and the function that it names.

    An exception says more than what can be guessed from the status. Slips that can be read in the
    file come last.
    """
    for cause in CAUSES:
        if cause.is_slip or (symptom.is_exception and not cause.error and not cause.says):
            continue
        groups = dict(symptom.values)
        if not (
            _fits(cause.error, symptom.error, groups, whole=True)
            and _fits(cause.status, symptom.status, groups, whole=True)
            and _fits(cause.kind, symptom.kind, groups, whole=True)
            and _fits(cause.says, symptom.says, groups)
            and _fits(cause.line, symptom.line, groups)
        ):
            continue
        function = symptom.answered
        if cause.role:
            known = symptom.functions
            if "function" in groups and symptom.error != "HookReturned":
                wanted = [f for f in known if f.name == groups["function"]]
            else:
                wanted = [symptom.answered]
            fitting = [f for f in wanted if re.fullmatch(cause.role, f.role)]
            if not fitting:
                continue
            function = fitting[0]
            groups.setdefault("function", function.name)
        try:
            source = cause.source.format(**{name: re.escape(v) for name, v in groups.items()})
            if not _fits(source, symptom.source, groups):
                continue
            return cause, cause.text.format(**groups), function
        except KeyError:  # what the text names is not known here
            continue
    slip, text = _slip(symptom.source)
    return slip, text, Function()


@functools.lru_cache(maxsize=16)
def _slip(source: str) -> tuple[Cause | None, str]:
    """Return the first slip that can be read in a file, and its text."""
    for cause in CAUSES:
        groups: dict[str, str] = {}
        if cause.is_slip and _fits(cause.source, source, groups):
            return cause, cause.text.format(**groups)
    return None, ""


def _fits(pattern: str, text: str, groups: dict[str, str], *, whole: bool = False) -> bool:
    if not pattern:
        return True
    match = re.fullmatch(pattern, text) if whole else re.search(pattern, text, re.MULTILINE)
    if match is None:
        return False
    groups.update({name: value for name, value in match.groupdict().items() if value})
    return True


def _error(raised: Mapping[str, Any], answered: Function) -> str:
    """Say what was raised; nothing where an HTTP status says all of it."""
    if not raised:
        return ""
    kind, message = _short(raised.get("type")), _short(raised.get("message"))
    if "status" in raised:
        if "key" in raised:
            return f"{kind}: the request has no {_short(raised['key'])!r}"
        usual = getattr(getattr(exceptions, kind, None), "description", None)
        if usual is not None and message == _short(usual):
            own = names_of_frames(raised.get("frames"))
            return f"{kind} was raised in this line" if own else ""
        return f"{kind}: {message}" if message and kind != "RequestRedirect" else ""
    # SQLAlchemy adds the statement and a link.
    message = re.split(r" \[SQL: | \(Background on this error", message)[0]
    return error_text(kind, message, answered.role, answered.name)


def _values(
    notes: Mapping[str, Any], raised: Mapping[str, Any], files: Mapping[str, bytes], path: str
) -> dict[str, str]:
    values = {}
    rules = [rule for rule in _list(notes.get("rules")) if isinstance(rule, list) and len(rule) > 1]
    if rules:
        like = {
            _short(rule): SequenceMatcher(None, path, _short(rule)).ratio() for rule, *_ in rules
        }
        rules.sort(key=lambda rule: -like[_short(rule[0])])
        named = list(dict.fromkeys(f"{_verbs(verbs)} {_short(rule)}" for rule, verbs, *_ in rules))
        more = f" and {len(named) - RULES} more" if len(named) > RULES else ""
        values["rules"] = ", ".join(named[:RULES]) + more
    if methods := _list(raised.get("methods")):
        values["methods"] = _verbs(methods)
    folders = [name.partition("/templates/")[2] for name in files]
    if names := sorted(name for name in folders if name):
        own = [name for name in names if name.startswith("exercise")] or names
        values["templates"] = ", ".join(own[:8])
    return values


def _verbs(methods: object) -> str:
    named = [_short(each) for each in _list(methods) if each not in {"HEAD", "OPTIONS"}]
    return " and ".join(named[:5]) or "OPTIONS"


def _own(frames: list[tuple[str, int]]) -> str:
    """Return the innermost line of the exercise's own files, or else of the lesson's."""
    own = [frame for frame in frames if _is_of_exercise(frame[0])]
    for file, line in (own or frames)[-1:]:
        return f"{file}:{line}"
    return ""


def _is_of_exercise(file: str) -> bool:
    """Tell whether a file, or one of the folders it is in, is named as those of an exercise."""
    return any(part.startswith("exercise") for part in file.split("/"))


def _line(files: Mapping[str, bytes], place: str) -> str:
    name, _, number = place.rpartition(":")
    for file, data in files.items():
        if name and file.endswith(f"/{name}"):
            lines = data[: 4 * SOURCE].decode("utf-8", "replace").splitlines()
            return lines[int(number) - 1][:LINE] if 0 < int(number) <= len(lines) else ""
    return ""


def _source(files: Mapping[str, bytes]) -> str:
    data = next((data for name, data in files.items() if name.endswith(f"/{EXERCISE}")), b"")
    return data[:SOURCE].decode("utf-8", "replace")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _short(value: object) -> str:
    text = " ".join(str(value if value is not None else "").split())
    return text if len(text) <= TEXT else f"{text[: TEXT - 1]}…"
