"""Links of the notes: they name files of the repository, and lead to the pages that show them."""

from __future__ import annotations

import posixpath
import re
from html import escape, unescape
from pathlib import Path
from urllib.parse import quote, unquote

from course import catalogue

_HREF = re.compile(r'(<(?:a[^>]*? href|img[^>]*? src)=")([^"]*)(")')
_PLAIN_FILES = {"LICENSE", ".md", ".toml"}


def rewritten(html: str, folder: str, root: Path) -> str:
    """Return the HTML of a file in ``folder`` (such as ``day01/hello``) with links to pages."""

    def page(match: re.Match[str]) -> str:
        found = _page(unescape(match[2]), folder, root)
        return f"{match[1]}{escape(found)}{match[3]}"

    return _HREF.sub(page, html)


def _page(href: str, folder: str, root: Path) -> str:
    if re.match(r"[a-z][a-z0-9+.-]*:|/|#|\?|$", href):  # elsewhere, or on the same page
        return href
    name, hash_, anchor = href.partition("#")
    path = posixpath.normpath(posixpath.join(folder, unquote(name)))
    match path.split("/"):
        case ["README.md"]:
            found = "/readme/"
        case [day, "README.md"] if day.startswith("day"):
            found = f"/{day}/"
        case [day, lesson, *rest] if day.startswith("day"):
            found = _of_lesson(day, lesson, "/".join(rest), root)
            if "#" in found:
                return found
        case [day] if day.startswith("day"):
            found = f"/{day}/"
        case ["course", "reader.png"]:  # the picture of the README
            found = f"/{path}"
        case _:
            found = f"/file/{quote(path)}"
            if path.startswith("reference/") and path.endswith(".md"):
                found = f"/{path.removesuffix('.md')}/"
    return f"{found}{hash_}{anchor}"


def _of_lesson(day: str, lesson: str, file: str, root: Path) -> str:
    folder = root / day / lesson
    if not folder.is_dir():  # a file of the day
        return f"/file/{day}/{quote(lesson)}"
    if not file or file.startswith("README"):
        return f"/{day}/{lesson}/"
    if file.endswith(".svg"):
        return f"/{day}/{lesson}/{quote(file)}"
    return f"/{day}/{lesson}/?file={quote(file)}#source-title"


def plain_file(name: str, root: Path) -> Path | None:
    """Return a text of the repository that the notes may link to, beside the lessons; or None."""
    path = root / name
    try:
        inside = path.resolve().is_relative_to(root) and path.is_file() and not path.is_symlink()
    except (OSError, ValueError):  # a NUL in the name
        return None
    hidden = any(part.startswith(".") for part in Path(name).parts)
    kind = path.suffix or path.name
    lessons = {lesson.folder for lesson in catalogue.lessons(root)}
    if not inside or hidden or kind not in _PLAIN_FILES or lessons & set(path.parents):
        return None
    return path
