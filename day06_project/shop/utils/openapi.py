"""Describe the API in OpenAPI, from what the views say about themselves.

The method and the path come from the rule of a view, the summary from its docstring, the body and
the query from ``takes`` and ``asks``, and most errors from these. Only what a view gives, and the
errors that it raises itself, are said for the document. See https://spec.openapis.org/oas/v3.1.1.
"""

import inspect
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Flask
from marshmallow import Schema
from werkzeug.routing import Rule

View = Callable[..., Any]

ABOUT = (
    "Bodies are JSON objects below 64 KiB; a field that is not described is refused. Errors are "
    "problem details (RFC 9457), those for unknown paths (404) and for methods that a path does "
    "not have (405) included. A GET may be a HEAD. Every response has Cache-Control: no-store, and "
    "X-Request-ID: yours, if you sent 8 to 64 letters, digits and hyphens."
)
ERRORS = {
    400: "Not JSON, out of limits, or (code: csrf) no token of the session.",
    401: "Not logged in, or wrong name or password.",
    403: "It belongs to someone else.",
    404: "It does not exist.",
    409: "Another request was quicker, or the data do not allow it.",
    412: "It has changed since you looked.",
    413: "Too large.",
    415: "Another Content-Type.",
    422: "Some fields are wrong: see errors.",
    429: "Too many attempts.",
    503: "The database or the store does not respond.",
}
HEADERS = {
    "ETag": {"schema": {"type": "string", "pattern": '^"[0-9]+"$'}},
    "Link": {"description": "The pages around it (RFC 8288).", "schema": {"type": "string"}},
    "Location": {"schema": {"type": "string", "format": "uri-reference"}},
    "Retry-After": {
        "description": "Seconds.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 300},
    },
    "Set-Cookie": {"description": "session and csrf_token.", "schema": {"type": "string"}},
}
PARAMETERS = {
    412: ("If-Match", "412 unless it is the ETag."),
    304: ("If-None-Match", "304 if it is the ETag."),
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Sent again with the same key, the request does nothing and gets the first "
    "response, for 24 hours. Another request with this key is 422.",
    "schema": {"type": "string", "pattern": r'^"[ !#-[\]-~]{1,255}"$'},
}
CONVERTERS = {
    "id": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    "uuid": {"type": "string", "format": "uuid"},
}
SECURITY = {
    "session": ("cookie", "session", "Anyone's: GET /session."),
    "login": ("cookie", "session", "After POST /session."),
    "csrf": ("header", "X-CSRFToken", "The cookie csrf_token, which belongs to the session."),
}
TEXT = {"type": "string"}
PROBLEM = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"const": "about:blank"},
        **dict.fromkeys(("title", "detail", "instance", "request_id"), TEXT),
        "status": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["field", "message"],
                "properties": {"field": TEXT, "message": TEXT},
            },
        },
        "code": {"const": "csrf"},
    },
}


class Answer(Schema):
    """The fields of a response, all of which are always there."""


def gives(
    content: type[Answer] | str | None, status: int = 200, *headers: str
) -> Callable[[View], View]:
    """Note what a view sends: a schema, or a media type, or nothing; and with which headers."""

    def decorate(view: View) -> View:
        view.gives = {status: (content, headers), **getattr(view, "gives", {})}
        return view

    return decorate


def fails(*statuses: int) -> Callable[[View], View]:
    """Note the errors of a view that cannot be seen from its other decorators."""

    def decorate(view: View) -> View:
        view.fails = statuses
        return view

    return decorate


def describe(app: Flask, prefix: str) -> dict[str, Any]:
    """Return the OpenAPI document for the views below a path."""
    # Importing it takes a while, and few requests are for the document.
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin

    plugin = MarshmallowPlugin(schema_name_resolver=component_name)
    more = {"info": {"description": ABOUT}, "servers": [{"url": "../v1.0"}]}
    spec = APISpec("The shop", "1.0", "3.1.0", [plugin], **more)
    spec.components.schema("Problem", PROBLEM)
    for name, header in HEADERS.items():
        spec.components.header(name, {"required": True, **header})
    for status, text in ERRORS.items():
        problem = {"application/problem+json": {"schema": "Problem"}}
        headers = {"Retry-After": "Retry-After"} if status in {429, 503} else {}
        error = {"description": text, "content": problem, "headers": headers}
        spec.components.response(str(status), error)
    for name, (place, key, text) in SECURITY.items():
        scheme = {"type": "apiKey", "in": place, "name": key, "description": text}
        spec.components.security_scheme(name, scheme)
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if not rule.rule.startswith(f"{prefix}/") or not hasattr(view, "gives"):
            continue
        path = re.sub("<[^:>]+:([^>]+)>", r"{\1}", rule.rule.removeprefix(prefix))
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            spec.path(path, operations={method.lower(): operation(method, rule, view)})
    document = spec.to_dict()
    for (schema, *_), name in plugin.converter.refs.items():
        if issubclass(schema, Answer):
            component = document["components"]["schemas"][name]
            component["required"] = sorted(component["properties"])
    return document


def component_name(schema: Schema | type[Schema]) -> str:
    """Return the name of a schema in the document; fewer fields are required in a partial one."""
    if isinstance(schema, Schema):
        return type(schema).__name__ + ("Change" if schema.partial else "")
    return schema.__name__


def operation(method: str, rule: Rule, view: View) -> dict[str, Any]:
    """Return what the document says about a method of a path."""
    login = getattr(view, "needs_login", False)
    body, mimetypes = getattr(view, "body", (None, ()))
    query = getattr(view, "query", None)
    described: dict[str, Any] = {"summary": inspect.getdoc(view).splitlines()[0].rstrip(".")}
    security = {"login": []} if login else {}
    if method != "GET":
        security |= {"csrf": []} if login else {"session": [], "csrf": []}
    if security:
        described["security"] = [security]
    if body:
        content = {mimetype: {"schema": body} for mimetype in mimetypes}
        described["requestBody"] = {"required": True, "content": content}

    errors = {*getattr(view, "fails", ()), 503}
    errors |= {401} if login else set()
    errors |= {400} if query or method != "GET" else set()
    errors |= {400, 413, 415, 422} if body else set()
    errors |= {404} if rule.arguments else set()
    described["responses"] = {
        str(status): success(status, *given) for status, given in view.gives.items()
    } | {str(status): str(status) for status in sorted(errors)}

    parameters = [
        {"name": name, "in": "path", "required": True, "schema": CONVERTERS[converter]}
        for converter, name in re.findall("<([^:>]+):([^>]+)>", rule.rule)
    ] + [
        {"name": name, "in": "header", "description": text, "schema": TEXT}
        for status, (name, text) in PARAMETERS.items()
        if str(status) in described["responses"]
    ]
    if hasattr(view, "once"):
        parameters.append(KEY)
    if query:
        parameters.append({"in": "query", "schema": query})
    return described | ({"parameters": parameters} if parameters else {})


def success(status: int, content: Any, headers: tuple[str, ...]) -> dict[str, Any]:
    """Return what the document says about a response that is not an error."""
    described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if isinstance(content, str):
        described["content"] = {content: {}}
    elif content:
        described["content"] = {"application/json": {"schema": content}}
    if headers:
        described["headers"] = {name: name for name in headers}
    return described
