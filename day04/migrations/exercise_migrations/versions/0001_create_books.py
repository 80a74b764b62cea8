"""Create the table of books, and fill it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TITLES = ("The Book of Tea", "茶经", "A Cup of Rain")


def upgrade() -> None:
    """Make the table, with three rows."""
    book = op.create_table(
        "book",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(), nullable=False),
    )
    op.bulk_insert(book, [{"title": title} for title in TITLES])


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("book")
