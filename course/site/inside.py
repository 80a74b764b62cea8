"""The reader inside of a visitor's browser: a script asks it (live/worker.js), not a server."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import importlib
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from werkzeug import security
from werkzeug.test import Client

from course import catalogue
from course.reader import create_reader
from course.reader.process import InThisProcess
from course.reader.worker import Worker
from course.site.work import work

_HOST = "http://127.0.0.1:5000"
_OF_THE_SITE = {"content-length", "cookie", "host", "origin", "referer", "sec-fetch-site"}
"""Headers that are about the site; cookies are kept here, as a browser takes none from a script."""

_LESSON = re.compile(r"\bday\d\d\w*/\w+")
_IMPORT = re.compile(r"^\s*(?:from|import)\s+(\w+)", re.MULTILINE)

_FEW_ROUNDS = "pbkdf2:sha256:1000"
_generate_password_hash = security.generate_password_hash

Reply = tuple[int, list[tuple[str, str]], bytes, dict[str, Any]]


def pbkdf2_hmac(
    name: str, password: bytes, salt: bytes, iterations: int, dklen: int | None = None
) -> bytes:
    """Derive a key as the function of ``hashlib`` does, which is missing without OpenSSL."""
    keyed = hmac.new(password, None, name)
    derived = b""
    while len(derived) < (dklen or keyed.digest_size):
        block = salt + (len(derived) // keyed.digest_size + 1).to_bytes(4, "big")
        total = 0
        for _ in range(iterations):
            step = keyed.copy()
            step.update(block)
            block = step.digest()
            total ^= int.from_bytes(block, "big")
        derived += total.to_bytes(keyed.digest_size, "big")
    return derived[: dklen or keyed.digest_size]


def generate_password_hash(password: str, method: str = "scrypt", salt_length: int = 16) -> str:
    """Hash a password with pbkdf2: scrypt is missing without OpenSSL.

    Few rounds, since they run in Python, and guard no one's password.
    """
    found = _FEW_ROUNDS if method.startswith("scrypt") else method
    return _generate_password_hash(password, found, salt_length)


class Inside:
    """The reader and the lessons, with what changes in the folder of the course."""

    def __init__(self, root: Path = catalogue.ROOT) -> None:
        if sys.platform == "emscripten":
            # It is "/": Flask would take the course for an installed package, which has its
            # instance folder elsewhere.
            sys.prefix = "/python"
        if not hasattr(hashlib, "scrypt"):
            # Before a lesson imports them.
            hashlib.pbkdf2_hmac = pbkdf2_hmac  # type: ignore[assignment]
            security.generate_password_hash = generate_password_hash
        self._root = root
        worker = Worker(root)
        reader = create_reader(root, token=None, worker=InThisProcess(worker))
        reader.register_blueprint(work)
        self._pages = Client(reader)
        self._lessons = Client(worker)
        self._base = _HOST
        self._prepared: set[str] = set()
        self._seen = self._stamps()

    def mount(self, root: str) -> None:
        """Say below which path the site is: links of lessons begin with it."""
        self._base = _HOST + root.rstrip("/")

    def restore(self, files: Any) -> None:
        """Write files as the visitor has left them; None for one that there is not any more."""
        for name, content in _python(files).items():
            path = self._root / name
            if content is None:
                path.unlink(missing_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else bytes(content))
        self._seen = self._stamps()

    def prepare(self, url: str, body: Any) -> None:
        """Import the packages of the lesson that a request is for.

        They take seconds, and are not of the lesson's own time: it is stopped after a while.
        """
        sent = _python(body) or ""
        text = f"{url} {sent if isinstance(sent, str) else sent.decode('latin-1')}"
        for lesson in set(_LESSON.findall(text)) - self._prepared:
            self._prepared.add(lesson)
            for file in (self._root / lesson).glob("**/*.py"):
                for package in _IMPORT.findall(file.read_text("utf-8", "replace")):
                    if not package.startswith("day"):
                        with contextlib.suppress(Exception):  # the lesson itself will tell
                            importlib.import_module(package)

    def ask(self, method: str, url: str, headers: Any, body: Any) -> Any:
        """Answer a request: status code, headers, body, and the files that it has changed."""
        reply = self.answer(method, url, _python(headers), _python(body))
        try:
            from js import Object  # type: ignore[import-not-found]
            from pyodide.ffi import to_js  # type: ignore[import-not-found]
        except ImportError:  # in the tests
            return reply
        return to_js(reply, dict_converter=Object.fromEntries)

    def answer(
        self, method: str, url: str, headers: Mapping[str, str], body: str | bytes | None
    ) -> Reply:
        """Do the same with Python's own types."""
        is_run = url.startswith("/run/")
        kept = {name: text for name, text in headers.items() if name.lower() not in _OF_THE_SITE}
        response = (self._lessons if is_run else self._pages).open(
            url,
            method=method,
            base_url=self._base if is_run else _HOST,
            data=body,
            headers=kept,
        )
        return response.status_code, list(response.headers), response.data, self._changed()

    def _stamps(self) -> dict[str, tuple[int, int]]:
        """Return when each file of the days and of ``instance`` was written, and its size."""
        found = {}
        for top in (*self._root.glob("day*"), self._root / "instance"):
            for folder, folders, names in os.walk(top):
                folders[:] = [name for name in folders if name != "__pycache__"]
                for name in names:
                    path = os.path.join(folder, name)
                    status = os.stat(path)
                    found[path] = status.st_mtime_ns, status.st_size
        return found

    def _changed(self) -> dict[str, Any]:
        before, self._seen = self._seen, self._stamps()
        changed: dict[str, Any] = {}
        for path in before.keys() | self._seen.keys():
            if before.get(path) == self._seen.get(path):
                continue
            file = Path(path)
            content = file.read_bytes() if path in self._seen else None
            name = file.relative_to(self._root).as_posix()
            is_text = name.startswith("day") and file.suffix in catalogue.TEXT_SUFFIXES
            changed[name] = content.decode() if is_text and content is not None else content
        return changed


def _python(value: Any) -> Any:
    """Return a value of JavaScript as one of Python."""
    value = value.to_py() if hasattr(value, "to_py") else value
    return bytes(value) if isinstance(value, memoryview) else value
