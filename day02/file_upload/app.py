"""Receive files, store them under new names, and send them back.

The client chooses the name of its file. If a program uses this name as a path, it can lead out of
the folder and overwrite the program itself. So the name is only shown, and the file gets a new one.

Run it: flask --app day02.file_upload.app run --debug
"""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any
from uuid import uuid4

from flask import Flask, abort, current_app, render_template, request, send_from_directory
from werkzeug.datastructures import FileStorage
from werkzeug.utils import secure_filename

SUFFIXES = (".txt", ".png", ".jpg", ".jpeg", ".pdf")
# The folder of an imaginary shop. "/where" only calculates with it; nothing is written there.
EXAMPLE = "/srv/shop/uploads"


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is the folder for the files."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day02_file_upload",
        MAX_CONTENT_LENGTH=1_000_000,  # bytes of the whole body; if it has more, 413
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/save", view_func=save, methods=["POST"])
    app.add_url_rule("/by-hand", view_func=save_by_hand, methods=["POST"])
    app.add_url_rule("/files/<name>", view_func=get_file)
    app.add_url_rule("/where", view_func=show_path, methods=["POST"])
    return app


def data_folder() -> Path:
    """Return the folder for the files; it does not exist before the first file."""
    return Path(current_app.config["DATA_FOLDER"]).absolute()


def check_name(name: str) -> str:
    """Return the name; refuse an empty name, and control characters such as NUL."""
    if not name:
        abort(400, "There is no name. Choose a file first.")
    if re.search(r"[\x00-\x1f\x7f]", name):
        abort(400, "The name contains a control character. Rename the file.")
    return name


def new_name(original: str) -> str | None:
    """Return a name that no other file has, or None if the ending is not accepted."""
    suffix = PurePath(original).suffix.lower()
    return f"{uuid4().hex}{suffix}" if suffix in SUFFIXES else None


def read_upload() -> tuple[FileStorage, Path]:
    """Return the file of the request, and a new path for it; refuse all other requests."""
    upload = request.files.get("file")
    if upload is None:
        abort(400, "Send a multipart form with a file in its field 'file'.")
    name = new_name(check_name(upload.filename))
    if name is None:
        abort(415, f"Send a file that ends in {', '.join(SUFFIXES)}.")
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return upload, folder / name


def render_page(upload: FileStorage | None = None, path: Path | None = None) -> str:
    """Return the page with the form and all stored files; ``upload`` is the new one."""
    names = sorted(each.name for each in data_folder().glob("*"))
    return render_template("index.html", names=names, suffixes=SUFFIXES, upload=upload, path=path)


def index():
    """Show the form and the stored files."""
    return render_page()


def save():
    """Store a file with ``save``, which copies it piece by piece."""
    upload, path = read_upload()
    upload.save(path)
    return render_page(upload, path), 201


def save_by_hand():
    """Store a file in three lines; "b" is for bytes."""
    upload, path = read_upload()
    content = upload.read()
    with open(path, "wb") as file:
        file.write(content)
    return render_page(upload, path), 201


def get_file(name: str):
    """Send a file back as an attachment, so that the browser does not open it as a page."""
    return send_from_directory(data_folder(), name, as_attachment=True)


def show_path():
    """Calculate where a file with the client's name would be stored, and two safe names."""
    name = check_name(request.form.get("name", ""))
    joined = posixpath.normpath(posixpath.join(EXAMPLE, name))
    return {
        "joined": joined,
        "stays_inside": joined.startswith(f"{EXAMPLE}/"),
        "secure_filename": secure_filename(name),
        "our_name": new_name(name),
    }
