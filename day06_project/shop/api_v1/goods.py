"""Goods: everyone may read them; users who are logged in add some and change their own."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, jsonify, request, url_for
from sqlalchemy import bindparam, func, select
from werkzeug.exceptions import Forbidden, PreconditionFailed

from day06_project.shop.api_v1 import schemas
from day06_project.shop.extensions import db
from day06_project.shop.models import Goods
from day06_project.shop.utils.auth import login_required
from day06_project.shop.utils.idempotency import once
from day06_project.shop.utils.openapi import fails, gives
from day06_project.shop.utils.validation import asks, takes

bp = Blueprint("goods", __name__)

PATCH_TYPES = ("application/json", "application/merge-patch+json")
COLUMNS = [
    getattr(Goods, name)
    for name in ("id", "owner_id", "name", "description", "price", "stock", "created_at")
]

# Most requests are for the list, so its queries are built once, and SQLAlchemy need not translate
# them anew. Columns instead of objects, and the count in the same query, save time, too.
COUNT = select(func.count()).select_from(Goods)
LIST = (
    select(*COLUMNS, COUNT.scalar_subquery().label("total"))
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
# A name from outside never becomes SQL: it is looked up here or refused. The id decides ties.
SORTS = {
    "id": LIST.order_by(Goods.id),
    "-id": LIST.order_by(Goods.id.desc()),
    "name": LIST.order_by(Goods.name, Goods.id),
    "-name": LIST.order_by(Goods.name.desc(), Goods.id.desc()),
    "price": LIST.order_by(Goods.price, Goods.id),
    "-price": LIST.order_by(Goods.price.desc(), Goods.id.desc()),
}


def as_json(row: Any) -> dict[str, Any]:
    """Return the public fields of goods, or of a row with their columns."""
    return {
        "id": row.id,
        "owner_id": row.owner_id,
        "name": row.name,
        "description": row.description,
        "price": row.price,
        "stock": row.stock,
        "created_at": row.created_at.isoformat() + "Z",
    }


def links(page: int, pages: int) -> str:
    """Return a Link header (RFC 8288) to the pages around this one."""
    numbers = {"first": 1, "prev": page - 1, "next": page + 1, "last": pages}
    path = url_for(".index")
    arguments = request.args.to_dict()
    return ", ".join(
        f'<{path}?{urlencode(arguments | {"page": number})}>; rel="{name}"'
        for name, number in numbers.items()
        if 1 <= number <= pages
    )


@bp.get("")
@asks(schemas.GoodsQuery)
@gives(schemas.Page, 200, "Link")
def index(asked: dict[str, Any]) -> Response:
    """List a page of the goods."""
    page, per_page = asked["page"], asked["per_page"]
    window = {"limit": per_page, "offset": (page - 1) * per_page}
    rows = db.session.execute(SORTS[asked["sort"]], window).all()
    total = rows[0].total if rows else db.session.scalar(COUNT)
    pages = max(1, -(-total // per_page))
    response = jsonify(
        items=[as_json(row) for row in rows],
        page=page,
        per_page=per_page,
        total=total,
        pages=pages,
    )
    response.headers["Link"] = links(page, pages)
    return response


@bp.post("")
@login_required
@takes(schemas.GoodsFields)
@gives(schemas.Goods, 201, "ETag", "Location")
@once
def create(values: dict[str, Any]) -> Response:
    """Offer something."""
    goods = Goods(owner_id=g.user.id, **values)
    db.session.add(goods)
    db.session.flush()
    response = jsonify(as_json(goods))
    response.status_code = 201
    response.location = url_for(".show", goods_id=goods.id)
    response.set_etag(str(goods.version))
    return response


def check_version(goods: Goods) -> None:
    """Raise 412 if the client has seen another version than the one that is here now."""
    if request.if_match and not request.if_match.contains(str(goods.version)):
        raise PreconditionFailed("They have changed since you looked.")


@bp.get("/<id:goods_id>")
@gives(schemas.Goods, 200, "ETag")
@gives(None, 304, "ETag")
@fails(412)
def show(goods_id: int) -> Response:
    """Show one of them; 304 to a client that has this version already."""
    goods = db.get_or_404(Goods, goods_id)
    check_version(goods)
    response = jsonify(as_json(goods))
    response.set_etag(str(goods.version))
    # Not make_conditional(), which reads "If-Match: *" as a version that is not there.
    if request.if_none_match.contains_weak(str(goods.version)):
        response.status_code = 304
    return response


def own_goods(goods_id: int) -> Goods:
    """Return goods that this user may change, in the version that the client has seen."""
    goods = db.get_or_404(Goods, goods_id)
    if goods.owner_id != g.user.id:
        raise Forbidden("They belong to someone else.")
    check_version(goods)
    return goods


def changed(goods: Goods, values: dict[str, Any]) -> dict[str, Any]:
    """Store all values or none; 409 if another request did so since ``own_goods``."""
    for name, value in values.items():
        setattr(goods, name, value)
    db.session.flush()
    response = as_json(goods)  # after the commit, another request may have deleted them
    db.session.commit()
    return response


@bp.put("/<id:goods_id>")
@login_required
@takes(schemas.GoodsFields)
@gives(schemas.Goods)
@fails(403, 409, 412)
def replace(goods_id: int, values: dict[str, Any]) -> dict[str, Any]:
    """Replace all fields; a field that is not in the body gets its default."""
    return changed(own_goods(goods_id), values)


@bp.patch("/<id:goods_id>")
@login_required
@takes(schemas.GoodsFields, *PATCH_TYPES, partial=True)
@gives(schemas.Goods)
@fails(403, 409, 412)
def update(goods_id: int, values: dict[str, Any]) -> dict[str, Any]:
    """Change the fields in the body (RFC 7396); the others stay."""
    return changed(own_goods(goods_id), values)


@bp.delete("/<id:goods_id>")
@login_required
@gives(None, 204)
@fails(403, 409, 412)
def delete(goods_id: int) -> tuple[str, int]:
    """Delete them; they leave every cart, too."""
    db.session.delete(own_goods(goods_id))
    db.session.commit()
    return "", 204
