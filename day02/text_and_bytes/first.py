"""Show the bytes of a text in UTF-8.

The file ``app.py`` beside this one shows other charsets, and where text and bytes go wrong.

Run it: flask --app day02.text_and_bytes.first run --debug
"""

from flask import Flask, request

app = Flask(__name__)
app.json.ensure_ascii = False  # so that JSON contains 茶, and not \u8336


@app.get("/bytes")
def show_bytes():
    """Return a text and its bytes, each byte as two digits."""
    text = request.args.get("text", "")
    return {"text": text, "utf-8": text.encode("utf-8").hex(" ")}
