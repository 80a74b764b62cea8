"""The reader's pages: days, lessons, documents, search."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    current_app,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from course import catalogue
from course.progress import NOTHING, Progress
from course.reader import links, markdown
from course.reader.files import MAX_TEXT, LessonFiles
from course.reader.process import Lessons
from course.reader.search import every_page, search
from course.reader.tries import Try, tries

MAX_PAGE = 49_000  # bytes of a lesson's page
SITE_LINKS = 2_000  # bytes that the links of a site are longer, in such a page
MAX_COLOURED = 9_000  # characters of a file: the marks of the colours are longer than the text

pages = Blueprint("pages", __name__)


def course_root() -> Path:
    """Return the folder of the course that this reader shows."""
    root: Path = current_app.config["COURSE"]
    return root


def progress() -> Progress:
    """Return what was read, tried and solved."""
    found: Progress = current_app.extensions["progress"]
    return found


def worker() -> Lessons:
    """Return where the lessons run."""
    found: Lessons = current_app.extensions["worker"]
    return found


def files() -> LessonFiles:
    """Return the files that can be changed in the page."""
    found: LessonFiles = current_app.extensions["files"]
    return found


def progress_shown() -> dict[str, Any]:
    """Return what was done of each lesson, and which lesson was the last: ``None`` at first."""
    every = {lesson.id: lesson for lesson in catalogue.lessons(course_root())}
    last = every.get(progress().last())
    return {
        "lessons": progress().lessons(),
        "last": {"id": last.id, "title": last.title} if last else None,
    }


def _run_url(lesson: str) -> str:
    """Return where the worker mounts a lesson, under the host name that the browser uses."""
    if current_app.config["SITE"]:
        return f"/run/{lesson}"
    return f"http://{request.host.partition(':')[0]}:{worker().port}/run/{lesson}"


@pages.get("/")
def index() -> str:
    """Show the six days and their lessons."""
    shown = progress_shown()
    days = catalogue.days(course_root())
    return render_template("index.html", days=days, progress=shown["lessons"], last=shown["last"])


@pages.get("/<day>/")
def day(day: str) -> str:
    """Show a day's own notes, which list its lessons."""
    days = catalogue.days(course_root())
    place = next((n for n, each in enumerate(days) if each.name == day), None)
    if place is None:
        raise NotFound("There is no such day.")
    shown = progress_shown()
    return render_template(
        "day.html",
        days=days,
        day=days[place],
        notes=_document(course_root() / day / catalogue.NOTES, _marks(days[place])),
        progress=shown["lessons"],
        last=shown["last"],
        previous_day=days[place - 1] if place else None,
        next_day=days[place + 1] if place + 1 < len(days) else None,
    )


def _marks(day: catalogue.Day) -> dict[str, str]:
    """Return what stands behind each lesson's link on the page of its day."""
    done = progress().lessons()
    found = {}
    for lesson in day.lessons:
        each = done.get(lesson.id, NOTHING)
        mark = ""
        if each["solved"]:
            mark = ' <span class="mark solved">solved</span>'
        elif each["read"]:
            mark = ' <span class="mark read">read</span>'
        if lesson.exercise and not each["solved"]:
            mark += ' <span class="mark exercise">exercise</span>'
        found[f"{lesson.name}/{catalogue.NOTES}"] = mark
    return found


def _document(path: Path, marks: dict[str, str] | None = None) -> str:
    """Return a Markdown file as HTML, its links leading to pages of the reader."""
    root = course_root()
    html = markdown.html(path.read_text("utf-8"), marks=marks)
    return links.rewritten(html, path.parent.relative_to(root).as_posix(), root)


@pages.get("/<day>/<name>/")
def lesson(day: str, name: str) -> str:
    """Show a lesson: its notes, the requests to try, and one of its files (``file``)."""
    root = course_root()
    every = catalogue.lessons(root)
    place = next((n for n, each in enumerate(every) if each.id == f"{day}/{name}"), None)
    if place is None:
        raise NotFound("There is no such lesson.")
    found = every[place]
    paths = {path.relative_to(found.folder).as_posix(): path for path in found.files()}
    file = request.args.get("file") or next(iter(paths), "")
    if file and file not in paths:
        raise NotFound("There is no such file in this lesson.")
    ready, lines = tries(found)
    texts = {
        each: path.read_text("utf-8", "replace")
        for each, path in paths.items()
        if path.suffix in catalogue.TEXT_SUFFIXES
    }
    if "file" in request.args and current_app.config["SITE"]:
        only = _source(found, file, paths[file])
        page = render_template("source.html", lesson=found, source=only, tree=_tree(paths))
        return page if len(page) < MAX_PAGE else page.replace(only["html"], escape(only["text"]))
    is_to_read = current_app.config["SITE"] == "plain"
    notes = markdown.html(found.notes, None if is_to_read else lines, texts)
    shown = progress_shown()
    source = _source(found, file, paths[file]) if file else None
    values = {
        "lesson": found,
        "notes": links.rewritten(notes, found.id, root),
        "tries": ready,
        "run": _run_url(found.id),
        "modules": _modules(found, texts, ready),
        "tree": _tree(paths),
        "story": markdown.html(found.story()),
        "tasks": [
            (number, title, markdown.html(text))
            for (number, title), (_, text) in zip(found.tasks(), found.task_texts(), strict=True)
        ],
        "exercise": catalogue.EXERCISE,
        "previous": every[place - 1] if place else None,
        "next": every[place + 1] if place + 1 < len(every) else None,
        "progress": shown["lessons"].get(found.id, NOTHING),
    }
    page = render_template("lesson.html", source=source, **values)
    room = MAX_PAGE - SITE_LINKS if current_app.config["SITE"] else MAX_PAGE
    over = len(page.encode()) - room
    if source and over > 0:
        page = render_template("lesson.html", source=_shortened(source, over), **values)
    return page


def _modules(
    lesson: catalogue.Lesson, texts: dict[str, str], ready: list[Try]
) -> list[dict[str, Any]]:
    """Return the apps of a lesson: name, file, the path to open first, whether it has pages."""
    names = ["app", *dict.fromkeys(each.module for each in ready if each.module != "app")]
    names += ["exercise"] * (lesson.exercise is not None and "exercise" not in names)
    beside = {f"{name}.py" for name in {*names, "first", "exercise"} - {"app"}}
    found = []
    for name in names:
        file = f"{name}.py"
        if name == "app":
            # What the app is made of: every module but those that stand beside it.
            own = {key: text for key, text in texts.items() if key not in beside}
        else:
            own = {file: texts.get(file, "")}
        code = "\n".join(text for key, text in own.items() if key.endswith(".py"))
        # What the notes get from this app; failing that, from another of the lesson.
        gets = [
            each.label.removeprefix("GET ")
            for each in sorted(ready, key=lambda each: (each.fails, each.module != name))
            if each.label.startswith("GET ")
        ]
        asked = any((each.module, each.label) == (name, "GET /") for each in ready)
        # Without a route of its own, the app has those of another lesson, with a page among them.
        is_home = re.search(_HOME, code) is not None or re.search(_ROUTE, code) is None
        has_home = asked or is_home or not gets
        found.append(
            {
                "name": name,
                "file": file if file in texts else "",
                "first": "/" if has_home else gets[0],
                "has_pages": re.search(_PAGE, code) is not None
                or (name == "app" and any(key.endswith(".html") for key in own)),
            }
        )
    return found


# A route for "/" as it is written with a decorator or add_url_rule, and code that makes HTML.
_HOME = r'\.(?:get|route|add_url_rule)\(\s*"/"'
_ROUTE = r"\.(?:get|post|route|add_url_rule)\("
_PAGE = r"render_template|<!doctype|<(?:h1|p|form|html)\b"


def _tree(paths: dict[str, Path]) -> list[dict[str, Any]]:
    """Return the files of a lesson as a tree: name, path (empty for a folder) and children."""
    top: list[dict[str, Any]] = []
    for path in paths:
        level = top
        *folders, name = path.split("/")
        for folder in folders:
            known = next((n for n in level if n["name"] == folder and not n["path"]), None)
            if known is None:
                known = {"name": folder, "path": "", "children": []}
                level.append(known)
            level = known["children"]
        level.append({"name": name, "path": path, "children": []})
    return top


def _source(lesson: catalogue.Lesson, name: str, path: Path) -> dict[str, Any]:
    if path.suffix not in catalogue.TEXT_SUFFIXES:
        return {"name": name, "size": path.stat().st_size}
    text = path.read_text("utf-8", "replace")
    language = path.suffix[1:] if len(text) <= MAX_COLOURED else "text"
    editable = path.stat().st_size <= MAX_TEXT and "\ufffd" not in text
    return {
        "name": name,
        "lines": len(text.splitlines()),
        "html": markdown.code(text, language),
        "text": text,
        "version": files().read(lesson, name).version if editable else "",
        "editable": editable,
    }


def _shortened(source: dict[str, Any], bytes_over: int) -> dict[str, Any]:
    """Return a source without its colours, and where that is too long its first lines."""
    if "text" not in source:
        return source
    room = len(source["html"].encode()) - bytes_over
    kept = []
    for line in source["text"].splitlines():
        html = escape(line)
        room -= len(html.encode()) + 1
        if room < 0:
            break
        kept.append(html)
    return source | {"html": "\n".join(kept), "shown": len(kept)}


@pages.get("/<day>/README.md")
@pages.get("/<day>/<name>/<path:file>")
def link_of_the_notes(day: str, name: str = "", file: str = "") -> ResponseReturnValue:
    """Send a link as it is in the notes (to a README, to a file) to the page that shows it."""
    if not name:
        return redirect(url_for("pages.day", day=day))
    if file.startswith("README"):
        return redirect(url_for("pages.lesson", day=day, name=name))
    if file.endswith(".svg"):  # a picture of the notes
        every = {each.id: each for each in catalogue.lessons(course_root())}
        found = every.get(f"{day}/{name}")
        if found is None or found.folder / file not in found.pictures():
            raise NotFound("There is no such picture.")
        return send_file(found.folder / file, max_age=0)
    shown = url_for("pages.lesson", day=day, name=name, file=file, _anchor="source-title")
    return redirect(shown)


@pages.get("/readme/")
def readme() -> str:
    """Show the README of the course."""
    return _show_document(course_root() / catalogue.NOTES)


@pages.get("/course/reader.png")
def picture_of_the_readme() -> ResponseReturnValue:
    """Send the picture that the README shows."""
    path = course_root() / "course" / "reader.png"
    if not path.is_file():
        raise NotFound("There is no such picture.")
    return send_file(path)


@pages.get("/reference/<name>/")
def reference(name: str) -> str:
    """Show one of the pages to look things up in, such as the glossary."""
    path = course_root() / "reference" / f"{name}.md"
    if not re.fullmatch(r"[\w-]+", name) or not path.is_file():
        raise NotFound("There is no such page.")
    return _show_document(path)


@pages.get("/file/<path:name>")
def plain_file(name: str) -> ResponseReturnValue:
    """Show a text of the repository that the notes link to, such as the licence."""
    path = links.plain_file(name, course_root())
    if path is None:
        raise NotFound("There is no such page.")
    if path.suffix == ".md":
        return _show_document(path)
    return Response(path.read_text("utf-8", "replace"), mimetype="text/plain")


def _show_document(path: Path) -> str:
    text = path.read_text("utf-8", "replace")
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    return render_template(
        "document.html",
        title=markdown.plain(heading[1]) if heading else path.name,
        notes=_document(path),
    )


@pages.get("/search")
def find() -> str:
    """Show the places that contain every word of ``q``."""
    if current_app.config["SITE"]:
        return render_template("search.html", pages=every_page(course_root()))
    query = request.args.get("q", "").strip()[:200]
    found = search(query, course_root())
    return render_template("search.html", query=query, hits=found.hits, instead=found.instead)


@pages.get("/where/")
def where() -> str:
    """Show which lessons run in the browser, in a site where they do."""
    if current_app.config["SITE"] != "live":
        raise NotFound("There is no such page.")
    return render_template("where.html", days=catalogue.days(course_root()))


@pages.get("/code.css")
def code_css() -> Response:
    """Serve the colours of highlighted code."""
    response = Response(markdown.stylesheet(), mimetype="text/css")
    response.cache_control.max_age = 3600
    return response
