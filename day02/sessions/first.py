"""Remember the name of a visitor.

The file ``app.py`` beside this one adds a login, a cart and the settings of the session.

Run it: flask --app day02.sessions.first run --debug
"""

import secrets

from flask import Flask, redirect, request, session, url_for

app = Flask(__name__)
app.secret_key = secrets.token_hex()


@app.post("/name")
def save_name():
    """Put the name into the visitor's session."""
    session["name"] = request.form["name"]
    return redirect(url_for("show_name"), 303)


@app.get("/name")
def show_name():
    """Read the name from the session; without a name it is None."""
    return {"name": session.get("name")}
