"""What a live site has besides its pages: Python for the browser, the packages, and the course.

Python is Pyodide, from npm. The packages are those that are installed here: their Python files run
anywhere. What a package has compiled is left out, and the package with it where it needs that part.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from course import catalogue

PYODIDE = "314.0.7"
"""The version of the npm package: Python 3.14."""

_OWN = Path(__file__).parent / "live"
_TRIALS = Path(__file__).parent / "trials.mjs"
_SECONDS = 600  # that the trials may take: much more than they do
_RUNTIME = (
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "pyodide-lock.json",
)
_BROWSER = {
    "extra": "",
    "platform_machine": "wasm32",
    "python_full_version": "3.14.0",
    "python_version": "3.14",
    "sys_platform": "emscripten",
}
_UNUSED = {"dnspython", "gunicorn", "rich", "waitress"}
"""Servers, name servers, the terminal: no lesson imports them to answer a request."""
_COMPLETE = {"charset-normalizer", "markupsafe", "pyyaml", "sqlalchemy"}
"""Their compiled part is for speed alone."""
_NATIVE = (".so", ".pyd")
_LEFT_OUT = re.compile(
    r"^\.\.|(^|/)(tests?|testing|__pycache__)/|\.(so|pyd|pyc|pyi|pyx|pxd|c|exe|typed|po|pot)$"
    r"|\.dist-info/(?!METADATA|entry_points)|^certifi/cacert\.pem$"  # there is no TLS either
)
_NOT_COURSE = re.compile(r"(^|/)(\.|__pycache__/|instance/)|^course/(reader\.png|site/live/)")
_ON_DEMAND = re.compile(r"^(pygments/(?:lexers|styles|formatters)/[a-z]\w*)\.py$")
"""Modules of which the course uses a few; those it used for its pages are imported here."""


Trials = dict[str, dict[str, Any]]
"""By lesson: how many of the examples in its notes ``failed``, ``of`` how many, and ``why``."""


class BundleError(Exception):
    """The live part cannot be made; the message says why, and what to do."""


def bundle(out: Path, root: Path = catalogue.ROOT) -> Trials:
    """Write the folder ``live`` of a site; raises ``BundleError``.

    Returns what of each lesson runs in it: the examples of its notes are tried.
    """
    live = out / "live"
    live.mkdir(parents=True)
    _install_runtime(live)
    _write_packages(live / "packages.zip", root)
    _write_course(live / "course.zip", root)
    shutil.copy(_OWN / "worker.js", live / "worker.js")
    loaded = ["pyodide.asm.wasm", "python_stdlib.zip", "packages.zip", "course.zip"]
    sizes = {name: (live / name).stat().st_size for name in loaded}
    (live / "sizes.json").write_text(json.dumps(sizes), "utf-8")
    return _try_lessons(live)


def _try_lessons(live: Path) -> Trials:
    node = shutil.which("node")
    if node is None:
        raise BundleError("Node.js is not installed: the lessons are tried with it.")
    command = [node, str(_TRIALS), str(live)]
    done = subprocess.run(  # noqa: S603
        command, check=False, capture_output=True, encoding="utf-8", timeout=_SECONDS
    )
    if done.returncode:
        raise BundleError(f"Python for the browser does not start: {done.stderr.strip()[-2000:]}")
    found: Trials = json.loads(done.stdout.splitlines()[-1])
    return found


def _install_runtime(live: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise BundleError(
            "npm is not installed. A live site takes Python for the browser from it: install "
            "Node.js, or leave out --live."
        )
    with tempfile.TemporaryDirectory() as folder:
        quiet = ["--no-save", "--no-package-lock", "--silent", "--no-audit", "--no-fund"]
        command = [npm, "install", *quiet, "--prefix", folder, f"pyodide@{PYODIDE}"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            why = done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}"
            raise BundleError(f"npm cannot install pyodide {PYODIDE}: {why}")
        for name in _RUNTIME:
            shutil.copy(Path(folder) / "node_modules" / "pyodide" / name, live / name)


def _write_packages(path: Path, root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for package in _packages(project["dependencies"]):
            for file in package.files or []:
                if _is_needed(file.as_posix()):
                    archive.write(str(package.locate_file(file)), file.as_posix())


def _packages(requirements: Iterable[str]) -> list[Distribution]:
    """Return the installed packages that the requirements ask for, and those that they need.

    Without those that have a compiled part, and without those that need one of these.
    """
    waiting, seen = list(requirements), set(_UNUSED)
    found, native = list[Distribution](), set[str]()
    while waiting:
        name = _wanted(waiting.pop())
        if not name or name in seen:
            continue
        seen.add(name)
        try:
            package = distribution(name)
        except PackageNotFoundError:
            raise BundleError(f"{name} is not installed: uv sync installs it.") from None
        if name not in _COMPLETE and any(file.suffix in _NATIVE for file in package.files or []):
            native.add(name)
        else:
            found.append(package)
            waiting += package.requires or []
    return [each for each in found if native.isdisjoint(map(_wanted, each.requires or []))]


def _wanted(requirement: str) -> str:
    """Return the name of a package that is required in a browser; empty where it is not."""
    wanted = Requirement(requirement)
    if wanted.marker and not wanted.marker.evaluate(_BROWSER):
        return ""
    return re.sub(r"[-_.]+", "-", wanted.name).lower()


def _is_needed(name: str) -> bool:
    if _LEFT_OUT.search(name):
        return False
    module = _ON_DEMAND.match(name)
    return module is None or module[1].replace("/", ".") in sys.modules


def _write_course(path: Path, root: Path) -> None:
    tops = [*(day.name for day in catalogue.days(root)), "course", "reference", catalogue.NOTES]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for top in tops:
            for file in sorted([root / top, *(root / top).rglob("*")]):
                name = file.relative_to(root).as_posix()
                if file.is_file() and not _NOT_COURSE.search(name):
                    archive.write(file, name)


def write_service_worker(out: Path) -> None:
    """Write the service worker with the name of this build, which its store has, too."""
    build = hashlib.sha256()
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        build.update(path.relative_to(out).as_posix().encode() + path.read_bytes())
    static = sorted(path.relative_to(out).as_posix() for path in (out / "static").iterdir())
    text = (_OWN / "sw.js").read_text("utf-8")
    text = text.replace('"BUILD"', json.dumps(build.hexdigest()[:16]))
    (out / "sw.js").write_text(text.replace('["STATIC"]', json.dumps(static)), "utf-8")
