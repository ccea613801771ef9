"""Indexes for what reads whole tables at each start and each minute: model versions, claims, files of libraries."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

CLAIMED = sa.text("claimed_by IS NOT NULL")


def upgrade() -> None:
    """Apply the change."""
    op.create_index("ix_tracks_model_version", "tracks", ["model_version", "status", "id"])
    op.create_index("ix_tracks_claimed_by", "tracks", ["claimed_by"], sqlite_where=CLAIMED, postgresql_where=CLAIMED)
    op.create_index("ix_locations_library", "locations", ["library", "track_id"])


def downgrade() -> None:
    """Revert the change."""
    op.drop_index("ix_locations_library", "locations")
    op.drop_index("ix_tracks_claimed_by", "tracks")
    op.drop_index("ix_tracks_model_version", "tracks")
