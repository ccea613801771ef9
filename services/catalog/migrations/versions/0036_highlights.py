"""Where the most typical part of a track starts."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TABLES = ("tracks", "space_analyses")


def upgrade() -> None:
    """Apply the change."""
    for table in TABLES:
        op.add_column(table, sa.Column("highlight", sa.Float()))


def downgrade() -> None:
    """Revert the change."""
    for table in TABLES:
        op.drop_column(table, "highlight")
