"""Radio sessions that are kept out of the recommendation log."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("radio_sessions", sa.Column("is_private", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Revert the change."""
    op.drop_column("radio_sessions", "is_private")
