"""Goods have a description and a stock, sort quickly, and cost something."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# SQLite makes the table anew, and would forget this.
KEEP = {"sqlite_autoincrement": True}


def upgrade():
    """Add the columns with a value for the rows that are there already.

    Rows that a new rule would refuse are mended first. MariaDB cannot undo the steps before a
    failure. Without a stock these goods cannot be bought, until their owner names a price.
    """
    op.execute("UPDATE goods SET price = 0 WHERE price < 0")
    with op.batch_alter_table("goods", table_kwargs=KEEP) as goods:
        goods.add_column(
            sa.Column("description", sa.String(1000), nullable=False, server_default="")
        )
        goods.add_column(sa.Column("stock", sa.Integer, nullable=False, server_default="0"))
        goods.create_check_constraint(op.f("ck_goods_price_not_negative"), "price >= 0")
        goods.create_check_constraint(op.f("ck_goods_stock_not_negative"), "stock >= 0")
    op.create_index(op.f("ix_goods_name_id"), "goods", ["name", "id"])
    op.create_index(op.f("ix_goods_price_id"), "goods", ["price", "id"])


def downgrade():
    """Take all of it back; descriptions and stocks are lost, the goods stay."""
    op.drop_index(op.f("ix_goods_price_id"), "goods")
    op.drop_index(op.f("ix_goods_name_id"), "goods")
    with op.batch_alter_table("goods", table_kwargs=KEEP) as goods:
        goods.drop_constraint(op.f("ck_goods_stock_not_negative"), type_="check")
        goods.drop_constraint(op.f("ck_goods_price_not_negative"), type_="check")
        goods.drop_column("stock")
        goods.drop_column("description")
