"""Store the lines of carts; customer and goods together name a line.

The file ``app.py`` beside this one has tables for customers and goods, and changes amounts.

Run it: flask --app day03.composite_key.first run --debug
"""

from pathlib import Path

from flask import Flask, abort
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import NullPool


class Base(DeclarativeBase):
    """The base class of all models."""


db = SQLAlchemy(model_class=Base)


class CartLine(db.Model):
    """The amount of some goods in a cart; customer and goods together are the key."""

    customer: Mapped[str] = mapped_column(primary_key=True)
    goods: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int]


def create_app(config=None):
    """Build the app, and the file of its database."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day03_composite_key",
        SQLALCHEMY_ENGINE_OPTIONS={"poolclass": NullPool},  # close the file after each use
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    folder = Path(app.config["DATA_FOLDER"]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{folder / 'first.db'}"
    db.init_app(app)
    with app.app_context():
        db.create_all()
    app.add_url_rule("/carts/<customer>/<goods>", view_func=read_line)
    app.add_url_rule("/carts/<customer>/<goods>", view_func=create_line, methods=["POST"])
    return app


def read_line(customer, goods):
    """Return the line with this key."""
    line = db.get_or_404(CartLine, (customer, goods))
    return {"customer": line.customer, "goods": line.goods, "amount": line.amount}


def create_line(customer, goods):
    """Create a line; a second one with the same key is a conflict."""
    db.session.add(CartLine(customer=customer, goods=goods, amount=1))
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        abort(409, "These goods are in the cart already.")
    return read_line(customer, goods), 201
