"""Read the data that a request carries in each of its parts.

Path, query string, header, cookie, form, JSON, XML, file: the client chooses one, and the view has
to read the right part. Every view here returns what it received.

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
# The client decides how much it sends. Flask refuses a body with more bytes than this: 413.
app.config["MAX_CONTENT_LENGTH"] = 1_000_000


@app.get("/goods/<int:goods_id>")
def get_goods(goods_id: int):
    """Return a value from the path."""
    return {"goods_id": goods_id}


@app.route("/search", methods=METHODS)
def search():
    """Return the values of the query string; it can come with any method."""
    # A name may come more than once, so each has a list of values.
    return {"method": request.method, "args": request.args.to_dict(flat=False)}


@app.get("/header")
def get_header():
    """Return the value of a header; upper and lower case in its name do not matter."""
    token = request.headers.get("X-Token")
    if token is None:
        abort(400, "Send a header X-Token.")
    return {"X-Token": token}


@app.get("/cookie")
def get_cookies():
    """Return the header ``Cookie``, and the cookies that Flask reads from it."""
    return {"header": request.headers.get("Cookie"), "cookies": request.cookies.to_dict()}


@app.post("/form")
def read_form():
    """Return the fields of a form in the body."""
    if request.mimetype not in FORM_TYPES:
        abort(415, "Send a form.")
    return {"form": request.form.to_dict(flat=False)}


@app.post("/json")
def read_json():
    """Return a JSON object in the body; get_json refuses other types and broken JSON."""
    data = request.get_json()
    if not isinstance(data, dict):
        abort(400, "Send a JSON object, in braces.")
    # jsonify raises the RecursionError here, where refuse_deep_nesting handles it.
    return jsonify(json=data)


@app.post("/xml")
def read_xml():
    """Return XML in the body as a dict; a library parses it, as Flask does not."""
    if request.mimetype not in XML_TYPES:
        abort(415, "Send XML, with Content-Type: application/xml.")
    try:
        data = xmltodict.parse(request.get_data(), disable_entities=True)
    except (ExpatError, ValueError, LookupError) as error:  # broken, entities, unknown encoding
        abort(400, f"This XML cannot be read: {error}.")
    return jsonify(xml=data)


@app.post("/files")
def read_file():
    """Describe an uploaded file: one part of a multipart form, with its own name and type."""
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
def show_request():
    """Return the whole request as text: start line, headers, empty line, body."""
    target, protocol = request.environ["RAW_URI"], request.environ["SERVER_PROTOCOL"]
    start_line = f"{request.method} {target} {protocol}\r\n"
    head = start_line + str(request.headers)  # ends with the empty line
    return Response(head.encode("latin-1") + request.get_data(), mimetype="text/plain")


@app.errorhandler(RecursionError)
def refuse_deep_nesting(error: RecursionError):
    """Return 400 for a body that is nested more deeply than Python can follow."""
    return BadRequest("This is nested too deeply.")
