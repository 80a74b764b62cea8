"""See a circular import fail, and three programs without one.

If each of two files needs a name of the other while it is imported, Python raises an
``ImportError``. Each variant is a package of two to four files. It runs in a process of its own, so
the failure does not end this app.

Run it: flask --app day04.circular_imports.app run --debug
"""

import os
import subprocess
import sys
from pathlib import Path
from threading import Lock

from flask import Flask, Response, abort, render_template

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TIME_LIMIT = 30  # seconds

VARIANTS = {
    "stuck": (
        "Each of the two files needs a name of the other. This variant fails.",
        "from day04.circular_imports.stuck.app import app",
    ),
    "late_import": (
        "The view imports the model when it is called.",
        "from day04.circular_imports.late_import.app import app",
    ),
    "extensions_module": (
        "What both files need is in a third file.",
        "from day04.circular_imports.extensions_module.app import app",
    ),
    "factory": (
        "A function builds the app, and the views are on a blueprint.",
        "from day04.circular_imports.factory.app import create_app; app = create_app()",
    ),
}

app = Flask(__name__)
one_at_a_time = Lock()


def run(code: str) -> str:
    """Run Python code in a new process; return what it printed and its exit code."""
    command = [sys.executable, "-c", code]
    settings = os.environ | {"PYTHONUTF8": "1", "PYTHON_COLORS": "0"}
    # The lock: many requests at once must not start many processes.
    with one_at_a_time:
        try:
            process = subprocess.run(  # noqa: S603 (the code is ours; no part of it comes from a request)
                command,
                check=False,
                cwd=ROOT,
                env=settings,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                timeout=TIME_LIMIT,
            )
        except subprocess.TimeoutExpired:
            return f"(stopped after {TIME_LIMIT} seconds)\n"
    return f"{process.stdout}(exit code {process.returncode})\n"


def get_code(name: str) -> str:
    """Return code that makes a variant's app and sends it one request."""
    if name not in VARIANTS:
        abort(404)
    return f"{VARIANTS[name][1]}; print(app.test_client().get('/').text)"


@app.get("/")
def index():
    """List the variants."""
    return render_template("index.html", variants=VARIANTS)


@app.get("/<name>")
def variant(name: str):
    """Show a variant's files, and what an import of them prints now."""
    code = get_code(name)
    paths = sorted((HERE / name).glob("*.py"))
    files = {path.name: path.read_text("utf-8") for path in paths if path.stat().st_size}
    return render_template("variant.html", name=name, code=code, output=run(code), files=files)


@app.get("/<name>/output")
def output(name: str):
    """Return what an import prints, as plain text."""
    return Response(run(get_code(name)), mimetype="text/plain")
