"""The museum for programs: a blueprint for each version, inside one for all versions."""

from flask import Blueprint, Response, abort, request, url_for
from werkzeug.exceptions import NotFound

from .collection import PICTURES

api = Blueprint("api", __name__, url_prefix="/api")
v1 = Blueprint("v1", __name__, url_prefix="/v1")


@api.after_request
def forbid_storing(response: Response):
    """Add a header to the responses of every version."""
    response.headers["Cache-Control"] = "no-store"
    return response


@api.errorhandler(404)
def not_found(error: NotFound):
    """Return JSON when a view of any version aborts with 404."""
    return {"error": error.description}, 404


@v1.get("/pictures")
def index():
    """List the URLs of all pictures; the leading dot means: in this blueprint."""
    return {"pictures": [url_for(".picture", number=number) for number in PICTURES]}


@v1.get("/pictures/<int:number>")
def picture(number: int):
    """Describe one picture, with the endpoint and the blueprints of this request."""
    if number not in PICTURES:
        abort(404, f"There is no picture {number}.")
    title = PICTURES[number]["en"]
    return {"title": title, "endpoint": request.endpoint, "blueprints": request.blueprints}


api.register_blueprint(v1)
