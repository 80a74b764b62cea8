"""See what a browser keeps apart: pages, data and cookies of two origins.

Protocol, host and port together are an origin. A script may send requests to other origins, but
read the answers only where these allow it. The rule is kept by the browser, so each answer here
also tells what the server saw, and the server counts what has reached it.

Run it: flask --app day06_project.same_origin.app run --debug
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, abort, redirect, render_template, request, url_for

from day06_project.same_origin.origins import UnclearAddressError, as_header, origin, same_origin

METHODS = ["GET", "POST", "PUT"]


def compared(a: str, b: str) -> dict[str, object]:
    """Return the origins of two addresses, and whether they are the same one."""
    return {
        "a": as_header(origin(a)),
        "b": as_header(origin(b)),
        "same_origin": same_origin(a, b),
    }


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``ALLOWED_ORIGINS`` are those whose pages may read, with spaces between."""
    app = Flask(__name__)
    app.config.from_mapping(ALLOWED_ORIGINS="http://127.0.0.1:5000")
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    # A set: a word is in it or not. In a text, any part of it would be found.
    allowed = frozenset(app.config["ALLOWED_ORIGINS"].split())
    reached: Counter[str] = Counter()

    def seen() -> dict[str, object]:
        """Count the request, and tell what has arrived."""
        what = f"{request.method} {request.path}"
        reached[what] += 1
        return {"seen": what, "origin": request.origin, "visitor": request.cookies.get("visitor")}

    @app.get("/")
    def index():
        """Show the experiments."""
        a, b = request.args.get("a", ""), request.args.get("b", "")
        result = compared(a, b) if a and b else None
        return render_template("index.html", allowed=sorted(allowed), a=a, b=b, result=result)

    @app.get("/compare")
    def compare():
        """Compare two addresses for a program."""
        return compared(request.args["a"], request.args["b"])

    @app.route("/private", methods=METHODS)
    def private():
        """Answer without a word about other origins: their pages cannot read it."""
        return seen()

    @app.route("/shared", methods=METHODS)
    def shared():
        """Answer for pages of the origins that are named in the settings."""
        return seen()

    @app.get("/shared-unsafe")
    def shared_unsafe():
        """Show the danger: every origin is told that it is welcome, cookies included."""
        response = app.make_response(seen())
        response.access_control_allow_origin = request.origin
        response.access_control_allow_credentials = True
        return response

    @app.post("/guarded")
    def guarded():
        """Refuse to change anything for a page of another origin."""
        if request.origin and not same_origin(request.origin, request.host_url):
            abort(403, f"Nothing is changed for pages of {request.origin}.")
        return seen()

    @app.get("/reached")
    def reached_so_far():
        """Tell what has reached the views. Everybody may know, so no origin need be named."""
        return dict(reached), {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}

    @app.post("/visitor")
    def visitor():
        """Give the browser a cookie, as a login would."""
        response = redirect(url_for("index"), 303)
        response.set_cookie("visitor", "Ann", httponly=True, samesite="Lax")
        return response

    @app.after_request
    def allow_named_origins(response: Response) -> Response:
        """Let pages of named origins read the answers of ``shared``, also to OPTIONS."""
        if request.endpoint == "shared":
            response.vary.add("Origin")  # named or not: a cache must keep the two answers apart
            if request.origin in allowed:
                response.access_control_allow_origin = request.origin
                response.access_control_allow_credentials = True
                if request.method == "OPTIONS":
                    response.access_control_allow_methods = METHODS
                    response.access_control_allow_headers = ["Content-Type"]
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; connect-src 'self' http://127.0.0.1:* http://localhost:*"
        )
        return response

    @app.errorhandler(UnclearAddressError)
    def unclear(error: UnclearAddressError):
        """Answer an address that cannot be compared."""
        return f"{error}\n", 400, {"Content-Type": "text/plain; charset=utf-8"}

    return app
