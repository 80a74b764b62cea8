"""Goods, and three of them to begin with."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FIRST_GOODS = [
    {"name": "Green tea, 100 g", "price": 690},
    {"name": "Mug, I <3 tea", "price": 1250},
    {"name": "Teapot", "price": 2750},
]


def upgrade():
    """Create the table, and put rows into it."""
    goods = op.create_table(
        "goods",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goods")),
        sa.UniqueConstraint("name", name=op.f("uq_goods_name")),
    )
    op.bulk_insert(goods, FIRST_GOODS)


def downgrade():
    """Drop the table with all that is in it."""
    op.drop_table("goods")
