"""Exercise: errors for people and for programs.

A theatre sells seats: to people on pages, and to programs below ``/api/``. When something goes
wrong, a person wants a page, and a program wants JSON that it can work with. The views are
finished; only the errors look as Flask makes them.

Tasks:

1. Answer programs in JSON. An HTTP error below ``/api/`` keeps its status, has the type
   ``application/problem+json``, and is an object with ``status`` (its code), ``title`` (its name)
   and ``detail`` (its description). So is the 404 for an address that no rule matches.
2. Keep the headers that belong to an error. A 405 has ``Allow``, a 401 has ``WWW-Authenticate``.
3. Show people a page. An HTTP error elsewhere keeps its status, and its page is
   templates/exercise_error.html.
4. Translate an exception of our own. ``TooFewSeatsError`` is answered with 409 in the same two
   forms; for programs the object also has ``left``, the number of seats that there are.
5. Say nothing of the inside. A failure of the program is a 500 in the same two forms, and none of
   them shows the text of the exception.

Run it:   flask --app day02.errors.exercise run
Try it:   curl -i http://127.0.0.1:5000/api/shows/macbeth
          curl -i http://127.0.0.1:5000/shows/macbeth
          curl -i -X POST "http://127.0.0.1:5000/api/shows/hamlet/seats?number=9"
          curl -i http://127.0.0.1:5000/api/sales
Check it: course check errors
"""

from flask import Flask, abort, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import HTTPException

SHOWS = {"faust": 40, "hamlet": 3}  # free seats

app = Flask(__name__)


class TooFewSeatsError(Exception):
    """Say that a show has fewer free seats than the visitor wants."""

    def __init__(self, left: int) -> None:
        super().__init__(f"There are only {left} seats left.")
        self.left = left


@app.get("/")
def index():
    """Show the programme."""
    return f"On our stage: {', '.join(SHOWS)}.\n"


@app.get("/shows/<name>")
@app.get("/api/shows/<name>")
def show(name: str):
    """Tell how many seats are free."""
    if name not in SHOWS:
        abort(404, f"There is no show named {name}.")
    return {"show": name, "seats": SHOWS[name]}


@app.post("/shows/<name>/seats")
@app.post("/api/shows/<name>/seats")
def book(name: str):
    """Sell seats."""
    number = request.args.get("number", 1, type=int)
    if number < 1:
        abort(400, "Buy one seat or more.")
    left = show(name)["seats"]
    if number > left:
        raise TooFewSeatsError(left)
    return {"show": name, "sold": number}, 201


@app.get("/office")
@app.get("/api/office")
def office():
    """Ask who the visitor is; passwords come later."""
    abort(401, www_authenticate=WWWAuthenticate("basic", {"realm": "office"}))


@app.get("/sales")
@app.get("/api/sales")
def sales():
    """Fail."""
    raise ConnectionError("The ledger at 10.0.0.7 does not answer; its password is tulip.")


# TODO (tasks 1, 2, 3 and 5): register this for all HTTP errors, and write it
def http_error(error: HTTPException):
    """Answer an HTTP error: with JSON below /api/, with a page elsewhere."""
    return error.get_response()  # Flask's own page, with the headers that belong to the error


# TODO (task 4): a handler for TooFewSeatsError
