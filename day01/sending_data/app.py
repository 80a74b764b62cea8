"""Receive data in each of the eight ways in which a request can carry it.

Path, query string, header, cookie, form, JSON, XML, file: the sender chooses one, and the view has
to look in the right place. Every view here answers with what arrived, so nothing stays hidden.

Run it: flask --app day01.sending_data.app run --debug
Then send it everything: python -m day01.sending_data.client
"""

from xml.parsers.expat import ExpatError

import xmltodict
from flask import Flask, Response, abort, jsonify, request
from werkzeug.exceptions import BadRequest

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data"}
XML_TYPES = {"application/xml", "text/xml"}

app = Flask(__name__)
# Whoever sends decides how much; above this many bytes of body the answer is 413.
app.config["MAX_CONTENT_LENGTH"] = 1_000_000


@app.get("/goods/<int:goods_id>")
def in_the_path(goods_id: int):
    """Receive a value as part of the path."""
    return {"goods_id": goods_id}


@app.route("/search", methods=METHODS)
def in_the_query():
    """Receive values after the question mark, whatever the method."""
    # A name may come more than once, so each has a list of values.
    return {"method": request.method, "args": request.args.to_dict(flat=False)}


@app.get("/header")
def in_a_header():
    """Receive a value in a header; capitals and small letters in its name do not matter."""
    token = request.headers.get("X-Token")
    if token is None:
        abort(400, "Send a header X-Token.")
    return {"X-Token": token}


@app.get("/cookie")
def in_a_cookie():
    """Receive values in cookies: one header, taken apart."""
    return {"header": request.headers.get("Cookie"), "cookies": request.cookies.to_dict()}


@app.post("/form")
def in_a_form():
    """Receive the fields of a form in the body."""
    if request.mimetype not in FORM_TYPES:
        abort(415, "Send a form.")
    return {"form": request.form.to_dict(flat=False)}


@app.post("/json")
def as_json():
    """Receive a JSON object in the body; get_json refuses other types and broken JSON."""
    data = request.get_json()
    if not isinstance(data, dict):
        abort(400, "Send a JSON object, in braces.")
    # Called here, not left to Flask, so that nested_too_deeply sees what goes wrong in it.
    return jsonify(json=data)


@app.post("/xml")
def as_xml():
    """Receive XML in the body; Flask leaves the reading to a library."""
    if request.mimetype not in XML_TYPES:
        abort(415, "Send XML, with Content-Type: application/xml.")
    try:
        data = xmltodict.parse(request.get_data(), disable_entities=True)
    except (ExpatError, ValueError, LookupError) as error:  # broken, hostile, unknown encoding
        abort(400, f"This XML cannot be read: {error}.")
    return jsonify(xml=data)


@app.post("/files")
def as_a_file():
    """Receive a file: one part of a multipart form, with a name and a type of its own."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        abort(400, "Send a multipart form with a file in its field 'file'.")
    content = upload.read()
    return {
        "filename": upload.filename,
        "type": upload.mimetype,
        "size": len(content),
        "starts_with": content[:16].decode("ascii", "backslashreplace"),
        "form": request.form.to_dict(flat=False),
    }


@app.route("/raw", methods=METHODS)
def raw():
    """Write the whole message down again: start line, headers, empty line, body."""
    target, protocol = request.environ["RAW_URI"], request.environ["SERVER_PROTOCOL"]
    start_line = f"{request.method} {target} {protocol}\r\n"
    head = start_line + str(request.headers)  # ends with the empty line
    return Response(head.encode("latin-1") + request.get_data(), mimetype="text/plain")


@app.errorhandler(RecursionError)
def nested_too_deeply(error: RecursionError):
    """Answer a body of a thousand brackets within brackets, which no honest client sends."""
    return BadRequest("This is nested too deeply.")
