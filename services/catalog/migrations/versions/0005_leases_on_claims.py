"""Leases on claims: which worker analyses a track, and until when."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("tracks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("claimed_by", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("claimed_until", Moment(), nullable=True))


def downgrade() -> None:
    """Revert the change."""
    # Not in a batch: that makes the table anew, and what refers to its rows would go with the old one.
    op.drop_column("tracks", "claimed_until")
    op.drop_column("tracks", "claimed_by")
