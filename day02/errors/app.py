"""Refuse a request with the right status, and choose what the answer looks like.

An error is an answer too. ``abort`` ends a view with one, and error handlers decide how it looks.

Run it: flask --app day02.errors.app run --debug
"""

from flask import Flask, abort, make_response, render_template, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Conflict, HTTPException

app = Flask(__name__)
JSON = "application/json"
TEAS = {"green": 3, "black": 0, "oolong": 12}  # cups in the pot
GUESTS = {"ann": "oolong", "bob": "sencha"}  # for trying out; real passwords are kept as hashes


class SoldOutError(Exception):
    """Say that a tea has run out: a word of the tea house, which knows nothing of HTTP."""


def find(name: str) -> int:
    """Return the cups of a tea; abort with 404 for a tea that is not on the menu."""
    if name not in TEAS:
        abort(404, f"There is no tea named {name}.")
    if not TEAS[name]:
        raise SoldOutError(f"The {name} tea is sold out.")
    return TEAS[name]


@app.get("/teas/<name>")
def tea(name: str):
    """Leave all that goes wrong to the error handlers."""
    return {"tea": name, "cups": find(name)}


@app.get("/cups-wrong/<name>")
def cups_wrong(name: str):
    """Show the mistake: abort raises an exception, and this ``except`` swallows it."""
    try:
        return {"cups": find(name)}
    except Exception:  # noqa: BLE001 (that is the mistake)
        return {"cups": 0}


@app.get("/cups/<name>")
def cups(name: str):
    """Show the cure: catch what you expect, and the 404 passes by."""
    try:
        return {"cups": find(name)}
    except SoldOutError:
        return {"cups": 0}


@app.get("/abort/<int:code>")
def abort_with(code: int):
    """Abort with any code. What is no error, such as 200, and a few rare ones, abort refuses."""
    try:
        abort(code)
    except LookupError as error:
        abort(400, f"Flask has {error}.")


@app.get("/ceremony")
def ceremony():
    """Abort with a response made by hand, for a code that abort does not know."""
    abort(make_response("The ceremony is for paying guests.\n", 402))


@app.get("/kitchen")
def kitchen():
    """Ask who it is (401), then whether that person may come in (403)."""
    login = request.authorization
    if not login or login.username not in GUESTS or login.password != GUESTS[login.username]:
        abort(401, www_authenticate=WWWAuthenticate("basic", {"realm": "kitchen"}))
    if login.username != "ann":
        abort(403, f"I know you, {login.username}, but the kitchen is for Ann.")
    return "Mind the steam.\n"


@app.get("/boom")
def boom():
    """Fail: nobody catches this, so the visitor gets 500 and the log gets the traceback."""
    raise ConnectionError("The boiler at 10.0.0.7 does not answer.")


def wants_json() -> bool:
    """Tell whether JSON suits the client better than a page; a browser prefers the page."""
    return request.accept_mimetypes.best_match(["text/html", JSON]) == JSON


@app.errorhandler(HTTPException)
def http_error(error: HTTPException):
    """Answer every HTTP error, an unforeseen 500 included, in the form that the client prefers."""
    response = error.get_response()  # the stock page, with headers such as WWW-Authenticate
    if wants_json():
        response.data = app.json.dumps({"code": error.code, "error": error.description}) + "\n"
        response.mimetype = JSON
    response.vary.add("Accept")  # or a cache would give the page to a program
    return response


@app.errorhandler(404)
def not_found(error: HTTPException):
    """Answer 404 with a page of our own. The status must be given, or it would be 200."""
    if wants_json():
        return http_error(error)
    return render_template("not_found.html", error=error, teas=TEAS), 404, {"Vary": "Accept"}


@app.errorhandler(SoldOutError)
def sold_out(error: SoldOutError):
    """Translate an exception of our own into an HTTP error, in one place for all views."""
    return http_error(Conflict(str(error)))


@app.errorhandler(418)
def teapot(error: HTTPException):
    """Show the 200 trap: a handler that returns only text sends an error as a success."""
    return "I am a teapot.\n"
