"""Tracks get covers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("tracks", sa.Column("cover", sa.String(length=32), nullable=True))
    op.add_column("tracks", sa.Column("cover_seen", sa.String(length=32), nullable=True))
    op.add_column("tracks", sa.Column("cover_attempts", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "ix_tracks_cover_due",
        "tracks",
        ["cover_attempts", "id"],
        sqlite_where=sa.text("cover_seen IS NULL"),
        postgresql_where=sa.text("cover_seen IS NULL"),
    )
    op.create_index("ix_tracks_cover", "tracks", ["cover"])


def downgrade() -> None:
    """Revert the change."""
    op.drop_index("ix_tracks_cover", "tracks")
    op.drop_index("ix_tracks_cover_due", "tracks")
    for name in ("cover_attempts", "cover_seen", "cover"):
        op.drop_column("tracks", name)
