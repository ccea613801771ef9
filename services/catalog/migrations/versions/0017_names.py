"""Tracks get all their artists and genres, more of their tags, and files get tags of their own."""

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from services.catalog.names import artist_rows, genre_rows
from services.catalog.tables import Moment, PathBytes

revision = "0017"
down_revision = "0013"
branch_labels = None
depends_on = None

_ROWS = 1000

_OF_TRACKS: dict[str, sa.types.TypeEngine[Any]] = {
    **{name: sa.Text() for name in ("composer", "tag_key", "comment")},
    **{name: sa.Float() for name in ("tag_bpm", "replay_gain", "rating")},
    **{name: sa.Integer() for name in ("original_year", "disc_total", "track_total")},
    **{name: sa.String(36) for name in ("release_mbid", "successor_id")},
    "fragment": sa.String(16),
}
_FLAGS = ("compilation", "has_lyrics")

_TRACKS = sa.table("tracks", *map(sa.column, ("id", "title", "artist", "album_artist", "genre")))
_ARTISTS = sa.table("track_artists", *map(sa.column, ("track_id", "role", "position", "name", "key", "artist_id")))
_GENRES = sa.table("track_genres", *map(sa.column, ("track_id", "position", "name", "key")))


def upgrade() -> None:
    """Apply the change."""
    for name, kind in _OF_TRACKS.items():
        op.add_column("tracks", sa.Column(name, kind, nullable=True))
    for name in _FLAGS:
        op.add_column("tracks", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_tracks_successor_id", "tracks", ["successor_id"])
    has_one = sa.text("successor_id IS NOT NULL")
    op.create_index(
        "ix_tracks_successors", "tracks", ["id", "successor_id"], sqlite_where=has_one, postgresql_where=has_one
    )
    op.add_column("locations", sa.Column("tags", sa.JSON(), nullable=True))
    op.add_column("locations", sa.Column("tags_version", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("locations", sa.Column("library", sa.Text(), nullable=True))
    op.add_column("api_keys", sa.Column("library", sa.Text(), nullable=True))
    _replace_key_of_ids(["track_id", "namespace", "value"])
    _create_libraries()
    _create_names()
    _fill()
    op.create_index("ix_track_artists_artist_id", "track_artists", ["artist_id", "role", "track_id"])
    op.create_index("ix_track_artists_key", "track_artists", ["role", "key", "artist_id", "track_id"])
    op.create_index("ix_track_genres_key", "track_genres", ["key", "name", "track_id"])


def _replace_key_of_ids(columns: list[str]) -> None:
    with op.batch_alter_table("external_ids") as table:
        table.drop_constraint("pk_external_ids", type_="primary")
        table.create_primary_key("pk_external_ids", columns)


def _create_libraries() -> None:
    op.create_table(
        "libraries",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_libraries")),
    )
    op.create_table(
        "library_roots",
        sa.Column("path", PathBytes(), nullable=False),
        sa.Column("library", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["library"], ["libraries.name"], name=op.f("fk_library_roots_library_libraries"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_library_roots")),
    )
    op.create_index("ix_library_roots_library", "library_roots", ["library"])
    op.create_table(
        "listener_libraries",
        sa.Column("listener", sa.Text(), nullable=False),
        sa.Column("library", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("listener", name=op.f("pk_listener_libraries")),
    )


def _create_names() -> None:
    op.create_table(
        "track_artists",
        sa.Column("track_id", sa.String(36), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("artist_id", sa.String(24), nullable=False),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name=op.f("fk_track_artists_track_id_tracks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", "role", "position", name=op.f("pk_track_artists")),
    )
    op.create_table(
        "track_genres",
        sa.Column("track_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name=op.f("fk_track_genres_track_id_tracks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", "position", name=op.f("pk_track_genres")),
    )


def _fill() -> None:
    for rows in _batches():
        _insert(_ARTISTS, ({"track_id": row.id, **each} for row in rows for each in _artists_of(row)))
        _insert(_GENRES, ({"track_id": row.id, **each} for row in rows for each in genre_rows(_listed(row.genre))))


def _batches() -> Iterator[list[Any]]:
    connection, after = op.get_bind(), ""
    ordered = sa.select(*_TRACKS.c).order_by(_TRACKS.c.id).limit(_ROWS)
    while rows := connection.execute(ordered.where(_TRACKS.c.id > after)).all():
        yield list(rows)
        after = rows[-1].id


def _insert(table: sa.TableClause, rows: Iterable[dict[str, Any]]) -> None:
    if found := list(rows):
        op.get_bind().execute(sa.insert(table), found)


def _artists_of(row: Any) -> list[dict[str, Any]]:  # noqa: ANN401  a row of `_TRACKS`
    return artist_rows(_listed(row.artist), _listed(row.album_artist), row.title)


def _listed(text: str | None) -> list[str]:
    return [text] if text else []


def downgrade() -> None:
    """Revert the change; of several ids of a track in a namespace the lowest one is kept."""
    op.drop_table("track_genres")
    op.drop_table("track_artists")
    op.drop_table("listener_libraries")
    op.drop_table("library_roots")
    op.drop_table("libraries")
    op.execute(
        "DELETE FROM external_ids WHERE EXISTS (SELECT 1 FROM external_ids AS lower WHERE"
        " lower.track_id = external_ids.track_id AND lower.namespace = external_ids.namespace"
        " AND lower.value < external_ids.value)"
    )
    _replace_key_of_ids(["track_id", "namespace"])
    op.drop_column("api_keys", "library")
    for name in ("library", "tags_version", "tags"):
        op.drop_column("locations", name)
    op.drop_index("ix_tracks_successors", "tracks")
    op.drop_index("ix_tracks_successor_id", "tracks")
    # Without a batch: on SQLite that replaces the table, and deletes the rows that refer to its tracks.
    for name in (*_FLAGS, *_OF_TRACKS):
        op.drop_column("tracks", name)
