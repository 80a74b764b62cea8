"""Count the copies of each book."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Give each book a number of copies."""
    with op.batch_alter_table("book") as batch:
        batch.add_column(sa.Column("copies", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    """Take the number away."""
    with op.batch_alter_table("book") as batch:
        batch.drop_column("copies")
