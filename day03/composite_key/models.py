"""The tables: customers, goods, and between them the lines of the carts."""

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """The base class of all models."""


db = SQLAlchemy(model_class=Base)


class Customer(db.Model):
    """A customer with a cart."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    lines: Mapped[list["CartLine"]] = relationship(order_by="CartLine.goods_id")


class Goods(db.Model):
    """Something to buy."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    cents: Mapped[int]


class CartLine(db.Model):
    """The amount of some goods in a cart; customer and goods together are the key."""

    __table_args__ = (CheckConstraint("amount BETWEEN 1 AND 99"),)

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    goods_id: Mapped[int] = mapped_column(ForeignKey("goods.id"), primary_key=True)
    amount: Mapped[int]
    goods: Mapped[Goods] = relationship()
