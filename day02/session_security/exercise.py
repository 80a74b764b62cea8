"""Exercise: a login whose session is safe.

The login works. Its session can be planted, lasts too long, and travels over http.

Tasks:

1. The session cookie is sent over https only, and scripts and other sites do not get it:
   ``Secure``, ``HttpOnly`` and ``SameSite=Lax``.
2. Nothing that was in the session before the login is there after it.
3. After the login, the session ends after one hour: its cookie has an ``Expires``.

Run it:   flask --app day02.session_security.exercise run --debug
Try it:   curl -i -d name=ann http://127.0.0.1:5000/login
Check it: course check session_security
"""

import secrets
from datetime import timedelta

from flask import Flask, request, session

app = Flask(__name__)
app.secret_key = secrets.token_hex()

# TODO (tasks 1 and 3): the settings of the session


@app.post("/basket")
def put():
    """Remember a thing before the login."""
    session["thing"] = request.form.get("thing", "")
    return "Remembered."


@app.post("/login")
def log_in():
    """Log in; a real login asks for a password, too."""
    # TODO (tasks 2 and 3): begin a new session that ends
    session["name"] = request.form.get("name", "")
    return "Logged in."


@app.get("/")
def index():
    """Show the session."""
    return dict(session)
