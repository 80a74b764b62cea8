"""See what a browser keeps apart: pages, data and cookies of two origins.

Protocol, host and port together are an origin. A script may send requests to other origins, but it
can read the responses only if the other server allows it. The browser does this, so each response
here says what the server has seen. The server also counts what has reached it.

Run it: flask --app day06_project.same_origin.app run --debug
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)

from day06_project.same_origin.origins import UnclearAddressError, as_header, origin, same_origin

METHODS = ["GET", "POST", "PUT"]

pages = Blueprint("pages", __name__)


def compare_urls(a: str, b: str) -> dict[str, object]:
    """Return the origins of two URLs, and whether they are the same."""
    return {
        "a": as_header(origin(a)),
        "b": as_header(origin(b)),
        "same_origin": same_origin(a, b),
    }


def count_request() -> dict[str, object]:
    """Count the request, and return what the server has seen of it."""
    what = f"{request.method} {request.path}"
    current_app.extensions["reached"][what] += 1
    return {"seen": what, "origin": request.origin, "visitor": request.cookies.get("visitor")}


@pages.get("/")
def index():
    """Show the experiments."""
    a, b = request.args.get("a", ""), request.args.get("b", "")
    result = compare_urls(a, b) if a and b else None
    allowed = sorted(current_app.extensions["allowed"])
    return render_template("index.html", allowed=allowed, a=a, b=b, result=result)


@pages.get("/compare")
def compare():
    """Compare two URLs for a program."""
    return compare_urls(request.args["a"], request.args["b"])


@pages.route("/private", methods=METHODS)
def private():
    """Say nothing about other origins: their pages cannot read the response."""
    return count_request()


@pages.route("/shared", methods=METHODS)
def shared():
    """Send a response that pages of the origins in the settings can read."""
    return count_request()


@pages.get("/shared-unsafe")
def shared_unsafe():
    """Show the danger: pages of every origin can read the response, cookies included."""
    response = current_app.make_response(count_request())
    response.access_control_allow_origin = request.origin
    response.access_control_allow_credentials = True
    return response


@pages.post("/guarded")
def guarded():
    """Refuse to change anything for a page of another origin."""
    if request.origin and not same_origin(request.origin, request.host_url):
        abort(403, f"Nothing is changed for pages of {request.origin}.")
    return count_request()


@pages.get("/reached")
def list_reached():
    """Return what has reached the views. Everyone may know it, so all origins may read it."""
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
    return dict(current_app.extensions["reached"]), headers


@pages.post("/visitor")
def set_visitor():
    """Give the browser a cookie, as a login would."""
    response = redirect(url_for(".index"), 303)
    response.set_cookie("visitor", "Ann", httponly=True, samesite="Lax")
    return response


@pages.after_request
def allow_origins(response: Response) -> Response:
    """Let pages of the origins in the settings read the responses of ``shared``."""
    if request.endpoint == "pages.shared":
        response.vary.add("Origin")  # on each response: a cache must not mix them up
        if request.origin in current_app.extensions["allowed"]:
            response.access_control_allow_origin = request.origin
            response.access_control_allow_credentials = True
            if request.method == "OPTIONS":
                response.access_control_allow_methods = METHODS
                response.access_control_allow_headers = ["Content-Type"]
    return response


def add_policy(response: Response) -> Response:
    """Let the page's script send requests to this machine only."""
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; connect-src 'self' http://127.0.0.1:* http://localhost:*"
    )
    return response


@pages.app_errorhandler(UnclearAddressError)
def handle_unclear_url(error: UnclearAddressError):
    """Send 400 for a URL that cannot be compared."""
    return f"{error}\n", 400, {"Content-Type": "text/plain; charset=utf-8"}


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; pages of ``ALLOWED_ORIGINS``, with spaces between, may read its data."""
    app = Flask(__name__)
    app.config.from_mapping(ALLOWED_ORIGINS="http://127.0.0.1:5000")
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    # A set: an origin is in it or not. In a text, any part of the text would be "in" it, too.
    app.extensions["allowed"] = frozenset(app.config["ALLOWED_ORIGINS"].split())
    app.extensions["reached"] = Counter()
    app.register_blueprint(pages)
    app.after_request(add_policy)
    return app
