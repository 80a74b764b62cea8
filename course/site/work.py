"""A visitor's work as a file: out of the browser to hand in or to keep, and back in again.

The archive has the layout of the repository, which is the one that ``course grade`` takes.
"""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from course import catalogue
from course.progress import NOTHING
from course.reader.files import MAX_TEXT, NoSuchFileError
from course.reader.pages import course_root, files

PROGRESS = "progress.json"

work = Blueprint("work", __name__, url_prefix="/api/work")


@work.post("/zip")
def download() -> ResponseReturnValue:
    """Give an archive of the files that were changed; takes ``{lessons, last}``, the progress."""
    progress = _progress(request.get_json())
    changed = list(_changed())
    if not changed and not progress["lessons"]:
        raise NotFound("There is nothing to download: no file was changed.")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in changed:
            archive.writestr(name, content)
        archive.writestr(PROGRESS, json.dumps(progress, indent=1))
    return Response(data.getvalue(), mimetype="application/zip")


def _changed() -> Iterator[tuple[str, bytes]]:
    for lesson in catalogue.lessons(course_root()):
        for path in lesson.files():
            name = path.relative_to(lesson.folder).as_posix()
            with contextlib.suppress(NoSuchFileError):  # a picture, which is not changed here
                if files().is_changed(lesson, name):
                    yield f"{lesson.id}/{name}", path.read_bytes()


@work.post("")
def upload() -> ResponseReturnValue:
    """Write the files of such an archive.

    Gives ``{written, others, progress}``: names of the course's files, and of those that are not.
    """
    written, others, progress = [], [], _progress({})
    try:
        with zipfile.ZipFile(io.BytesIO(request.get_data())) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                if info.file_size > MAX_TEXT:
                    raise BadRequest(f"{info.filename} is too large: {info.file_size} bytes.")
                content = archive.read(info).decode("utf-8")
                if info.filename == PROGRESS:
                    progress = _progress(json.loads(content))
                elif _write(info.filename, content):
                    written.append(info.filename)
                else:
                    others.append(info.filename)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise BadRequest(f"This is not a download of your work: {reason}.") from None
    return {"written": written, "others": others, "progress": progress}


def _write(name: str, text: str) -> bool:
    """Save a file of a lesson; False if the course has no such file to change."""
    for lesson in catalogue.lessons(course_root()):
        if name.startswith(f"{lesson.id}/"):
            file = name.removeprefix(f"{lesson.id}/")
            try:
                files().save(lesson, file, text, files().read(lesson, file).version)
            except NoSuchFileError:
                return False
            return True
    return False


def _progress(data: Any) -> dict[str, Any]:
    """Return a visitor's progress, with the lessons that the course has and nothing else."""
    known = {lesson.id for lesson in catalogue.lessons(course_root())}
    lessons: dict[str, dict[str, bool]] = {}
    last = ""
    match data:
        case {"lessons": dict(given)}:
            for name, each in given.items():
                if name in known and isinstance(each, dict):
                    lessons[name] = {key: each.get(key) is True for key in NOTHING}
    match data:
        case {"last": str(name)} if name in known:
            last = name
    return {"lessons": lessons, "last": last}
