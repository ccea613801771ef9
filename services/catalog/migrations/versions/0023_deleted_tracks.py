"""Tracks that clients deleted."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "deleted_tracks",
        sa.Column("track_id", sa.String(length=36), nullable=False),
        sa.Column("deleted_at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("track_id", name=op.f("pk_deleted_tracks")),
    )


def downgrade() -> None:
    """Revert the change."""
    op.drop_table("deleted_tracks")
