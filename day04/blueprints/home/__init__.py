"""The entrance: pages without a prefix, and what is the same in the whole museum."""

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import NotFound

home = Blueprint("home", __name__, template_folder="templates", static_folder="static")


@home.get("/")
def index():
    """Show the links to all parts."""
    return render_template("home/index.html")


@home.after_app_request
def add_endpoint_header(response: Response):
    """Name the endpoint in each response of the whole app, because of ``app`` in the decorator."""
    response.headers["X-Endpoint"] = str(request.endpoint)
    return response


@home.app_errorhandler(404)
def not_found(error: NotFound):
    """Handle paths that no rule matches; only the path says who sent the request."""
    if request.path.startswith("/api/"):
        return {"error": "No rule has this path."}, 404
    return render_template("not_found.html"), 404
