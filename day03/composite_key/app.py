"""Name a row by two things at once: a line of a cart by its customer and its goods.

No customer has two lines with the same goods. A key of both columns makes the database refuse the
second line, even if two requests come at the same time.

Run it: flask --app day03.composite_key.app run --debug
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, abort, render_template, request
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import NullPool
from werkzeug.exceptions import NotFound

from .models import CartLine, Customer, Goods, db
from .samples import create_tables


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is where it keeps the database."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day03_composite_key",
        MAX_CONTENT_LENGTH=200,  # bytes; a number needs no more
        SQLALCHEMY_ENGINE_OPTIONS={"poolclass": NullPool},  # close the file after each use
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    file = Path(app.config["DATA_FOLDER"]).absolute() / "shop.db"
    app.config.setdefault("SQLALCHEMY_DATABASE_URI", f"sqlite:///{file}")
    db.init_app(app)
    app.before_request(create_tables)
    app.register_error_handler(OverflowError, show_not_found)
    line = "/carts/<int:customer_id>/<int:goods_id>"
    app.add_url_rule("/", view_func=index)
    app.add_url_rule(line, view_func=read_line)
    app.add_url_rule(line, view_func=create_line, methods=["POST"])
    app.add_url_rule(line, view_func=put_line, methods=["PUT"])
    app.add_url_rule(line, view_func=change_line, methods=["PATCH"])
    app.add_url_rule(line, view_func=delete_line, methods=["DELETE"])
    return app


def index():
    """Show all carts."""
    lines = selectinload(Customer.lines).joinedload(CartLine.goods)
    customers = db.session.scalars(select(Customer).order_by(Customer.id).options(lines))
    return render_template("index.html", customers=customers.all())


def read_line(customer_id: int, goods_id: int):
    """Return a line by both parts of its key."""
    return as_dict(db.get_or_404(CartLine, (customer_id, goods_id)))


def create_line(customer_id: int, goods_id: int):
    """Create a line; a second one with the same key is a conflict."""
    amount = read_number("amount", 1, 99)
    line = add_line(customer_id, goods_id)
    line.amount = amount
    if not try_commit():
        abort(409, "These goods are in the cart already.")
    return as_dict(line), 201


def put_line(customer_id: int, goods_id: int):
    """Set the amount; create the line if it does not exist."""
    amount = read_number("amount", 1, 99)
    line, status = db.session.get(CartLine, (customer_id, goods_id)), 200
    if line is None:
        line, status = add_line(customer_id, goods_id), 201
    line.amount = amount
    if not try_commit():  # another request has created or deleted the line: look again
        return put_line(customer_id, goods_id)
    return as_dict(line), status


def change_line(customer_id: int, goods_id: int):
    """Add to the amount, or take away from it; the database calculates."""
    by = read_number("by", -99, 99)
    line = db.get_or_404(CartLine, (customer_id, goods_id))
    line.amount = CartLine.amount + by
    if not try_commit():
        abort(409, "The amount must stay between 1 and 99.")
    return as_dict(line)


def delete_line(customer_id: int, goods_id: int):
    """Take a line out of the cart."""
    db.session.delete(db.get_or_404(CartLine, (customer_id, goods_id)))
    db.session.commit()
    return "", 204


def show_not_found(error: OverflowError):
    """Return 404 for an id that is too large for SQLite: no row can have it."""
    return NotFound()


def read_number(name: str, least: int, most: int) -> int:
    """Return a whole number from the JSON object in the body."""
    data = request.get_json()
    value = data.get(name) if isinstance(data, dict) else None
    if type(value) is not int or not least <= value <= most:
        abort(400, f'Send JSON such as {{"{name}": 2}}, with a number from {least} to {most}.')
    return value


def add_line(customer_id: int, goods_id: int) -> CartLine:
    """Add a line to the session, or return 404 if the customer or the goods do not exist."""
    db.get_or_404(Customer, customer_id)
    db.get_or_404(Goods, goods_id)
    line = CartLine(customer_id=customer_id, goods_id=goods_id)
    db.session.add(line)
    return line


def try_commit() -> bool:
    """Store all changes of this request, or none of them and return False."""
    try:
        db.session.commit()
    except (IntegrityError, StaleDataError):  # a rule of the tables; a row that was deleted
        db.session.rollback()
        return False
    return True


def as_dict(line: CartLine) -> dict[str, int]:
    """Return the line as the response shows it."""
    return {"customer": line.customer_id, "goods": line.goods_id, "amount": line.amount}
