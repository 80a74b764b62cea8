"""The entrance: pages without a prefix, and what holds for the whole museum."""

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import NotFound

home = Blueprint("home", __name__, template_folder="templates", static_folder="static")


@home.get("/")
def index():
    """Show what there is."""
    return render_template("home/index.html")


@home.after_app_request
def name_endpoint(response: Response):
    """Tell with every answer of the app which endpoint gave it: ``app`` makes the difference."""
    response.headers["X-Endpoint"] = str(request.endpoint)
    return response


@home.app_errorhandler(404)
def not_found(error: NotFound):
    """Answer for addresses that belong to nobody; only the path tells whom they were meant for."""
    if request.path.startswith("/api/"):
        return {"error": "There is no such address."}, 404
    return render_template("not_found.html"), 404
