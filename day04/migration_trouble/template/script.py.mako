"""${message}."""

import sqlalchemy as sa
from alembic import op
% if imports:
${imports}
% endif

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    """Go from ${down_revision or "base"} to ${up_revision}."""
    ${upgrades if upgrades else "pass"}


def downgrade():
    """Go back to ${down_revision or "base"}."""
    ${downgrades if downgrades else "pass"}
