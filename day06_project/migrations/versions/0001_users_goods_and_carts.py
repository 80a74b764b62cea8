"""Users, goods and carts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    """Create the first tables; MariaDB would take its server's character set."""
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
        mysql_charset="utf8mb4",
    )
    op.create_table(
        "goods",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("owner_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("price", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goods")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_goods_owner_id_users")),
        mysql_charset="utf8mb4",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "cart_items",
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("goods_id", sa.Integer, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "goods_id", name=op.f("pk_cart_items")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], op.f("fk_cart_items_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["goods_id"], ["goods.id"], op.f("fk_cart_items_goods_id_goods"), ondelete="CASCADE"
        ),
        mysql_charset="utf8mb4",
    )
    op.create_index(op.f("ix_cart_items_goods_id"), "cart_items", ["goods_id"])


def downgrade():
    """Drop them; the index goes with its table, and MariaDB would not let it go before."""
    op.drop_table("cart_items")
    op.drop_table("goods")
    op.drop_table("users")
