"""Orders: the cart becomes an order, and the stock decreases, in one transaction."""

from typing import Any

from flask import Blueprint, Response, g, jsonify, url_for
from sqlalchemy import delete, select, update
from werkzeug.exceptions import Conflict, NotFound

from day06_project.shop.api_v1 import schemas
from day06_project.shop.extensions import db
from day06_project.shop.models import CartItem, Goods, Order, OrderItem
from day06_project.shop.utils.auth import login_required
from day06_project.shop.utils.idempotency import once
from day06_project.shop.utils.openapi import fails, gives
from day06_project.shop.utils.validation import asks, takes

bp = Blueprint("orders", __name__)

PER_PAGE = 20
NO_OBJECTS = {"synchronize_session": False}  # the rows are not in memory as objects


def summary(order: Order) -> dict[str, Any]:
    """Return what the list says about an order."""
    return {
        "id": order.id,
        "total": order.total,
        "created_at": order.created_at.isoformat() + "Z",
    }


def as_json(order: Order) -> dict[str, Any]:
    """Return an order with its lines."""
    names = ("goods_id", "name", "price", "quantity")
    items = [{name: getattr(item, name) for name in names} for item in order.items]
    return {**summary(order), "items": items}


@bp.post("")
@login_required
@takes(schemas.NewOrder)
@gives(schemas.Order, 201, "Location")
@fails(409)
@once
def create(values: dict[str, Any]) -> Response:
    """Order what is in the cart, if it costs what the client has seen.

    The order of the steps is the same in each transaction: the goods by their ids. Otherwise two
    orders could each hold what the other one waits for.
    """
    order = Order(user_id=g.user.id, total=values["total"], items=[])
    db.session.add(order)
    db.session.flush()  # SQLite: from here to the commit no one else writes
    mine = select(CartItem.goods_id, CartItem.quantity).where(CartItem.user_id == g.user.id)
    lines = db.session.execute(mine.order_by(CartItem.goods_id)).all()
    if not 1 <= len(lines) <= schemas.MAX_LINES:
        raise Conflict(f"The cart has {len(lines)} lines; an order has 1 to {schemas.MAX_LINES}.")
    for goods_id, quantity in lines:
        take_from_stock(goods_id, quantity)
        take_from_cart(goods_id, quantity)
        goods = db.session.execute(select(Goods.name, Goods.price).filter_by(id=goods_id)).one()
        item = OrderItem(goods_id=goods_id, name=goods.name, price=goods.price, quantity=quantity)
        order.items.append(item)
    total = sum(item.price * item.quantity for item in order.items)
    if total != order.total:
        raise Conflict("The prices or the cart have changed. Look at the cart again.")
    db.session.flush()
    response = jsonify(as_json(order))
    response.status_code = 201
    response.location = url_for(".show", order_id=order.id)
    return response


def take_from_stock(goods_id: int, quantity: int) -> None:
    """Decrease the stock, if there is enough; the look and the change are one statement."""
    enough = update(Goods).where(Goods.id == goods_id, Goods.stock >= quantity)
    less = enough.values(stock=Goods.stock - quantity, version=Goods.version + 1)
    if not db.session.execute(less, execution_options=NO_OBJECTS).rowcount:
        goods = db.session.execute(select(Goods.name, Goods.stock).filter_by(id=goods_id)).first()
        left = f"{goods.name}: {goods.stock} left" if goods else "Some goods are gone"
        raise Conflict(f"{left}. Change the cart, then order again.")


def take_from_cart(goods_id: int, quantity: int) -> None:
    """Remove the line that was read, unless another request has changed or ordered it."""
    line = delete(CartItem).filter_by(user_id=g.user.id, goods_id=goods_id, quantity=quantity)
    if not db.session.execute(line, execution_options=NO_OBJECTS).rowcount:
        raise Conflict("The cart has changed. Look at it again.")


@bp.get("")
@login_required
@asks(schemas.OrdersQuery)
@gives(schemas.Orders)
def index(asked: dict[str, Any]) -> dict[str, Any]:
    """List your orders, the newest first."""
    mine = select(Order).where(Order.user_id == g.user.id, Order.id < asked["before"])
    # One more than is shown tells whether there are more.
    rows = db.session.scalars(mine.order_by(Order.id.desc()).limit(PER_PAGE + 1)).all()
    return {"items": [summary(row) for row in rows[:PER_PAGE]], "more": len(rows) > PER_PAGE}


@bp.get("/<id:order_id>")
@login_required
@gives(schemas.Order)
def show(order_id: int) -> dict[str, Any]:
    """Show one of your orders."""
    order = db.session.scalar(select(Order).filter_by(id=order_id, user_id=g.user.id))
    if order is None:  # also if it is another user's: that it exists is private
        raise NotFound("You have no such order.")
    return as_json(order)
