"""The rooms with the pictures: a part with its own templates, files, hooks and error page."""

from flask import Blueprint, Response, abort, g, render_template
from werkzeug.exceptions import NotFound

from ..collection import PICTURES

pictures = Blueprint("pictures", __name__, template_folder="templates", static_folder="static")


@pictures.before_request
def set_guard():
    """Give these rooms a guard; the other parts have none."""
    g.guard = "Ada"


@pictures.after_request
def add_guard_header(response: Response):
    """Name the guard in a header, for this part's static files, too."""
    response.headers["X-Guard"] = g.get("guard", "none")
    return response


@pictures.errorhandler(404)
def not_found(error: NotFound):
    """Show this part's page when a view of this part aborts with 404, and only then."""
    return render_template("pictures/not_found.html"), 404


@pictures.get("/")
def index():
    """List the pictures."""
    return render_template("pictures/index.html", pictures=PICTURES)


@pictures.get("/<int:number>")
def picture(number: int):
    """Show one picture."""
    if number not in PICTURES:
        abort(404)
    return render_template("pictures/picture.html", title=PICTURES[number]["en"])


@pictures.get("/notice")
def notice():
    """Show this part's notice: its folder has the name of the blueprint."""
    return render_template("pictures/notice.html")


@pictures.get("/notice-clash")
def notice_clash():
    """Show the wrong notice: the app has a file of this name, too, and Flask takes the app's."""
    return render_template("notice.html")
