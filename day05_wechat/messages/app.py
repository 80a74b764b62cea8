"""Turn WeChat's XML into a dict and a dict into XML, and refuse everything else.

XML can do more than a message needs, and attackers use some of it. For everything that is wrong
with a body there is one exception, so the caller cannot forget one of several.

Run it: flask --app day05_wechat.messages.app run --debug
"""

import json
import re
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict
from flask import Flask, abort, render_template, request
from werkzeug.exceptions import HTTPException

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 300_000  # bytes; in a form, most characters take three
app.json.sort_keys = False
app.json.ensure_ascii = False

MAX_BYTES = 65_536  # the longest message, an encrypted text, has far fewer
MAX_DEPTH = 8
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# The characters that XML cannot hold: https://www.w3.org/TR/xml/#charsets
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
EXAMPLE = """\
<xml>
  <ToUserName><![CDATA[gh_0123456789ab]]></ToUserName>
  <FromUserName><![CDATA[oUser-1]]></FromUserName>
  <CreateTime>1700000000</CreateTime>
  <MsgType><![CDATA[text]]></MsgType>
  <Content><![CDATA[1 < 2 & 你好]]></Content>
  <MsgId>23456789012345678</MsgId>
</xml>
"""


class MessageError(ValueError):
    """Say why a message cannot be read or written."""


def parse(body: bytes) -> dict[str, Any]:
    """Return the fields in ``<xml>``: texts, None for a blank text, dicts, and lists of these.

    Left out are blanks around a text, attributes, and fields that are nested too deep. The body is
    read as UTF-8, even if it names another encoding. Raises ``MessageError``.
    """
    if len(body) > MAX_BYTES:
        raise MessageError(f"A message has no more than {MAX_BYTES} bytes.")
    try:
        if b"\0" in body:  # with a NUL, the parser reads UTF-16
            raise ValueError("it holds a NUL")
        message = xmltodict.parse(body, encoding="utf-8", xml_attribs=False).get("xml")
    # ExpatError: not XML, or not UTF-8. ValueError: a NUL, or an entity.
    except (ExpatError, ValueError) as error:
        raise MessageError(f"This is not a message: {error}.") from error
    if not isinstance(message, dict):
        raise MessageError("A message is an <xml> with fields in it.")
    return shallow(message, MAX_DEPTH)


def shallow(value: Any, depth: int) -> Any:
    """Return the value without the fields that are nested more than ``depth`` deep."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {name: shallow(each, depth - 1) for name, each in value.items()} if depth else None
    if isinstance(value, list):
        return [shallow(each, depth) for each in value]
    return value


def build(message: dict[str, Any]) -> str:
    """Return the message as XML, or raise ``MessageError`` for what XML cannot hold."""
    check_message(message)
    # Without the declaration <?xml ...?>, as in WeChat's own examples.
    try:
        return xmltodict.unparse({"xml": message}, full_document=False)
    except ValueError as error:  # a number with more than 4300 digits
        raise MessageError(str(error)) from error


def check_message(message: object) -> None:
    """Raise ``MessageError`` unless this is a dict with fields that XML can hold."""
    if not (isinstance(message, dict) and message):
        raise MessageError("A message is an <xml> with fields in it.")
    check_fields(message, MAX_DEPTH)


def check_fields(fields: dict[Any, Any], depth: int) -> None:
    """Raise ``MessageError`` for a field that XML cannot hold; ``depth`` limits the nesting."""
    if not depth:
        raise MessageError(f"Fields are nested {MAX_DEPTH} deep at most.")
    for name, content in fields.items():
        if not (isinstance(name, str) and NAME.fullmatch(name)):
            raise MessageError(f"A field cannot be called {name!r}.")
        for value in content if isinstance(content, list) else [content]:
            if isinstance(value, str):
                if forbidden := FORBIDDEN.search(value):
                    raise MessageError(f"{name} has {forbidden[0]!r}, which XML cannot hold.")
            elif isinstance(value, dict):
                check_fields(value, depth - 1)
            elif not (value is None or isinstance(value, int | float)):
                raise MessageError(f"{name} is {type(value)}, not a text or a number.")


@app.route("/", methods=["GET", "POST"])
def index():
    """Show a message as a dict, and as XML again."""
    xml = request.form.get("xml", "") if request.method == "POST" else EXAMPLE
    page = {"xml": xml}
    try:
        message = parse(xml.encode())
        page["message"] = json.dumps(message, indent=2, ensure_ascii=False)
        page["again"] = build(message)
    except MessageError as error:
        page["error"] = str(error)
    return render_template("index.html", **page), 400 if "error" in page else 200


def read_body() -> bytes:
    """Return the body of the request; raise ``MessageError`` if the connection brings none."""
    try:
        return request.get_data()
    except HTTPException:  # too long, for example
        raise
    except Exception as error:  # each server has a kind of its own
        raise MessageError("The body cannot be read.") from error


@app.post("/parse")
def parse_as_json():
    """Return the fields of a message as JSON."""
    try:
        return parse(read_body())
    except MessageError as error:
        abort(400, str(error))
