"""A solution of the exercise: a short-link service."""

import re
import secrets

from flask import Flask, abort, redirect, request, url_for

FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data"}
OURS = re.compile(r"https://flowers\.example/[!-~]*")

app = Flask(__name__)

# The addresses by their codes. They are forgotten when the server stops; day 3 keeps such things.
links: dict[str, str] = {}


def new_code() -> str:
    """Make a code that no one can guess from another one."""
    return secrets.token_hex(3)


def sent_url() -> object:
    """Return what was sent as ``url``, in a form or as JSON; None if nothing was."""
    if request.mimetype in FORM_TYPES:
        return request.form.get("url")
    data = request.get_json()
    return data.get("url") if isinstance(data, dict) else None


@app.post("/links")
def shorten():
    """Keep an address and answer with a short one."""
    url = sent_url()
    if not isinstance(url, str) or not OURS.fullmatch(url):
        abort(400, "Send a url that begins with https://flowers.example/.")
    known = [code for code, address in links.items() if address == url]
    code = known[0] if known else new_code()
    links[code] = url
    short = url_for("follow", code=code, _external=True)
    return {"url": url, "short": short}, 200 if known else 201


@app.get("/s/<code>")
def follow(code: str):
    """Lead to the long address."""
    if code not in links:
        abort(404)
    return redirect(links[code], 302)
