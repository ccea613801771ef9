"""Turns of the libraries: in which library's turn a track is analysed, and its place there."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import PathBytes

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

UNSENT = sa.text("status || '' = 'pending' AND sent_at IS NULL")
SENT = sa.text("status || '' = 'pending' AND sent_at IS NOT NULL")
LINKS = "link:/"

tracks = sa.table("tracks", sa.column("id"), sa.column("status"), sa.column("queue_library"), sa.column("queue_rank"))
locations = sa.table(
    "locations",
    sa.column("track_id"),
    sa.column("path", PathBytes()),
    sa.column("mtime_ns", sa.BigInteger()),
    sa.column("library"),
)


def upgrade() -> None:
    """Apply the change."""
    op.add_column("tracks", sa.Column("queue_library", sa.Text(), nullable=True, server_default=""))
    op.add_column("tracks", sa.Column("queue_rank", sa.BigInteger(), nullable=False, server_default="0"))
    is_here = sa.or_(locations.c.path < LINKS, locations.c.path >= f"{LINKS}\x7f")
    here = sa.and_(locations.c.track_id == tracks.c.id, is_here)
    library = sa.select(sa.func.min(sa.func.coalesce(locations.c.library, ""))).where(here).scalar_subquery()
    newest = sa.select(sa.func.coalesce(sa.func.max(locations.c.mtime_ns), 0)).where(here).scalar_subquery()
    in_libraries = sa.select(locations.c.track_id).where(locations.c.library.is_not(None))
    op.execute(
        sa.update(tracks)
        .where(sa.or_(tracks.c.status == "pending", tracks.c.id.in_(in_libraries)))
        .values(queue_library=library, queue_rank=-newest)
    )
    columns = ["queue_library", "queue_rank", "id"]
    op.create_index("ix_tracks_unsent", "tracks", columns, sqlite_where=UNSENT, postgresql_where=UNSENT)
    op.create_index("ix_tracks_sent", "tracks", ["sent_at", "id"], sqlite_where=SENT, postgresql_where=SENT)


def downgrade() -> None:
    """Revert the change."""
    op.drop_index("ix_tracks_sent", "tracks")
    op.drop_index("ix_tracks_unsent", "tracks")
    op.drop_column("tracks", "queue_rank")
    op.drop_column("tracks", "queue_library")
