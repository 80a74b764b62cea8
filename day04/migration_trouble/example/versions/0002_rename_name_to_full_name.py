"""Rename name to full_name."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    """Go from 0001 to 0002."""
    # Alembic's draft was: add full_name, drop name. That deletes the names.
    with op.batch_alter_table("author") as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_author_name"), type_="unique")
        batch_op.alter_column(
            "name",
            new_column_name="full_name",
            existing_type=sa.String(length=80),
            existing_nullable=False,
        )
    # A second batch: the first one does not know the new column yet, and would leave out the
    # constraint without a message.
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
