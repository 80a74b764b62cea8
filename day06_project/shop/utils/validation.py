"""Read what clients send, and check it before anything else uses it.

The databases do not do this in the same way: SQLite stores "abc" in a column of integers, MariaDB
cuts or refuses, PostgreSQL refuses NUL characters.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from flask import request
from werkzeug.exceptions import (
    BadRequest,
    RequestEntityTooLarge,
    UnprocessableEntity,
    UnsupportedMediaType,
)

Rule = Callable[[Any], str]
"""Returns what is wrong with a value, or an empty text."""


class InvalidFields(UnprocessableEntity):
    """422, with what is wrong with each field."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        """Take the messages by the names of their fields."""
        super().__init__("See what is wrong with each field.")
        self.errors = [{"field": name, "message": text} for name, text in messages.items()]


def text(low: int, high: int, pattern: str = "", hint: str = "") -> Rule:
    """Return a rule for a text of that many characters; ``hint`` says the pattern in words."""

    def wrong(value: Any) -> str:
        if type(value) is not str:
            return "must be a text"
        if not low <= len(value) <= high:
            return f"must have {low} to {high} characters"
        if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
            return "must not have control characters"
        if pattern and not re.fullmatch(pattern, value):
            return f"must be {hint}"
        return ""

    return wrong


def integer(low: int, high: int) -> Rule:
    """Return a rule for a whole number; ``true`` does not fit, though ``True`` is an ``int``."""

    def wrong(value: Any) -> str:
        fits = type(value) is int and low <= value <= high
        return "" if fits else f"must be an integer from {low} to {high}"

    return wrong


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def json_object(*mimetypes: str) -> dict[str, Any]:
    """Return the JSON object in the body; raise 413, 415 or 400 if there is none."""
    if request.mimetype not in mimetypes:
        raise UnsupportedMediaType(f"Send {' or '.join(mimetypes)}.")
    data = request.get_data()
    # Werkzeug cuts a chunked body at the limit, without an error.
    if len(data) >= request.max_content_length:
        raise RequestEntityTooLarge()
    try:
        body = json.loads(data.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise BadRequest("The body is not a JSON object.")
    return body


def fields(
    rules: Mapping[str, Rule],
    defaults: Mapping[str, Any] | None = None,
    mimetypes: tuple[str, ...] = ("application/json",),
) -> dict[str, Any]:
    """Return the fields of the body, with defaults for those it may leave out.

    Raises ``InvalidFields`` for a field that is wrong, missing or unknown. A misspelt name is an
    error, too.
    """
    values = {**(defaults or {}), **json_object(*mimetypes)}
    messages = {name: "is unknown" for name in values if name not in rules}
    for name, rule in rules.items():
        message = rule(values[name]) if name in values else "is missing"
        if message:
            messages[name] = message
    if messages:
        raise InvalidFields(messages)
    return values


def number_argument(name: str, default: int, high: int) -> int:
    """Return a number from 1 on from the query string; raise 400 for anything else."""
    value = request.args.get(name, str(default))
    if not re.fullmatch("[1-9][0-9]{0,8}", value) or int(value) > high:
        raise BadRequest(f"{name} must be a number from 1 to {high}.")
    return int(value)
