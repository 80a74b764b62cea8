"""Sell the last piece once, even if two buyers order it at the same moment.

A program that looks at the stock and then changes it has a gap between the two. Here the look and
the change are one statement of the database, and all statements of an order are one transaction.

Run it: flask --app day06_project.order_race.app run --debug
"""

from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from flask import Blueprint, Flask, abort, current_app, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, String, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import NullPool

AT_FIRST = {"Violin": 1, "Bow": 5}


class Base(DeclarativeBase):
    """The base class of the tables."""


db = SQLAlchemy(model_class=Base)
one_at_a_time = Lock()
shop = Blueprint("shop", __name__)


class Goods(db.Model):
    """Something for sale."""

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    stock: Mapped[int]


class Order(db.Model):
    """What was sold: names and quantities."""

    id: Mapped[int] = mapped_column(primary_key=True)
    lines: Mapped[dict[str, int]] = mapped_column(JSON)


@shop.before_request
def prepare() -> None:
    """Make the file and its tables when the first request comes."""
    path = Path(current_app.config["DATA_FOLDER"]) / "orders.db"
    with one_at_a_time:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            db.create_all()
            db.session.add_all(Goods(name=name, stock=stock) for name, stock in AT_FIRST.items())
            db.session.commit()


def read_lines() -> dict[str, int]:
    """Return the order in the body, such as ``{"Violin": 1}``; send 400 for anything else."""
    lines = request.get_json()
    if not isinstance(lines, dict) or not lines:
        abort(400, "Send names and quantities.")
    for name, quantity in lines.items():
        if name not in AT_FIRST or type(quantity) is not int or not 1 <= quantity <= 99:
            abort(400, f"Order 1 to 99 of: {', '.join(AT_FIRST)}.")
    return lines


def save(lines: dict[str, int]) -> tuple[dict[str, Any], int]:
    """Add the order, and end the transaction: now all of it is stored."""
    order = Order(lines=lines)
    db.session.add(order)
    db.session.commit()
    return {"id": order.id, "lines": lines}, 201


@shop.get("/")
def index() -> dict[str, Any]:
    """Show the stock, and what was sold."""
    stock = {goods.name: goods.stock for goods in db.session.scalars(select(Goods))}
    sold = [order.lines for order in db.session.scalars(select(Order))]
    return {"stock": stock, "sold": sold}


@shop.post("/careless_orders")
def order_carelessly():
    """Look at the stock, then change it: another request may come between the two."""
    lines = read_lines()
    for name, quantity in lines.items():
        goods = db.session.get(Goods, name)
        if goods.stock < quantity:
            abort(409, f"{name}: not enough left.")
        goods.stock = goods.stock - quantity
    return save(lines)


@shop.post("/orders")
def order():
    """Take all goods from the stock, or none of them."""
    lines = read_lines()
    for name, quantity in sorted(lines.items()):
        take(name, quantity)
    return save(lines)


def take(name: str, quantity: int) -> None:
    """Decrease the stock where there is enough; one statement looks and changes."""
    enough = update(Goods).where(Goods.name == name, Goods.stock >= quantity)
    result = db.session.execute(enough.values(stock=Goods.stock - quantity))
    if result.rowcount == 0:
        abort(409, f"{name}: not enough left.")


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; it keeps its database in the folder ``DATA_FOLDER``."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day06_project_order_race",
        MAX_CONTENT_LENGTH=500,  # an order is short
        SQLALCHEMY_ENGINE_OPTIONS={"poolclass": NullPool},  # a file need not be held open
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    folder = Path(app.config["DATA_FOLDER"]).absolute()
    app.config.setdefault("SQLALCHEMY_DATABASE_URI", f"sqlite:///{folder / 'orders.db'}")
    db.init_app(app)
    app.register_blueprint(shop)
    return app
