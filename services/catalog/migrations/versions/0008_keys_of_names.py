"""Titles and artists get keys without case, accents and punctuation, to find them by name."""

import sqlalchemy as sa
from alembic import op

from services.catalog.names import stored_key

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TRACKS = sa.table("tracks", *map(sa.column, ("id", "title", "artist", "title_key", "artist_key")))
_ROWS = 1000


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("tracks") as table:
        table.add_column(sa.Column("title_key", sa.Text(), nullable=True))
        table.add_column(sa.Column("artist_key", sa.Text(), nullable=True))
    _fill()
    with op.batch_alter_table("tracks") as table:
        table.create_index("ix_tracks_title_key", ["title_key", "id"])
        table.create_index("ix_tracks_artist_key", ["artist_key", "id"])


def _fill() -> None:
    connection, after = op.get_bind(), ""
    columns = sa.select(_TRACKS.c.id, _TRACKS.c.title, _TRACKS.c.artist).order_by(_TRACKS.c.id).limit(_ROWS)
    change = (
        sa.update(_TRACKS)
        .where(_TRACKS.c.id == sa.bindparam("row"))
        .values(title_key=sa.bindparam("new_title"), artist_key=sa.bindparam("new_artist"))
    )
    while rows := connection.execute(columns.where(_TRACKS.c.id > after)).all():
        keys = [
            {"row": row.id, "new_title": stored_key(row.title), "new_artist": stored_key(row.artist)} for row in rows
        ]
        connection.execute(change, keys)
        after = rows[-1].id


def downgrade() -> None:
    """Revert the change."""
    op.drop_index("ix_tracks_artist_key", "tracks")
    op.drop_index("ix_tracks_title_key", "tracks")
    # Without a batch: on SQLite that replaces the table, and deletes the rows that refer to its tracks.
    op.drop_column("tracks", "artist_key")
    op.drop_column("tracks", "title_key")
