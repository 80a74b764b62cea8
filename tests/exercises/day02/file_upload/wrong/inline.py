"""Wrong: the photo is sent as a page to open.

Fails: test_it_comes_as_an_attachment
"""

import secrets
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from flask import Flask, abort, request, send_from_directory

# By these bytes a program recognises a picture.
BEGINNINGS = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff"}


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is where it keeps the photos."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "exercise" / "day02_file_upload",
        MAX_CONTENT_LENGTH=150_000,
    )
    app.config.from_mapping(config or {})
    folder = Path(app.config["DATA_FOLDER"]).absolute()

    @app.post("/photos")
    def take():
        """Keep a photo and give a receipt for it."""
        folder.mkdir(parents=True, exist_ok=True)
        photo = request.files.get("photo")
        if photo is None or not photo.filename:
            abort(400, "Send a multipart form with a file in its field 'photo'.")
        suffix = PurePath(photo.filename).suffix.lower()
        if suffix not in BEGINNINGS:
            abort(415, "Send a .png or a .jpg.")
        beginning = BEGINNINGS[suffix]
        if photo.read(len(beginning)) != beginning:
            abort(415, "This is no picture.")
        photo.seek(0)
        receipt = f"{secrets.token_hex(16)}{suffix}"
        photo.save(folder / receipt)
        return {"receipt": receipt}, 201

    @app.get("/photos/<receipt>")
    def hand_back(receipt: str):
        """Hand a photo back."""
        return send_from_directory(folder, receipt)

    return app
