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
    """Take it back."""
    with op.batch_alter_table("tracks", schema=None) as batch_op:
        batch_op.drop_column("claimed_until")
        batch_op.drop_column("claimed_by")
