"""Pauses of downloads from linked servers, and the songs of playlists that were made there."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    for name in ("failing_since", "paused_until"):
        op.add_column("links", sa.Column(name, Moment(timezone=True), nullable=True))
    op.add_column("mix_playlists", sa.Column("songs", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    """Revert the change."""
    op.drop_column("mix_playlists", "songs")
    for name in ("paused_until", "failing_since"):
        op.drop_column("links", name)
