"""The reader's interface for its own pages: requests to lessons, files, progress, checks.

Everything is JSON. An error is ``{"error": text}`` with 400, 403, 404, 409, 413, 415 or 503.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, Forbidden, NotFound

from course import catalogue
from course.exchange import ExchangeError
from course.reader.files import ConflictError, FileText, NoSuchFileError
from course.reader.pages import course_root, files, progress, progress_shown, worker
from course.reader.tries import understand

api = Blueprint("api", __name__, url_prefix="/api")


@api.before_request
def refuse_other_origins() -> None:
    """Let only the reader's own pages in: a browser names the page that asks."""
    own = request.host_url.removesuffix("/")
    if request.headers.get("Origin", own) != own:
        raise Forbidden("Only the reader's own pages may send requests.")


def _data() -> dict[str, Any]:
    """Return the request's JSON object; 400 for anything else, 415 for another content type."""
    try:
        data = request.get_json()
    except RecursionError:
        raise BadRequest("The JSON is nested too deeply.") from None
    if not isinstance(data, dict):
        raise BadRequest("Expected a JSON object.")
    return data


def _lesson(name: object) -> catalogue.Lesson:
    """Return the lesson of exactly that id; 404 where there is none."""
    for lesson in catalogue.lessons(course_root()):
        if lesson.id == name:
            return lesson
    raise NotFound(f"There is no lesson {name!r}.")


# Requests to a lesson.


@api.post("/send")
def send() -> ResponseReturnValue:
    """Play a raw HTTP request, a curl line or a URL against a lesson, as ``flask run`` would.

    Takes ``{lesson, module, request, files, jar, follow}``; module, files, jar and follow may be
    left out. Gives ``{hops, status, answer, ms, curl, failure, cookies, jar}``, and a ``notice`` if
    the lessons were started anew since the last request.
    """
    match _data():
        case {"lesson": str(name), "request": str(text), **rest}:
            pass
        case _:
            raise BadRequest("Expected lesson and request.")
    asked = {"module": "app", "files": [], "jar": "", "follow": False} | rest
    match asked:
        case {"module": str(), "files": list(names), "jar": str(), "follow": bool()} if all(
            isinstance(each, str) for each in names
        ):
            pass
        case _:
            raise BadRequest("Expected texts for module and jar, a list of files, a bool follow.")
    lesson = _lesson(name)
    try:
        read = understand(text)
    except ExchangeError as error:
        raise BadRequest(str(error)) from None
    asked["request"] = text
    if read is not None:
        chosen = asked["module"]
        asked |= {key: value or asked[key] for key, value in read.items()}
        if read["module"] == "app":
            asked["module"] = chosen
    sent = {key: asked[key] for key in ("module", "request", "files", "jar", "follow")}
    found, status = worker().call("send", {"lesson": lesson.id, **sent})
    return found, status


@api.post("/parse")
def parse() -> ResponseReturnValue:
    """Read a curl line or a URL into a request.

    Takes ``{lesson, text}``, gives ``{request, files, jar, follow, module}``.
    """
    match _data():
        case {"lesson": str(name), "text": str(text)}:
            _lesson(name)
        case _:
            raise BadRequest("Expected lesson and text.")
    try:
        found = understand(text)
    except ExchangeError as error:
        raise BadRequest(str(error)) from None
    as_it_is = {"request": text, "files": [], "jar": "", "follow": False, "module": "app"}
    return found or as_it_is


@api.post("/forget")
def forget() -> ResponseReturnValue:
    """Throw away the cookies that were kept for a lesson; takes ``{lesson}``."""
    match _data():
        case {"lesson": str(name)}:
            return worker().call("forget", {"lesson": _lesson(name).id})
    raise BadRequest("Expected lesson.")


@api.get("/where")
def where() -> ResponseReturnValue:
    """Say what a lesson's frame asked for last: ``{path, status}``, and ``notice`` as send does."""
    lesson = _lesson(request.args.get("lesson"))
    return worker().call(
        "where", {"lesson": lesson.id, "module": request.args.get("module", "app")}
    )


# Files of a lesson.


def _described(found: FileText) -> dict[str, Any]:
    return {"text": found.text, "version": found.version}


@api.get("/file")
def read_file() -> ResponseReturnValue:
    """Return a file as it is now: ``{text, version, changed}``."""
    lesson, name = _lesson(request.args.get("lesson")), request.args.get("file", "")
    try:
        found = files().read(lesson, name)
        return {**_described(found), "changed": files().is_changed(lesson, name)}
    except NoSuchFileError as error:
        raise NotFound(str(error)) from None


@api.post("/file")
def save_file() -> ResponseReturnValue:
    """Save a file; takes ``{lesson, file, text, version}``, gives ``{version}``.

    409 with the file as it is, if another program has changed it since that version.
    """
    match _data():
        case {"lesson": str(name), "file": str(file), "text": str(text), "version": str(version)}:
            lesson = _lesson(name)
        case _:
            raise BadRequest("Expected lesson, file, text and version.")
    try:
        saved = files().save(lesson, file, text, version)
        return {"version": saved.version, "changed": files().is_changed(lesson, file)}
    except NoSuchFileError as error:
        raise NotFound(str(error)) from None
    except ConflictError as error:
        return {"error": str(error), **_described(error.now)}, 409
    except UnicodeEncodeError:
        raise BadRequest("The text has half a character (a surrogate).") from None
    except OSError as error:
        raise BadRequest(f"The file cannot be written: {error.strerror}.") from None


@api.post("/undo")
def undo() -> ResponseReturnValue:
    """Bring back the version of the repository.

    Takes ``{lesson, file}``, gives ``{text, version}``.
    """
    match _data():
        case {"lesson": str(name), "file": str(file)}:
            lesson = _lesson(name)
        case _:
            raise BadRequest("Expected lesson and file.")
    try:
        return _described(files().undo(lesson, file))
    except NoSuchFileError as error:
        raise NotFound(str(error)) from None
    except OSError as error:
        raise BadRequest(f"The file cannot be written: {error.strerror}.") from None


# Progress.


@api.get("/progress")
def read_progress() -> ResponseReturnValue:
    """Return ``{lessons: {id: {read, tried, solved}}, last: {id, title} or null}``."""
    return progress_shown()


@api.post("/progress")
def mark_progress() -> ResponseReturnValue:
    """Remember that a lesson was opened, read or tried; takes ``{lesson, what}``."""
    match _data():
        case {"lesson": str(name), "what": "opened"}:
            progress().open(_lesson(name).id)
            return progress_shown()
        case {"lesson": str(name), "what": "read" | "tried" as what}:
            progress().mark(_lesson(name).id, what)
            return progress_shown()
    raise BadRequest("Expected lesson, and what: opened, read or tried.")


# The exercise.


@api.post("/check")
def check() -> ResponseReturnValue:
    """Check a lesson's exercise as ``course check`` does; takes ``{lesson, hints}``.

    Gives ``{solved, summary, score, most, tasks, next, others}``, or ``{error}``.
    """
    match _data():
        case {"lesson": str(name), "hints": bool(hints)}:
            pass
        case _:
            raise BadRequest("Expected lesson and hints.")
    # Imported here, with pytest and all: most visits of the reader check nothing.
    from course.grading import check as checking
    from course.grading.judge.client import JudgeError

    root = course_root()
    try:
        [result] = checking.check([checking.find(name, root)], root)
    except (catalogue.UnknownLessonError, checking.NoExerciseError) as error:
        raise NotFound(str(error)) from None
    except JudgeError as error:
        return {"error": f"The tests cannot run: {error}"}, 500
    if result.solved:
        progress().solve(result.exercise)
    return _checked(result, hints)


def _checked(result: Any, hints: bool) -> dict[str, Any]:
    from course.grading import answers
    from course.grading import check as checking
    from course.grading.results import Status

    states = {
        checking.State.DONE: "done",
        checking.State.OPEN: "todo",
        checking.State.UNKNOWN: "unknown",
    }
    broken = result.status is Status.IMPORT_ERROR

    def failure(reason: Any) -> dict[str, Any]:
        each = reason.failure
        file, _, line = checking.place(result, each).partition(":")
        message = checking.message(each)
        return {
            "about": "" if broken else " ".join(each.about.split()),
            "message": f"{message}\n{reason.stops}" if reason.stops and not broken else message,
            "file": file.removeprefix(f"{result.exercise}/"),
            "line": int(line) if line else None,
            "request": _request_of(message),
            "hint": each.hint if hints else "",
        }

    tasks: list[dict[str, Any]] = [
        {
            "number": task.number,
            "title": task.title,
            "state": states[task.state],
            "failures": [failure(each) for each in result.reasons if each.task == task.number],
        }
        for task in result.tasks
    ]
    solved = "Solved: " if result.solved else "Not solved yet: "
    if result.status is Status.MISSING:
        summary = f"There is no {catalogue.EXERCISE} in this lesson's folder."
    else:
        summary = f"{solved}{result.score:g} of {result.most:g} points."
    return {
        "solved": result.solved,
        "summary": summary,
        "score": result.score,
        "most": result.most,
        "tasks": tasks,
        "next": _next(result.exercise),
        "others": answers.what_others_get_wrong(result.exercise) if result.solved else [],
    }


def _next(exercise: str) -> dict[str, str] | None:
    """Return the exercise to go on with: the next one that is not solved."""
    lesson = progress().next_open(exercise)
    return {"id": lesson.id, "title": lesson.title} if lesson else None


# As course.grading.judge.expect describes a request: method, path, cookies, body and its type.
_SENT = re.compile(
    r"^Sent: +(?P<method>[A-Z]+) (?P<path>/\S*)(?: with the cookie [^()\n]+?)?"
    r"(?: with (?P<body>.*) \((?P<kind>[\w.+-]+/[\w.+-]+|no content type)\))?$",
    re.MULTILINE,
)


def _request_of(message: str) -> str:
    """Return the request of a failure as text to send again; empty where it cannot be told."""
    match = _SENT.search(message)
    if match is None or (match["body"] or "").endswith("…"):  # it was cut
        return ""
    head = f"{match['method']} {match['path']} HTTP/1.1\nHost: 127.0.0.1:5000\n"
    if match["body"] is None:
        return f"{head}\n"
    kind = "" if match["kind"] == "no content type" else f"Content-Type: {match['kind']}\n"
    return f"{head}{kind}\n{match['body']}"


@api.get("/solution")
def solution() -> ResponseReturnValue:
    """Return the sample solution of a solved exercise and how one's own differs from it."""
    lesson = _lesson(request.args.get("lesson"))
    from course.grading import answers

    if not progress().was_solved(lesson.id):
        raise Forbidden("Solve the exercise first: then the sample solution is shown.")
    files = answers.solution(lesson.id)
    if lesson.exercise is None or not files:
        raise NotFound("There is no sample solution for this exercise.")
    text = "\n".join(files.values())
    return {"text": text, "diff": answers.difference(lesson.id, course_root())}
