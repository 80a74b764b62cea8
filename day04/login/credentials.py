"""Find name and password in what somebody has sent, whatever it is."""

from typing import Any

from flask import request


def json_body() -> Any:
    """Return what the JSON of the body says, or None if it is none that can be read."""
    try:
        return request.get_json(silent=True)
    except RecursionError:  # thousands of brackets within brackets
        return None


def credentials_in(sent: Any) -> tuple[str, str] | None:
    """Return name and password, or None unless both are there and texts.

    A form is a dictionary too, so page and JSON are read in the same way.
    """
    if not isinstance(sent, dict):
        return None
    name, password = sent.get("name"), sent.get("password")
    return (name, password) if is_text(name) and is_text(password) else None


def is_text(value: Any) -> bool:
    r"""Tell whether a value is a text; JSON has other values, and with ``\ud800`` half letters."""
    if not isinstance(value, str) or not value or "\0" in value:
        return False  # the hashes do not tell "tea" from "tea" with a NUL behind it
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
