"""Name a row by two things at once: a line of a cart by its customer and its goods.

No customer has two lines of the same goods. With a key of both columns, the database sees to it,
whoever asks and however many do so at a time.

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

LINE = "/carts/<int:customer_id>/<int:goods_id>"


def number(name: str, least: int, most: int) -> int:
    """Return a whole number from the JSON object in the body."""
    data = request.get_json()
    value = data.get(name) if isinstance(data, dict) else None
    if type(value) is not int or not least <= value <= most:
        abort(400, f'Send JSON such as {{"{name}": 2}}, with a number from {least} to {most}.')
    return value


def committed() -> bool:
    """Make all changes of this request for good, or none of them and return False."""
    try:
        db.session.commit()
    except (IntegrityError, StaleDataError):  # a rule of the tables; a row that has gone
        db.session.rollback()
        return False
    return True


def described(line: CartLine) -> dict[str, int]:
    """Return the line as what is sent as JSON."""
    return {"customer": line.customer_id, "goods": line.goods_id, "amount": line.amount}


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is where it keeps the database."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day03_composite_key",
        MAX_CONTENT_LENGTH=200,  # bytes; a number needs no more
        SQLALCHEMY_ENGINE_OPTIONS={"poolclass": NullPool},  # a file need not be held open
    )
    app.config.from_mapping(config or {})
    file = Path(app.config["DATA_FOLDER"]).absolute() / "shop.db"
    app.config.setdefault("SQLALCHEMY_DATABASE_URI", f"sqlite:///{file}")
    db.init_app(app)
    app.before_request(create_tables)

    @app.get("/")
    def index():
        """Show all carts."""
        lines = selectinload(Customer.lines).joinedload(CartLine.goods)
        customers = db.session.scalars(select(Customer).order_by(Customer.id).options(lines))
        return render_template("index.html", customers=customers.all())

    @app.get(LINE)
    def read(customer_id: int, goods_id: int):
        """Find a line by both parts of its key."""
        return described(db.get_or_404(CartLine, (customer_id, goods_id)))

    def new_line(customer_id: int, goods_id: int) -> CartLine:
        """Add a line to the session, if there are such a customer and such goods."""
        db.get_or_404(Customer, customer_id)
        db.get_or_404(Goods, goods_id)
        line = CartLine(customer_id=customer_id, goods_id=goods_id)
        db.session.add(line)
        return line

    @app.post(LINE)
    def create(customer_id: int, goods_id: int):
        """Create a line; a second one with the same key is a conflict."""
        amount = number("amount", 1, 99)
        line = new_line(customer_id, goods_id)
        line.amount = amount
        if not committed():
            abort(409, "These goods are in the cart already.")
        return described(line), 201

    @app.put(LINE)
    def put(customer_id: int, goods_id: int):
        """Set the amount, whether there is such a line already or not: an upsert."""
        amount = number("amount", 1, 99)
        line, status = db.session.get(CartLine, (customer_id, goods_id)), 200
        if line is None:
            line, status = new_line(customer_id, goods_id), 201
        line.amount = amount
        if not committed():  # somebody was quicker to create or delete it: look again
            return put(customer_id, goods_id)
        return described(line), status

    @app.patch(LINE)
    def change(customer_id: int, goods_id: int):
        """Add to the amount or take away from it; the database does the sum."""
        by = number("by", -99, 99)
        line = db.get_or_404(CartLine, (customer_id, goods_id))
        line.amount = CartLine.amount + by
        if not committed():
            abort(409, "The amount must stay between 1 and 99.")
        return described(line)

    @app.delete(LINE)
    def delete(customer_id: int, goods_id: int):
        """Take a line out of the cart."""
        db.session.delete(db.get_or_404(CartLine, (customer_id, goods_id)))
        db.session.commit()
        return "", 204

    @app.errorhandler(OverflowError)
    def too_large(error: OverflowError):
        """Answer an id that no row can have, for SQLite's numbers end before it."""
        return NotFound()

    return app
