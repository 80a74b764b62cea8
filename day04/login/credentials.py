"""Get the name and the password from what a client sends, which can be anything."""

from typing import Any

from flask import request


def get_json() -> Any:
    """Return the JSON of the body, or None if it cannot be read."""
    try:
        return request.get_json(silent=True)
    except RecursionError:  # thousands of nested square brackets
        return None


def get_credentials(data: Any) -> tuple[str, str] | None:
    """Return name and password, or None if one is missing or not a text.

    A form is a dictionary, too, so this works for the page and for JSON.
    """
    if not isinstance(data, dict):
        return None
    name, password = data.get("name"), data.get("password")
    return (name, password) if is_text(name) and is_text(password) else None


def is_text(value: Any) -> bool:
    r"""Return whether a value is a text. JSON has other values, and half characters: ``\ud800``."""
    if not isinstance(value, str) or not value or "\0" in value:
        return False  # a NUL at the end does not change the hash
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
