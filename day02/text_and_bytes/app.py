"""Tell text from bytes, and see where the one becomes the other.

Text is made of characters; networks and disks carry bytes. A charset says which bytes stand for
which character. Whoever reads with another charset than the writer's gets nonsense, or an error.

Run it: flask --app day02.text_and_bytes.app run --debug
"""

from flask import Flask, Response, abort, render_template, request
from werkzeug.exceptions import BadRequest

CHARSETS = ("ascii", "iso-8859-1", "gbk", "utf-8")
GREETING = "你好, café!"

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 10_000
# The answers are for people: write 茶 and not \u8336, and keep the order of the keys.
app.json.ensure_ascii = False
app.json.sort_keys = False


def asked_text() -> str:
    """Return the text of the query string or the form."""
    text = request.values.get("text")
    if text is None:
        abort(400, "Send a text: ?text=tea, or a form with the field 'text', in UTF-8.")
    return text


def encoded(text: str, charset: str) -> str | None:
    """Return the bytes as pairs of digits, or None where the charset lacks a character."""
    try:
        return text.encode(charset).hex(" ")
    except UnicodeEncodeError:
        return None


@app.get("/")
def index():
    """Show a page from which everything here can be reached."""
    return render_template("index.html")


@app.route("/bytes", methods=["GET", "POST"])
def as_bytes():
    """Show a text as characters, as numbers, and as the bytes of four charsets."""
    text = asked_text()
    return {
        "text": text,
        "characters": len(text),
        "code_points": [f"U+{ord(character):04X}" for character in text],
        "bytes": {charset: encoded(text, charset) for charset in CHARSETS},
    }


@app.get('/mojibake/<any("iso-8859-1", gbk):charset>')
def mojibake(charset: str):
    """Write a text as UTF-8, read it wrongly, and take the two steps back."""
    sent = asked_text().encode("utf-8")
    wrong = sent.decode(charset)
    cured = wrong.encode(charset).decode("utf-8")
    return {"sent": sent.hex(" "), "read_as": wrong, "cured": cured}


@app.get("/right")
def right():
    """Leave it to Flask: text is sent as UTF-8, and the header says so."""
    return Response(GREETING, mimetype="text/plain")


@app.get("/gbk")
def gbk():
    """Send other bytes, and announce them: right as well."""
    return Response(GREETING.encode("gbk"), content_type="text/plain; charset=gbk")


@app.get("/wrong")
def wrong():
    """Announce GBK and send UTF-8, for the header is only a label: it encodes nothing."""
    return Response(GREETING, content_type="text/plain; charset=gbk")


@app.post("/read")
def read():
    """Decode a body with the charset that its sender names, if it is one of ours."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "text/plain" or charset not in CHARSETS:
        abort(415, f"Send text/plain, with charset {', '.join(CHARSETS)}.")
    body = request.get_data()
    text = body.decode(charset)
    return {"bytes": len(body), "characters": len(text), "text": text}


@app.errorhandler(UnicodeDecodeError)
def unreadable(error: UnicodeDecodeError):
    """Answer bytes that are not in their charset; all bytes here come from the client."""
    return BadRequest(f"These bytes cannot be read: {error}.")
