"""Receive files, keep them under names of our own, and hand them back.

A file arrives with a name that its sender chose. Used as a path, that name can lead out of the
folder and overwrite the program itself. So it is shown to people, and never to the file system.

Run it: flask --app day02.file_upload.app run --debug
"""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any
from uuid import uuid4

from flask import Flask, abort, render_template, request, send_from_directory
from werkzeug.datastructures import FileStorage
from werkzeug.utils import secure_filename

SUFFIXES = (".txt", ".png", ".jpg", ".jpeg", ".pdf")
# The folder of some shop. "/where" calculates with it; nothing is ever written there.
EXAMPLE = "/srv/shop/uploads"


def checked(name: str) -> str:
    """Return the name, unless it is empty or holds control characters, as no honest name does."""
    if not name:
        abort(400, "There is no name. Choose a file first.")
    if re.search(r"[\x00-\x1f\x7f]", name):
        abort(400, "The name holds a control character.")
    return name


def new_name(original: str) -> str | None:
    """Make a name that no other file has, or return None for an ending that is not wanted."""
    suffix = PurePath(original).suffix.lower()
    return f"{uuid4().hex}{suffix}" if suffix in SUFFIXES else None


def accept(folder: Path) -> tuple[FileStorage, Path]:
    """Return the file of the request and the path to keep it at; refuse what is not wanted."""
    upload = request.files.get("file")
    if upload is None:
        abort(400, "Send a multipart form with a file in its field 'file'.")
    name = new_name(checked(upload.filename))
    if name is None:
        abort(415, f"Send a file that ends in {', '.join(SUFFIXES)}.")
    folder.mkdir(parents=True, exist_ok=True)
    return upload, folder / name


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is where it keeps the files."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day02_file_upload",
        MAX_CONTENT_LENGTH=1_000_000,  # bytes of the whole body; beyond, the answer is 413
    )
    app.config.from_mapping(config or {})
    folder = Path(app.config["DATA_FOLDER"]).absolute()

    def page(**kept: object) -> str:
        names = sorted(path.name for path in folder.glob("*"))
        return render_template("index.html", names=names, suffixes=SUFFIXES, **kept)

    @app.get("/")
    def index():
        """Show the form and the files that are kept."""
        return page()

    @app.post("/save")
    def save():
        """Keep a file with ``save``, which copies it piece by piece."""
        upload, path = accept(folder)
        upload.save(path)
        return page(original=upload.filename, stored=path.name, size=path.stat().st_size), 201

    @app.post("/by-hand")
    def by_hand():
        """Keep a file by reading all of it and writing it out; "b", for it is bytes."""
        upload, path = accept(folder)
        content = upload.read()
        with open(path, "wb") as file:
            file.write(content)
        return page(original=upload.filename, stored=path.name, size=path.stat().st_size), 201

    @app.get("/files/<name>")
    def file(name: str):
        """Hand a file back, as something to store and not as a page to open."""
        return send_from_directory(folder, name, as_attachment=True)

    @app.post("/where")
    def where():
        """Calculate where a sender's name would land, and what the two defences make of it."""
        name = checked(request.form.get("name", ""))
        joined = posixpath.normpath(posixpath.join(EXAMPLE, name))
        return {
            "joined": joined,
            "stays_inside": joined.startswith(f"{EXAMPLE}/"),
            "secure_filename": secure_filename(name),
            "our_name": new_name(name),
        }

    return app
