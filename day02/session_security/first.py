"""Read a session cookie without the secret key.

The file ``app.py`` beside this one shows what else an attacker can do, and the defence.

Run it: flask --app day02.session_security.first run --debug
"""

import secrets
from base64 import urlsafe_b64decode

from flask import Flask, abort, request, session

app = Flask(__name__)
app.secret_key = secrets.token_hex()


@app.post("/login")
def login():
    """Put a name into the session."""
    session["name"] = "Ann"
    return "Welcome.\n"


@app.get("/")
def read_cookie():
    """Decode the cookie up to its first dot; this needs no key."""
    text = request.cookies.get("session", "").partition(".")[0]
    try:
        content = urlsafe_b64decode(text + "==")  # Base64 needs "=" at the end
    except ValueError:
        abort(400, "This is not a session cookie.")
    return content + b"\n", {"Content-Type": "text/plain"}
