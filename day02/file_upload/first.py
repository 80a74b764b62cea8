"""Store an uploaded file under a new name.

The file ``app.py`` beside this one checks the file, sets a limit and sends the file back.

Run it: flask --app day02.file_upload.first run --debug
"""

from pathlib import Path
from uuid import uuid4

from flask import Flask, abort, current_app, render_template, request


def create_app(config=None):
    """Build the app; ``DATA_FOLDER`` is the folder for the files."""
    app = Flask(__name__)
    app.config.from_mapping(DATA_FOLDER=Path(app.instance_path) / "day02_file_upload")
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/save", view_func=save, methods=["POST"])
    return app


def index():
    """Show the form."""
    return render_template("form.html")


def save():
    """Store the file, and return its two names and its size in bytes."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        abort(400, "Choose a file first.")
    folder = Path(current_app.config["DATA_FOLDER"])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / uuid4().hex
    upload.save(path)
    return {"sent": upload.filename, "stored": path.name, "size": path.stat().st_size}
