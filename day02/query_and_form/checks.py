"""Check what a client sends: a field that comes exactly once, and a URL of this site."""

import re
from collections.abc import Callable
from typing import Any

from flask import abort, request

LOCAL = re.compile(r"/(?!/)[\w./?&=%+~-]*", re.ASCII)


def get_field(name: str, kind: Callable[[str], Any] = str) -> Any:
    """Return the value of a field that comes exactly once and can be converted, or abort.

    Of two values another program may take the other one, and not every program sees a NUL byte.
    So it is better to refuse both.
    """
    value = request.form.get(name, type=kind)
    if value is None or len(request.form.getlist(name)) > 1 or "\0" in request.form[name]:
        abort(400, f"Send the field '{name}' exactly once, as {kind.__name__}, without NUL bytes.")
    return value


def local_url(url: str) -> str:
    """Return the URL if it is one of this site; raise ValueError for all others.

    A slash, then only plain characters: for a browser two slashes begin the name of another site.
    It also reads a backslash as a slash, and drops a tab.
    """
    if not LOCAL.fullmatch(url):
        raise ValueError(f"not a URL of this site: {url}")
    return url
