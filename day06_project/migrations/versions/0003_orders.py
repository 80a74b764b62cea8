"""Orders, and the keys that make a repeated request harmless."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    """Create the tables; no row that exists changes."""
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], op.f("fk_orders_user_id_users")),
        mysql_charset="utf8mb4",
    )
    op.create_index(op.f("ix_orders_user_id_id"), "orders", ["user_id", "id"])
    op.create_table(
        "order_items",
        sa.Column("order_id", sa.Integer, nullable=False),
        sa.Column("goods_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("price", sa.Integer, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "goods_id", name=op.f("pk_order_items")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], op.f("fk_order_items_order_id_orders"), ondelete="CASCADE"
        ),
        mysql_charset="utf8mb4",
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("response", sa.JSON),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key_hash", name=op.f("pk_idempotency_keys")),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            op.f("fk_idempotency_keys_user_id_users"),
            ondelete="CASCADE",
        ),
        mysql_charset="utf8mb4",
    )


def downgrade():
    """Drop them: all orders are lost."""
    op.drop_table("idempotency_keys")
    op.drop_table("order_items")
    op.drop_table("orders")
