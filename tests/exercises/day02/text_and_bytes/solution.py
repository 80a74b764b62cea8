"""A solution of the exercise."""

from flask import Flask, abort, request

app = Flask(__name__)


def read_text() -> str:
    """Return the body as text; anything but UTF-8 is a 400."""
    try:
        return request.get_data().decode()
    except UnicodeDecodeError:
        abort(400, "Send UTF-8.")


@app.post("/shout")
def shout():
    """Return the text in upper case."""
    return read_text().upper()


@app.post("/count")
def count():
    """Count bytes and characters."""
    text = read_text()
    return {"bytes": len(text.encode()), "characters": len(text)}
