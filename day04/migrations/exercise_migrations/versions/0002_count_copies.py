"""Count the copies of each book."""

revision = "0002"
down_revision = "0001"

# You will need: import sqlalchemy as sa, and: from alembic import op


def upgrade() -> None:
    """Give each book a number of copies."""
    # TODO (tasks 1 and 2): with op.batch_alter_table("book") as batch: ...


def downgrade() -> None:
    """Take the number away."""
    # TODO (task 3): the column goes, the rows stay
