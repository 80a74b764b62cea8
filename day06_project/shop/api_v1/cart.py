"""The cart of the user who is logged in: at most one line for each of the goods."""

from typing import Any

from flask import Blueprint, g
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import Conflict, NotFound

from day06_project.shop.api_v1 import schemas
from day06_project.shop.extensions import db
from day06_project.shop.models import CartItem, Goods
from day06_project.shop.utils.auth import login_required
from day06_project.shop.utils.openapi import fails, gives
from day06_project.shop.utils.validation import takes

bp = Blueprint("cart", __name__)

TRIES = 5


@bp.get("")
@login_required
@gives(schemas.Cart)
def index() -> dict[str, Any]:
    """Show what is in the cart, and what it costs."""
    columns = (CartItem.goods_id, Goods.name, Goods.price, CartItem.quantity)
    mine = select(*columns).join(Goods).where(CartItem.user_id == g.user.id)
    rows = db.session.execute(mine.order_by(CartItem.goods_id)).all()
    items = [row._asdict() for row in rows]
    return {"items": items, "total": sum(row.price * row.quantity for row in rows)}


@bp.put("/<id:goods_id>")
@login_required
@takes(schemas.Wanted)
@gives(schemas.Line)
@gives(schemas.Line, 201)
@fails(409)
def put(goods_id: int, values: dict[str, int]) -> tuple[dict[str, int], int]:
    """Set how many the user wants; the number from before does not matter."""
    quantity = values["quantity"]
    goods = db.get_or_404(Goods, goods_id)
    if quantity > goods.stock:
        raise Conflict(f"{goods.name}: {goods.stock} left.")
    key = {"user_id": g.user.id, "goods_id": goods.id}
    line = {"goods_id": goods_id, "quantity": quantity}
    for _ in range(TRIES):
        change = update(CartItem).filter_by(**key).values(quantity=quantity)
        if db.session.execute(change).rowcount:
            db.session.commit()
            return line, 200
        try:
            db.session.execute(insert(CartItem).values(**key, quantity=quantity))
            db.session.commit()
        except IntegrityError:
            # Since we looked, another request has added the line, or deleted the goods.
            db.session.rollback()
            db.get_or_404(Goods, goods_id)
        else:
            return line, 201
    raise Conflict("Other requests change the same line. Try again.")


@bp.delete("/<id:goods_id>")
@login_required
@gives(None, 204)
def delete(goods_id: int) -> tuple[str, int]:
    """Remove the goods from the cart."""
    query = db.delete(CartItem).filter_by(user_id=g.user.id, goods_id=goods_id)
    if not db.session.execute(query).rowcount:
        raise NotFound("They are not in the cart.")
    db.session.commit()
    return "", 204
