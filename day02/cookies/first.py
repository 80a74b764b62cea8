"""Set a cookie on one response, and read it from the next request.

The file ``app.py`` beside this one shows lifetimes, protection, paths and signatures.

Run it: flask --app day02.cookies.first run --debug
"""

from flask import Flask, redirect, request, url_for

app = Flask(__name__)


@app.get("/")
def index():
    """Read the cookie; if it is missing, the theme is light."""
    return {"theme": request.cookies.get("theme", "light")}


@app.post("/dark")
def choose_dark():
    """Set the cookie on the response."""
    response = redirect(url_for("index"), 303)
    response.set_cookie("theme", "dark")
    return response
