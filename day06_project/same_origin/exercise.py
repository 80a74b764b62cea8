"""Exercise: goods for a front end on another origin.

A shop's data are served here; its front end comes from another server, and so from another origin.
Two clerks may have the same goods open there, so the back end must also tell who has seen the
newest state. HTTP has a name for a state, the ETag: it goes out with the goods, and comes back in
``If-Match`` with "change this, if it still is what I have seen".

Tasks:

1. Answer as HTTP means it. ``POST /goods`` adds goods: 201 and their address in ``Location``;
   ``PUT`` replaces and answers 200, ``DELETE`` answers 204. Nothing there, or not any more: 404.
2. Name each state. ``GET /goods/<id>`` has an ``ETag``, another one after a change, and answers 304
   to a client that shows it in ``If-None-Match``.
3. Change only what was seen. ``PUT`` and ``DELETE`` without ``If-Match`` are 428, with the ETag of
   another state 412, and nothing changes.
4. Let the named origins read. Every answer to one of ALLOWED_ORIGINS, errors too, has its name in
   ``Access-Control-Allow-Origin``; no other origin is named. All answers have ``Vary: Origin``.
5. Let their scripts work. The preflight (OPTIONS) allows PUT and DELETE, and the headers
   Content-Type and If-Match; answers let scripts read the headers ETag and Location.

Run it:   flask --app day06_project.same_origin.exercise run --debug
Try it:   curl -i --json '{"name": "Cup", "price": 450}' http://127.0.0.1:5000/goods
          curl -i -H "Origin: https://front.example" http://127.0.0.1:5000/goods/1
          curl -i -X DELETE -H 'If-Match: "1"' http://127.0.0.1:5000/goods/1
          curl -i -X OPTIONS -H "Origin: https://front.example" http://127.0.0.1:5000/goods/1
Check it: course check same_origin
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, abort, current_app, request

pages = Blueprint("pages", __name__)


def sent_goods() -> dict[str, Any]:
    """Return name and price of the JSON that was sent, or answer 422."""
    body = request.get_json()
    name, price = (body.get("name"), body.get("price")) if isinstance(body, dict) else (None, None)
    if not (isinstance(name, str) and name.strip() and type(price) is int and price >= 0):
        abort(422, "Goods have a name, and a price in cents.")
    return {"name": name, "price": price}


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
    # TODO (task 1): the status and the address
    return current_app.extensions["goods"][new_id]


@pages.get("/goods/<int:goods_id>")
def show(goods_id: int):
    """Show one of them."""
    # TODO (task 1): not there?
    # TODO (task 2): response.set_etag(...), and response.make_conditional(request)
    return current_app.extensions["goods"][goods_id]


@pages.put("/goods/<int:goods_id>")
def replace(goods_id: int):
    """Replace one of them."""
    # TODO (task 1): not there?
    # TODO (task 3): request.if_match is empty without the header, and has a method contains
    current_app.extensions["goods"][goods_id] = {"id": goods_id, **sent_goods()}
    current_app.extensions["versions"][goods_id] += 1
    return current_app.extensions["goods"][goods_id]


# TODO (tasks 1 and 3): DELETE /goods/<id>; leave its number in versions


# TODO (tasks 4 and 5): a hook after each request, of errors too: after_app_request


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the back end; ``ALLOWED_ORIGINS`` has spaces between the origins."""
    app = Flask(__name__)
    app.config.from_mapping(ALLOWED_ORIGINS="https://front.example https://staff.example:8443")
    app.config.from_mapping(config or {})
    app.extensions["goods"] = {}
    app.extensions["versions"] = {}  # counts the changes of each
    app.register_blueprint(pages)
    return app
