"""Two checks of what a sender wrote: a field that comes exactly once, an address of this site."""

import re
from collections.abc import Callable
from typing import Any

from flask import abort, request

LOCAL = re.compile(r"/(?!/)[\w./?&=%+~-]*", re.ASCII)


def only(name: str, kind: Callable[[str], Any] = str) -> Any:
    """Return the value of a field that is there, that can be read, and that comes no second time.

    Of two values the next program may take the other one; and a zero byte, which no keyboard types,
    is not seen by all of them. So it is better to take neither.
    """
    value = request.form.get(name, type=kind)
    if value is None or len(request.form.getlist(name)) > 1 or "\0" in request.form[name]:
        abort(400, f"Send the field '{name}' exactly once, as {kind.__name__}, without zeros.")
    return value


def local(address: str) -> str:
    """Return an address of this site, and raise ValueError for every other.

    One slash, then plain characters only: for a browser two slashes begin the name of another site,
    and it reads a backslash as a slash and overlooks a tab.
    """
    if not LOCAL.fullmatch(address):
        raise ValueError(f"not an address of this site: {address}")
    return address
