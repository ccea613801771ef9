"""Linked servers and their songs; files are found by their size."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "links",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("listener", sa.Text(), nullable=False),
        sa.Column("download", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", Moment(timezone=True), nullable=False),
        sa.Column("synced_at", Moment(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("syncing_until", Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_links")),
    )
    op.create_table(
        "link_songs",
        sa.Column("link", sa.String(32), nullable=False),
        sa.Column("song_id", sa.String(255), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("artist", sa.Text(), nullable=True),
        sa.Column("album", sa.Text(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("track_id", sa.String(36), nullable=True),
        sa.Column("rule", sa.String(16), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", Moment(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["link"], ["links.name"], name=op.f("fk_link_songs_link_links"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name=op.f("fk_link_songs_track_id_tracks"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("link", "song_id", name=op.f("pk_link_songs")),
    )
    op.create_index("ix_link_songs_rule", "link_songs", ["link", "rule"])
    op.create_index("ix_link_songs_track_id", "link_songs", ["track_id"])
    op.create_index("ix_locations_size", "locations", ["size"])


def downgrade() -> None:
    """Revert the change; the links are not kept."""
    op.drop_index("ix_locations_size", "locations")
    op.drop_table("link_songs")
    op.drop_table("links")
