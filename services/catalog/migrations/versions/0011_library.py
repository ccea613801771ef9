"""Attributes and descriptors become columns, and tracks get what albums, artists and genres are made of."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from services.catalog.names import stored_key
from services.catalog.tracks import clear_tags

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ATTRIBUTES = (*("energy", "valence", "danceability", "acousticness", "instrumentalness", "liveness", "speechiness"),)
_FLOATS = (
    *("tempo", "tempo_confidence", "key_confidence", "mode_confidence", "time_signature_confidence"),
    *("loudness", "brightness", "onset_rate", "flux", "mobility", "duration"),
)
_INTEGERS = ("key", "mode", "time_signature")
_TEXTS = ("album_artist", "album_key", "album_artist_key", "genre_key")
_NEW = (*_ATTRIBUTES, *_FLOATS, *_INTEGERS, *_TEXTS, "artist_id", "album_id")
_TRACKS = sa.table(
    "tracks",
    *map(sa.column, ("id", "artist", "album", "genre", *_NEW)),
    *(sa.column(name, sa.JSON()) for name in ("attributes", "descriptors", "tags")),
)
_HEARD = sa.table("heard_tags", *map(sa.column, ("track_id", "name", "strength")))
_ROWS = 1000

_RANGES = (
    *(*_ATTRIBUTES, "tempo", "loudness", "brightness", "onset_rate", "flux", "mobility"),
    *("key", "mode", "time_signature", "year", "duration_ms"),
)
_SORTED = (
    *("sort_key", "id", "status", *_RANGES),
    *("genre_key", "title_key", "album_key", "disc_number", "track_number", "artist_id", "album_id", "added_at"),
)
_INDEXES = {
    "ix_tracks_album_key": ("album_key", "disc_number", "track_number", "id", "status"),
    **{f"ix_tracks_{name}": (name, "id", "status") for name in ("title_key", "added_at", *_RANGES)},
    "ix_tracks_album_id": (
        *("album_id", "status", "album_key", "album_artist_key", "artist_key", "year", "added_at", "duration_ms"),
    ),
    "ix_tracks_artist_id": ("artist_id", "status", "artist_key", "album_id", "added_at"),
    "ix_tracks_genre_key": ("genre_key", "status", "genre"),
}


def upgrade() -> None:
    """Apply the change."""
    for name in (*_ATTRIBUTES, *_FLOATS):
        op.add_column("tracks", sa.Column(name, sa.Float(), nullable=True))
    for name in (*_INTEGERS, "disc_number", "track_number"):
        op.add_column("tracks", sa.Column(name, sa.Integer(), nullable=True))
    for name in _TEXTS:
        op.add_column("tracks", sa.Column(name, sa.Text(), nullable=True))
    for name in ("artist_id", "album_id"):
        op.add_column("tracks", sa.Column(name, sa.String(24), nullable=True))
    op.add_column("tracks", sa.Column("tags_version", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "heard_tags",
        sa.Column("track_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("strength", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name=op.f("fk_heard_tags_track_id_tracks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", "name", name=op.f("pk_heard_tags")),
    )
    _fill()
    for name in ("attributes", "descriptors"):
        op.drop_column("tracks", name)
    op.create_index("ix_heard_tags_name", "heard_tags", ["name", "track_id"])
    op.drop_index("ix_tracks_title_key", "tracks")
    for index, columns in _INDEXES.items():
        op.create_index(index, "tracks", list(columns))
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_tracks_sort", "tracks")
        op.create_index("ix_tracks_sort", "tracks", list(_SORTED))


def _fill() -> None:
    connection, after = op.get_bind(), ""
    rows_after = (
        sa.select(
            *(_TRACKS.c.id, _TRACKS.c.artist, _TRACKS.c.album, _TRACKS.c.genre),
            *(_TRACKS.c.attributes, _TRACKS.c.descriptors, _TRACKS.c.tags),
        )
        .order_by(_TRACKS.c.id)
        .limit(_ROWS)
    )
    change = (
        sa.update(_TRACKS)
        .where(_TRACKS.c.id == sa.bindparam("row"))
        .values({name: sa.bindparam(f"new_{name}") for name in _NEW})
    )
    while rows := connection.execute(rows_after.where(_TRACKS.c.id > after)).all():
        connection.execute(change, [_changed(row._asdict()) for row in rows])
        heard = [
            {"track_id": row.id, "name": name, "strength": strength}
            for row in rows
            for name, strength in clear_tags(row.tags).items()
        ]
        if heard:
            connection.execute(sa.insert(_HEARD), heard)
        after = rows[-1].id


def _changed(row: Mapping[str, Any]) -> dict[str, Any]:
    measured = {**(row["descriptors"] or {}), **(row["attributes"] or {})}
    return {
        "row": row["id"],
        **{f"new_{name}": measured.get(name) for name in (*_ATTRIBUTES, *_FLOATS, *_INTEGERS)},
        "new_album_artist": None,
        "new_album_key": stored_key(row["album"]),
        "new_album_artist_key": None,
        "new_genre_key": row["genre"] and row["genre"].casefold()[:100],
        # 0017 fills them.
        "new_artist_id": None,
        "new_album_id": None,
    }


def downgrade() -> None:
    """Revert the change."""
    for index in _INDEXES:
        op.drop_index(index, "tracks")
    op.create_index("ix_tracks_title_key", "tracks", ["title_key", "id"])
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_tracks_sort", "tracks")
        op.create_index("ix_tracks_sort", "tracks", ["sort_key", "id"])
    for name in ("attributes", "descriptors"):
        op.add_column("tracks", sa.Column(name, sa.JSON(), nullable=True))
    _restore()
    op.drop_table("heard_tags")
    # Without a batch: on SQLite that replaces the table, and deletes the rows that refer to its tracks.
    for name in (*_NEW, "disc_number", "track_number", "tags_version"):
        op.drop_column("tracks", name)


def _restore() -> None:
    connection, after = op.get_bind(), ""
    descriptors = (*_FLOATS, *_INTEGERS)
    measured = sa.select(_TRACKS.c.id, *(_TRACKS.c[name] for name in (*_ATTRIBUTES, *descriptors)))
    analysed = measured.where(sa.text("model_version IS NOT NULL")).order_by(_TRACKS.c.id).limit(_ROWS)
    change = (
        sa.update(_TRACKS)
        .where(_TRACKS.c.id == sa.bindparam("row"))
        .values(
            attributes=sa.bindparam("new_attributes", type_=sa.JSON()),
            descriptors=sa.bindparam("new_descriptors", type_=sa.JSON()),
        )
    )
    while rows := connection.execute(analysed.where(_TRACKS.c.id > after)).mappings().all():
        changes = [
            {
                "row": row["id"],
                "new_attributes": {name: row[name] for name in _ATTRIBUTES},
                "new_descriptors": {name: row[name] for name in descriptors},
            }
            for row in rows
        ]
        connection.execute(change, changes)
        after = rows[-1]["id"]
