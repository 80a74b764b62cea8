"""A solution of the exercise: goods for a front end on another origin."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request, url_for

pages = Blueprint("pages", __name__)


def sent_goods() -> dict[str, Any]:
    """Return name and price of the JSON that was sent, or answer 422."""
    body = request.get_json()
    name, price = (body.get("name"), body.get("price")) if isinstance(body, dict) else (None, None)
    if not (isinstance(name, str) and name.strip() and type(price) is int and price >= 0):
        abort(422, "Goods have a name, and a price in cents.")
    return {"name": name, "price": price}


def check_seen(goods_id: int) -> None:
    """Refuse a change by a client that has not seen the present state."""
    if goods_id not in current_app.extensions["goods"]:
        abort(404)
    if not request.if_match:
        abort(428, "Show in If-Match what you have seen.")
    if not request.if_match.contains(str(current_app.extensions["versions"][goods_id])):
        abort(412, "They have changed since you looked.")


@pages.get("/goods")
def index():
    """List the goods."""
    return {"items": list(current_app.extensions["goods"].values())}


@pages.post("/goods")
def create():
    """Add goods; ids grow, and none is used twice."""
    new_id = max(current_app.extensions["versions"], default=0) + 1
    current_app.extensions["goods"][new_id] = {"id": new_id, **sent_goods()}
    current_app.extensions["versions"][new_id] = 1
    headers = {"Location": url_for(".show", goods_id=new_id)}
    return current_app.extensions["goods"][new_id], 201, headers


@pages.get("/goods/<int:goods_id>")
def show(goods_id: int):
    """Show one of them."""
    if goods_id not in current_app.extensions["goods"]:
        abort(404)
    response = jsonify(current_app.extensions["goods"][goods_id])
    response.set_etag(str(current_app.extensions["versions"][goods_id]))
    return response.make_conditional(request)


@pages.put("/goods/<int:goods_id>")
def replace(goods_id: int):
    """Replace one of them."""
    check_seen(goods_id)
    current_app.extensions["goods"][goods_id] = {"id": goods_id, **sent_goods()}
    current_app.extensions["versions"][goods_id] += 1
    return current_app.extensions["goods"][goods_id]


@pages.delete("/goods/<int:goods_id>")
def delete(goods_id: int):
    """Delete one of them; its number stays in use, so that no other gets it."""
    check_seen(goods_id)
    del current_app.extensions["goods"][goods_id]
    return "", 204


@pages.after_app_request
def allow_named_origins(response: Response) -> Response:
    """Let pages of named origins read the answers, and send what they need to."""
    response.vary.add("Origin")
    if request.origin in current_app.extensions["allowed"]:
        response.access_control_allow_origin = request.origin
        response.access_control_expose_headers = ["ETag", "Location"]
        if request.method == "OPTIONS":
            response.access_control_allow_methods = ["GET", "POST", "PUT", "DELETE"]
            response.access_control_allow_headers = ["Content-Type", "If-Match"]
    return response


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the back end; ``ALLOWED_ORIGINS`` has spaces between the origins."""
    app = Flask(__name__)
    app.config.from_mapping(ALLOWED_ORIGINS="https://front.example https://staff.example:8443")
    app.config.from_mapping(config or {})
    app.extensions["goods"] = {}
    app.extensions["versions"] = {}  # counts the changes of each
    app.extensions["allowed"] = frozenset(app.config["ALLOWED_ORIGINS"].split())
    app.register_blueprint(pages)
    return app
