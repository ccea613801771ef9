"""Repeated work with linked servers, opinions that were read there, playlists that were made there."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "link_runs",
        _link("link_runs"),
        sa.Column("work", sa.String(length=16), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("failed_at", Moment(), nullable=True),
        sa.Column("running_until", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("link", "work", name=op.f("pk_link_runs")),
    )
    op.create_table(
        "link_opinions",
        _link("link_opinions"),
        sa.Column("song_id", sa.String(length=255), nullable=False),
        sa.Column("starred", sa.Boolean(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("link", "song_id", name=op.f("pk_link_opinions")),
    )
    op.create_table(
        "mix_playlists",
        _link("mix_playlists"),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("marker", sa.String(length=32), nullable=False),
        sa.Column("playlist_id", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("link", "key", name=op.f("pk_mix_playlists")),
    )


def downgrade() -> None:
    """Revert the change; playlists on linked servers stay."""
    for table in ("mix_playlists", "link_opinions", "link_runs"):
        op.drop_table(table)


def _link(table: str) -> sa.Column[str]:
    target = sa.ForeignKey("links.name", name=op.f(f"fk_{table}_link_links"), ondelete="CASCADE")
    return sa.Column("link", sa.String(length=32), target, nullable=False)
