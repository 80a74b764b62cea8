"""A solution of the exercise: errors for people and for programs."""

from flask import Flask, abort, json, render_template, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Conflict, HTTPException

SHOWS = {"faust": 40, "hamlet": 3}  # free seats

app = Flask(__name__)


class TooFewSeatsError(Exception):
    """Say that a show has fewer free seats than were asked for."""

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
    """Ask who it is, as no one has a password yet."""
    abort(401, www_authenticate=WWWAuthenticate("basic", {"realm": "office"}))


@app.get("/sales")
@app.get("/api/sales")
def sales():
    """Fail."""
    raise ConnectionError("The ledger at 10.0.0.7 does not answer; its password is tulip.")


@app.errorhandler(HTTPException)
def http_error(error: HTTPException, **more: object):
    """Answer an HTTP error: with JSON below /api/, with a page elsewhere."""
    response = error.get_response()  # Flask's own page, with the headers that belong to the error
    if request.path.startswith("/api/"):
        problem = {"status": error.code, "title": error.name, "detail": error.description}
        response.data = json.dumps(problem | more)
        response.content_type = "application/problem+json"
    else:
        response.data = render_template("exercise_error.html", error=error)
    return response


@app.errorhandler(TooFewSeatsError)
def too_few_seats(error: TooFewSeatsError):
    """Translate it into an HTTP error."""
    return http_error(Conflict(str(error)), left=error.left)
