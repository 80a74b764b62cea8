"""Refuse a request with the right status code, and choose what the response looks like.

An error is a response, too. ``abort`` ends a view with an error, and error handlers make the page.

Run it: flask --app day02.errors.app run --debug
"""

from flask import Flask, abort, make_response, render_template, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Conflict, HTTPException

app = Flask(__name__)
JSON = "application/json"
TEAS = {"green": 3, "black": 0, "oolong": 12}  # cups in the pot
# Passwords for trying it out. A real program stores hashes of the passwords.
GUESTS = {"ann": "oolong", "bob": "sencha"}


class SoldOutError(Exception):
    """Say that a tea is sold out; this class knows nothing about HTTP."""


def get_cups(name: str) -> int:
    """Return the cups of a tea; abort with 404 for a tea that is not on the menu."""
    if name not in TEAS:
        abort(404, f"There is no tea named {name}.")
    if not TEAS[name]:
        raise SoldOutError(f"The {name} tea is sold out.")
    return TEAS[name]


@app.get("/teas/<name>")
def show_tea(name: str):
    """Return the cups of a tea, and leave all errors to the error handlers."""
    return {"tea": name, "cups": get_cups(name)}


@app.get("/cups-wrong/<name>")
def show_cups_wrong(name: str):
    """Show the mistake: abort raises an exception, and this ``except`` catches it."""
    try:
        return {"cups": get_cups(name)}
    except Exception:  # noqa: BLE001 (that is the mistake)
        return {"cups": 0}


@app.get("/cups/<name>")
def show_cups(name: str):
    """Catch only the exception that is expected; the 404 stays a 404."""
    try:
        return {"cups": get_cups(name)}
    except SoldOutError:
        return {"cups": 0}


@app.get("/abort/<int:code>")
def abort_with(code: int):
    """Abort with the code of the path; abort refuses codes such as 200 and 402."""
    try:
        abort(code)
    except LookupError as error:
        abort(400, f"Flask has {error}.")


@app.get("/ceremony")
def show_ceremony():
    """Abort with a finished response, for a code that abort does not know."""
    abort(make_response("The ceremony is for paying guests.\n", 402))


@app.get("/kitchen")
def show_kitchen():
    """Ask who the visitor is (401), then whether this visitor may come in (403)."""
    login = request.authorization
    if not login or login.username not in GUESTS or login.password != GUESTS[login.username]:
        abort(401, www_authenticate=WWWAuthenticate("basic", {"realm": "kitchen"}))
    if login.username != "ann":
        abort(403, f"I know you, {login.username}, but the kitchen is for Ann.")
    return "Mind the steam.\n"


@app.get("/boom")
def boom():
    """Fail: no one catches this, so the visitor gets 500 and the log gets the traceback."""
    raise ConnectionError("The boiler at 10.0.0.7 does not answer.")


def wants_json() -> bool:
    """Tell whether the client prefers JSON to a page; a browser prefers the page."""
    return request.accept_mimetypes.best_match(["text/html", JSON]) == JSON


@app.errorhandler(HTTPException)
def http_error(error: HTTPException):
    """Return a page or JSON for every HTTP error, also for the 500 of a failed view."""
    response = error.get_response()  # Flask's page, with headers such as WWW-Authenticate
    if wants_json():
        response.data = app.json.dumps({"code": error.code, "error": error.description}) + "\n"
        response.mimetype = JSON
    response.vary.add("Accept")  # so that a cache does not send the page to a program
    return response


@app.errorhandler(404)
def not_found(error: HTTPException):
    """Return a page of our own for 404; without the status code it would be 200."""
    if wants_json():
        return http_error(error)
    return render_template("not_found.html", error=error, teas=TEAS), 404, {"Vary": "Accept"}


@app.errorhandler(SoldOutError)
def sold_out(error: SoldOutError):
    """Turn an exception of our own into a 409, in one place for all views."""
    return http_error(Conflict(str(error)))


@app.errorhandler(418)
def teapot(error: HTTPException):
    """Show the mistake: a handler that returns only a text sends the error as 200."""
    return "I am a teapot.\n"
