"""Show where text becomes bytes, and bytes become text.

Text consists of characters; networks and disks carry bytes. A charset says which bytes stand for
which character. A program that reads with another charset than the writer's gets nonsense.

Run it: flask --app day02.text_and_bytes.app run --debug
"""

from flask import Flask, Response, abort, render_template, request
from werkzeug.exceptions import BadRequest

CHARSETS = ("ascii", "iso-8859-1", "gbk", "utf-8")
GREETING = "你好, café!"

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 10_000
# People read this JSON: it contains 茶, and not \u8336, and keeps the order of the keys.
app.json.ensure_ascii = False
app.json.sort_keys = False


def get_text() -> str:
    """Return the text of the query string or the form."""
    text = request.values.get("text")
    if text is None:
        abort(400, "Send a text: ?text=tea, or a form with the field 'text', in UTF-8.")
    return text


def hex_bytes(text: str, charset: str) -> str | None:
    """Return each byte as two digits, or None if the charset does not have a character."""
    try:
        return text.encode(charset).hex(" ")
    except UnicodeEncodeError:
        return None


@app.get("/")
def index():
    """Show a page with a form and links to all views."""
    return render_template("index.html")


@app.route("/bytes", methods=["GET", "POST"])
def show_bytes():
    """Return the characters of a text, their numbers, and the bytes in four charsets."""
    text = get_text()
    return {
        "text": text,
        "characters": len(text),
        "code_points": [f"U+{ord(character):04X}" for character in text],
        "bytes": {charset: hex_bytes(text, charset) for charset in CHARSETS},
    }


@app.get('/mojibake/<any("iso-8859-1", gbk):charset>')
def show_mojibake(charset: str):
    """Encode a text as UTF-8, decode it with a wrong charset, and undo both steps."""
    sent = get_text().encode("utf-8")
    wrong = sent.decode(charset)
    repaired = wrong.encode(charset).decode("utf-8")
    return {"sent": sent.hex(" "), "read_as": wrong, "repaired": repaired}


@app.get("/right")
def send_utf8():
    """Return text: Flask sends it as UTF-8, and the header says so."""
    return Response(GREETING, mimetype="text/plain")


@app.get("/gbk")
def send_gbk():
    """Return bytes in GBK, and name this charset in the header."""
    return Response(GREETING.encode("gbk"), content_type="text/plain; charset=gbk")


@app.get("/wrong")
def send_wrong_label():
    """Show the mistake: the header names GBK, but Flask still sends UTF-8."""
    return Response(GREETING, content_type="text/plain; charset=gbk")


@app.post("/read")
def read_body():
    """Decode a body with the charset that the client names, if it is in our list."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "text/plain" or charset not in CHARSETS:
        abort(415, f"Send text/plain, with charset {', '.join(CHARSETS)}.")
    body = request.get_data()
    text = body.decode(charset)
    return {"bytes": len(body), "characters": len(text), "text": text}


@app.errorhandler(UnicodeDecodeError)
def refuse_bytes(error: UnicodeDecodeError):
    """Return 400 for bytes that do not fit their charset; all bytes here are the client's."""
    return BadRequest(f"These bytes cannot be read: {error}.")
