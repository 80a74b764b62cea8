"""The tables. The database itself keeps these rules, for every server that shares it."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from day06_project.shop.extensions import db


def now() -> datetime:
    """Return the time in UTC, in whole seconds: not every database stores more."""
    return datetime.now(UTC).replace(microsecond=0, tzinfo=None)


class User(db.Model):
    """A person who may sell and buy."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))  # scrypt's has 162 characters
    created_at: Mapped[datetime] = mapped_column(default=now)

    def to_dict(self) -> dict[str, object]:
        """Return what others may know."""
        return {"id": self.id, "name": self.name}


class Goods(db.Model):
    """Something for sale; ``version`` counts its changes, and is its ETag."""

    __tablename__ = "goods"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(64))
    description: Mapped[str] = mapped_column(String(1000), server_default="")
    price: Mapped[int]  # cents: binary fractions cannot hold 0.10
    stock: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 (SQLAlchemy's own way)
    __table_args__ = (
        CheckConstraint("price >= 0", "price_not_negative"),
        CheckConstraint("stock >= 0", "stock_not_negative"),
        Index(None, "name", "id"),
        Index(None, "price", "id"),
        # Without it SQLite gives a deleted row's id, and so its ETag, to the next one.
        {"sqlite_autoincrement": True},
    )


class CartItem(db.Model):
    """How many of some goods a user wants; the pair of both is the key, so it exists once."""

    __tablename__ = "cart_items"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    goods_id: Mapped[int] = mapped_column(
        ForeignKey("goods.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    quantity: Mapped[int]


class Order(db.Model):
    """What a user has ordered, at the prices of that moment."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    total: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(default=now)
    items: Mapped[list["OrderItem"]] = relationship(order_by="OrderItem.goods_id")

    __table_args__ = (Index(None, "user_id", "id"),)


class OrderItem(db.Model):
    """A line of an order. It has copies of name and price, because the goods may change or go."""

    __tablename__ = "order_items"

    order_id: Mapped[int] = mapped_column(
        ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True
    )
    goods_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(64))
    price: Mapped[int]
    quantity: Mapped[int]


class IdempotencyKey(db.Model):
    """A request that a user may repeat, and the response to it; see ``utils/idempotency.py``."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    response: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=now)
