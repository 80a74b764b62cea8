"""Read what clients send, and check it with the schemas of the API before anything else uses it.

The databases do not do this in the same way: SQLite stores "abc" in a column of integers, MariaDB
cuts or refuses, PostgreSQL refuses NUL characters.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.exceptions import (
    BadRequest,
    RequestEntityTooLarge,
    UnprocessableEntity,
    UnsupportedMediaType,
)

View = Callable[..., Any]

KINDS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


class InvalidFields(UnprocessableEntity):
    """422, with what is wrong with each field."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        """Take the messages by the names of their fields."""
        super().__init__("See what is wrong with each field.")
        self.errors = [{"field": name, "message": text} for name, text in messages.items()]


class Length(validate.Length):
    """Say how long the text is that was found, but not the text: it may be a password."""

    def _format_error(self, value: str, message: str) -> str:
        return f"must have {self.min} to {self.max} characters, not {len(value)}"


class Pattern(validate.Regexp):
    """Match the whole text, as the same pattern does in JavaScript."""

    def __call__(self, value: str) -> str:
        """Return the text, or raise ``ValidationError``."""
        if not self.regex.fullmatch(value):
            raise ValidationError(self.error)
        return value


class Text(fields.String):
    """A text of ``low`` to ``high`` characters that fits a pattern; without it, of one line."""

    def __init__(
        self,
        low: int,
        high: int,
        pattern: str = r"^[^\u0000-\u001f\u007f-\u009f]*$",
        expected: str = "a text without line breaks and control characters",
        **more: Any,
    ) -> None:
        """Take what a text must be, as a pattern and in words."""
        rules = [Length(low, high), Pattern(pattern, error=f"must be {expected}")]
        super().__init__(validate=rules, required="load_default" not in more, **more)

    default_error_messages = {  # noqa: RUF012 (marshmallow's own way)
        "required": "is missing",
        "null": "must be a text, not null",
    }

    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(f"must be a text, not {KINDS[type(value)]}")
        return value


class Integer(fields.Integer):
    """An integer from ``low`` to ``high``; ``true`` does not fit, though ``True`` is an ``int``."""

    def __init__(self, low: int, high: int, **more: Any) -> None:
        """Take the limits, which are allowed themselves."""
        expected = f"must be an integer from {low} to {high}, not {{input}}"
        super().__init__(
            strict=True,
            validate=validate.Range(low, high, error=expected),
            required="load_default" not in more,
            error_messages={"required": "is missing", "invalid": expected, "null": expected},
            **more,
        )

    def make_error(self, key: str, **more: Any) -> ValidationError:
        """Say what was found in the form in which it was sent, which is JSON."""
        return super().make_error(key, input=json.dumps(more.get("input"))[:40])


class Number(Integer):
    """An integer in a query string, where every value is a text."""

    def _validated(self, value: str) -> int:
        return super()._validated(int(value) if re.fullmatch("[1-9][0-9]{0,8}", value) else value)


class Body(Schema):
    """The fields of a JSON object. A field that is not declared is an error: it may be misspelt."""

    error_messages = {"unknown": "is unknown"}  # noqa: RUF012 (marshmallow's own way)


class Query(Schema):
    """The arguments that a view reads from the query string; it ignores the others."""

    class Meta:
        """Set marshmallow's options."""

        unknown = EXCLUDE


def takes(schema: type[Body], *mimetypes: str, partial: bool = False) -> Callable[[View], View]:
    """Give a view the fields of the JSON body as ``values``; 422 if one of them is wrong.

    If ``partial``, the body may leave out any of them.
    """
    mimetypes = mimetypes or ("application/json",)
    loader = schema(partial=partial)

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            body = json_object(*mimetypes)
            try:
                values = loader.load(body)
            except ValidationError as error:
                raise InvalidFields(
                    {name: each[0] for name, each in error.messages.items()}
                ) from None
            return view(*args, values=values, **kwargs)

        wrapper.body = (loader, mimetypes)
        return wrapper

    return decorate


def asks(schema: type[Query]) -> Callable[[View], View]:
    """Give a view the arguments of the query string as ``asked``; 400 if one of them is wrong."""
    loader = schema()

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            try:
                asked = loader.load(request.args.to_dict())
            except ValidationError as error:
                wrong = [f"{name} {each[0]}." for name, each in error.messages.items()]
                raise BadRequest(" ".join(wrong)) from None
            return view(*args, asked=asked, **kwargs)

        wrapper.query = loader
        return wrapper

    return decorate


def json_object(*mimetypes: str) -> dict[str, Any]:
    """Return the JSON object in the body; raise 413, 415 or 400 if there is none."""
    if request.mimetype not in mimetypes:
        raise UnsupportedMediaType(f"Send {' or '.join(mimetypes)}.")
    data = request.get_data()
    # Werkzeug cuts a chunked body at the limit, without an error.
    if len(data) >= request.max_content_length:
        raise RequestEntityTooLarge()
    try:
        body = json.loads(data.decode(), parse_constant=_no_number, parse_float=_number)
        json.dumps(body, ensure_ascii=False).encode()  # not for half a character: "\ud83c"
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise BadRequest("The body is not a JSON object.")
    return body


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _number(text: str) -> float | int:
    """Return 59 for 59.0, too: JSON has one kind of number, and calls both integers."""
    value = float(text)
    return int(value) if value.is_integer() else value
