"""Offer goods to programs: the path names a thing, and the method says what to do with it.

A client that knows HTTP then knows most of your API: what each status code means, which requests it
may repeat, and where a new thing is. Each value that a client sends is checked first.

Run it: flask --app day06_project.rest_resource.app run --debug
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from flask import Blueprint, Flask, abort, current_app, jsonify, make_response, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

MAX_PRICE = 100_000_000

api = Blueprint("api", __name__)


@dataclass
class Goods:
    """Something for sale; ``version`` counts its changes."""

    id: int
    name: str
    price: int  # cents: binary fractions cannot hold 0.10
    version: int = 1

    def as_dict(self) -> dict[str, Any]:
        """Return what clients see."""
        return {"id": self.id, "name": self.name, "price": self.price}


class Shop:
    """Hold the goods of one app in memory; they are gone when the program ends."""

    def __init__(self) -> None:
        """Begin with one thing and no wishes."""
        self.ids = count(1)  # an id is never used twice, not even after a DELETE
        self.goods: dict[int, Goods] = {}
        self.wishes: dict[str, list[int]] = {}
        self.add("Teapot", 2750)

    def add(self, name: str, price: int) -> Goods:
        """Store new goods under the next id."""
        goods = Goods(next(self.ids), name, price)
        self.goods[goods.id] = goods
        return goods


def get_shop() -> Shop:
    """Return the goods of the app that handles this request."""
    return current_app.extensions["shop"]


def get_goods_or_404(goods_id: int) -> Goods:
    """Return the goods with this id; for any other id send 404."""
    return get_shop().goods.get(goods_id) or abort(404, f"There are no goods {goods_id}.")


def read_object() -> dict[str, Any]:
    """Return the JSON object in the body; send 400 or 415 if there is none."""
    body = request.get_json()
    if not isinstance(body, dict):
        abort(400, "The body is not a JSON object.")
    return body


def check_goods(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values; send 422 with a message for each field that is wrong."""
    errors = {name: "is unknown" for name in values if name not in {"name", "price"}}
    name, price = values.get("name"), values.get("price")
    if not (isinstance(name, str) and name.isprintable() and 1 <= len(name.strip()) <= 64):
        errors["name"] = "must be a text of 1 to 64 characters"
    if type(price) is not int or not 0 <= price <= MAX_PRICE:  # True is an int, too
        errors["price"] = f"must be a number of cents from 0 to {MAX_PRICE}"
    if errors:
        abort(make_response({"error": "Some fields are wrong.", "fields": errors}, 422))
    return values


def check_version(goods: Goods) -> None:
    """Send 412 if the client has seen another version than the one that is here now."""
    if request.if_match and not request.if_match.contains(str(goods.version)):
        abort(412, "The goods have changed. Read them again.")


def change(goods: Goods, values: dict[str, Any]) -> dict[str, Any]:
    """Store the values and count the change."""
    goods.name, goods.price = values["name"], values["price"]
    goods.version += 1
    return goods.as_dict()


@api.get("/goods")
def list_goods():
    """Return all goods."""
    return {"items": [goods.as_dict() for goods in get_shop().goods.values()]}


@api.post("/goods")
def add_goods():
    """Add goods: 201, and their path in the header Location."""
    goods = get_shop().add(**check_goods(read_object()))
    return goods.as_dict(), 201, {"Location": url_for(".get_goods", goods_id=goods.id)}


@api.get("/goods/<int:goods_id>")
def get_goods(goods_id: int):
    """Return one of them; 304 without a body to a client that has this version already."""
    goods = get_goods_or_404(goods_id)
    response = jsonify(goods.as_dict())
    response.set_etag(str(goods.version))
    return response.make_conditional(request)


@api.put("/goods/<int:goods_id>")
def replace_goods(goods_id: int):
    """Replace all fields; the same request twice has the same result."""
    goods = get_goods_or_404(goods_id)
    check_version(goods)
    return change(goods, check_goods(read_object()))


@api.patch("/goods/<int:goods_id>")
def change_goods(goods_id: int):
    """Change the fields in the body; the others stay."""
    goods = get_goods_or_404(goods_id)
    check_version(goods)
    return change(goods, check_goods({"name": goods.name, "price": goods.price} | read_object()))


@api.delete("/goods/<int:goods_id>")
def delete_goods(goods_id: int):
    """Delete one of them: 204, and 404 the second time."""
    check_version(get_goods_or_404(goods_id))
    get_shop().goods.pop(goods_id, None)
    return "", 204


@api.put("/wishes/<name>")
def put_wishes(name: str):
    """Create or replace a list whose path the client chooses: 201 the first time, then 200."""
    ids = read_object().get("goods_ids")
    if not isinstance(ids, list) or not all(type(each) is int for each in ids):
        abort(make_response({"error": "goods_ids must be a list of numbers."}, 422))
    wishes = get_shop().wishes
    status = 200 if name in wishes else 201
    wishes[name] = ids
    return {"goods_ids": ids}, status


@api.app_errorhandler(HTTPException)
def handle_http_error(error: HTTPException) -> Response:
    """Make JSON of each error; headers such as Allow stay."""
    response = error.get_response()
    if error.response is None:  # else a view has made the response itself
        response.data = json.dumps({"error": error.description}) + "\n"
        response.content_type = "application/json"
    return response


@api.app_errorhandler(RecursionError)
def handle_deep_json(error: RecursionError):
    """Refuse JSON with thousands of nested levels, which Python cannot read."""
    return {"error": "The body has too many levels."}, 400


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; each one has goods of its own."""
    app = Flask(__name__)
    app.config.from_mapping(MAX_CONTENT_LENGTH=10_000)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    app.extensions["shop"] = Shop()
    app.register_blueprint(api)
    return app
