"""Rename name to full_name."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    """Go from 0001 to 0002."""
    # Alembic had written: add full_name, drop name. That throws the names away.
    with op.batch_alter_table("author") as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_author_name"), type_="unique")
        batch_op.alter_column(
            "name",
            new_column_name="full_name",
            existing_type=sa.String(length=80),
            existing_nullable=False,
        )
    # A batch of its own: in the one that renames, the new column is not known yet, and the
    # constraint would be left out without a word.
    with op.batch_alter_table("author") as batch_op:
        batch_op.create_unique_constraint(batch_op.f("uq_author_full_name"), ["full_name"])


def downgrade():
    """Go back to 0001."""
    with op.batch_alter_table("author") as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_author_full_name"), type_="unique")
        batch_op.alter_column(
            "full_name",
            new_column_name="name",
            existing_type=sa.String(length=80),
            existing_nullable=False,
        )
    with op.batch_alter_table("author") as batch_op:
        batch_op.create_unique_constraint(batch_op.f("uq_author_name"), ["name"])
