"""Tracks get all their artists and genres, and more of their tags; names and ids get one form."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from services.catalog.album_ids import Member, album_ids
from services.catalog.matching import identity_of, waiting_names
from services.catalog.names import TrackNames, id_of_key, stored_key
from services.catalog.tables import Moment, PathBytes
from services.domain.external_ids import canonical_value
from services.domain.listening import Description, EventKind, NewListen
from services.domain.names import text_key

revision = "0017"
down_revision = "0013"
branch_labels = None
depends_on = None

_ROWS = 1000

_OF_TRACKS: dict[str, sa.types.TypeEngine[Any]] = {
    **{name: sa.Text() for name in ("artist_keys", "genre_keys", "composer", "tag_key", "comment")},
    **{name: sa.Float() for name in ("tag_bpm", "replay_gain", "rating")},
    **{name: sa.Integer() for name in ("original_year", "disc_total", "track_total")},
    **{name: sa.String(36) for name in ("release_mbid", "successor_id")},
    "fragment": sa.String(16),
}
_FLAGS = ("compilation", "has_lyrics")
_KEYS = (
    *("sort_key", "title_key", "artist_key", "artist_keys", "artist_id"),
    *("album_key", "album_artist_key", "genre_keys"),
)

_TRACKS = sa.table(
    "tracks",
    *map(sa.column, ("id", "title", "artist", "album", "album_artist", "genre", "genre_key", "album_id", *_KEYS)),
    sa.column("added_at", Moment()),
)
_LOCATIONS = sa.table("locations", sa.column("track_id"), sa.column("path"))
_ARTISTS = sa.table(
    "track_artists",
    *map(sa.column, ("track_id", "role", "position", "name", "key", "artist_id")),
    sa.column("added_at", Moment()),
)
_GENRES = sa.table("track_genres", *map(sa.column, ("track_id", "position", "name", "key")))
_HEARD = sa.table("heard_tags", sa.column("name"), sa.column("key"))
_IDS = sa.table("external_ids", *map(sa.column, ("track_id", "namespace", "value")))
_LISTENS = sa.table(
    "listens",
    *map(sa.column, ("id", "listener", "identity", "track_id", "kind", "key", "artist", "title")),
    *(sa.column("at", Moment()), sa.column("names", sa.JSON())),
)
_WAITING = sa.table("waiting_names", sa.column("name"), sa.column("listen_id"))
_META = sa.table("meta", sa.column("key"), sa.column("value"))

_RANGES = (
    *("energy", "valence", "danceability", "acousticness", "instrumentalness", "liveness", "speechiness"),
    *("tempo", "loudness", "brightness", "onset_rate", "flux", "mobility"),
    *("key", "mode", "time_signature", "year", "duration_ms"),
)
_SORTED = ("title_key", "album_key", "disc_number", "track_number", "album_id", "added_at")
_SORTED_BEFORE = (
    *("genre_key", "title_key", "album_key", "disc_number", "track_number", "artist_id", "album_id", "added_at"),
)
_OF_ALBUMS = ("album_id", "status", "album_key", "album_artist_key", "artist_key", "year", "added_at", "duration_ms")
_INDEXES_BEFORE = {
    "ix_tracks_artist_key": ("artist_key", "id"),
    "ix_tracks_artist_id": ("artist_id", "status", "artist_key", "album_id", "added_at"),
    "ix_tracks_genre_key": ("genre_key", "status", "genre"),
}


def upgrade() -> None:
    """Apply the change."""
    for index in _INDEXES_BEFORE:
        op.drop_index(index, "tracks")
    _drop_wide()
    op.drop_column("tracks", "genre_key")
    op.drop_column("tracks", "tags_version")
    for name, kind in _OF_TRACKS.items():
        op.add_column("tracks", sa.Column(name, kind, nullable=True))
    for name in _FLAGS:
        op.add_column("tracks", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("heard_tags", sa.Column("key", sa.String(64), nullable=False, server_default=""))
    op.add_column("locations", sa.Column("tags", sa.JSON(), nullable=True))
    op.add_column("locations", sa.Column("tags_version", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("locations", sa.Column("library", sa.Text(), nullable=True))
    op.add_column("api_keys", sa.Column("library", sa.Text(), nullable=True))
    _replace_key_of_ids(["track_id", "namespace", "value"])
    _create_libraries()
    _create_names()
    _fill()
    _create_indexes()
    _group_albums()
    _rewrite_ids()
    _rewrite_listens()
    _rebuild_index()


def _create_indexes() -> None:
    op.create_index("ix_track_artists_artist_id", "track_artists", ["artist_id", "role", "track_id"])
    op.create_index("ix_track_artists_key", "track_artists", ["role", "key", "artist_id", "track_id", "added_at"])
    op.create_index("ix_track_genres_key", "track_genres", ["key", "name", "track_id"])
    op.create_index("ix_heard_tags_key", "heard_tags", ["key", "track_id"])
    condition = sa.text("successor_id IS NOT NULL")
    for name, columns in {
        "ix_tracks_successor_id": ["successor_id", "id"],
        "ix_tracks_successors": ["id", "successor_id"],
    }.items():
        op.create_index(name, "tracks", columns, sqlite_where=condition, postgresql_where=condition)
    _create_wide(_SORTED, ("artist_keys",))


def _create_wide(of_sort: Sequence[str], of_albums: Sequence[str] = ()) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_tracks_sort", "tracks", ["sort_key", "id", "status", *_RANGES, *of_sort])
        op.create_index("ix_tracks_album_id", "tracks", [*_OF_ALBUMS, *of_albums])


def _drop_wide() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_tracks_sort", "tracks")
        op.drop_index("ix_tracks_album_id", "tracks")


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
        sa.Column("added_at", Moment(), nullable=False),
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
    connection = op.get_bind()
    for rows in _batches():
        named = [(row, _names_of(row)) for row in rows]
        _change_tracks(_KEYS, [{"row": row.id, **_new(names.columns())} for row, names in named])
        artists = (
            {"track_id": row.id, "added_at": row.added_at, **each}
            for row, names in named
            for each in names.artist_rows()
        )
        _insert(_ARTISTS, artists)
        _insert(_GENRES, ({"track_id": row.id, **each} for row, names in named for each in names.genre_rows()))
    for name in connection.execute(sa.select(_HEARD.c.name).distinct()).scalars().all():
        connection.execute(sa.update(_HEARD).where(_HEARD.c.name == name).values(key=text_key(name)))


def _names_of(row: Any) -> TrackNames:  # noqa: ANN401  a row of `_TRACKS`
    return TrackNames(row.title, _listed(row.artist), row.album, _listed(row.album_artist), _listed(row.genre))


def _listed(text: str | None) -> list[str]:
    return [text] if text else []


def _batches() -> Iterator[list[Any]]:
    connection, after = op.get_bind(), ""
    columns = [_TRACKS.c[name] for name in ("id", "title", "artist", "album", "album_artist", "genre", "added_at")]
    ordered = sa.select(*columns).order_by(_TRACKS.c.id).limit(_ROWS)
    while rows := connection.execute(ordered.where(_TRACKS.c.id > after)).all():
        yield list(rows)
        after = rows[-1].id


def _change_tracks(names: Iterable[str], changes: list[dict[str, Any]]) -> None:
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in names}
    if changes:
        op.get_bind().execute(sa.update(_TRACKS).where(_TRACKS.c.id == sa.bindparam("row")).values(values), changes)


def _new(values: dict[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in values.items()}


def _insert(table: sa.TableClause, rows: Iterable[dict[str, Any]]) -> None:
    if found := list(rows):
        op.get_bind().execute(sa.insert(table), found)


def _group_albums() -> None:
    connection, after = op.get_bind(), ""
    titles = sa.select(_TRACKS.c.album_key).distinct().order_by(_TRACKS.c.album_key).limit(_ROWS // 10)
    members = sa.select(
        *(_TRACKS.c.album_key, _TRACKS.c.id, _TRACKS.c.album_artist_key, _TRACKS.c.artist_key, _LOCATIONS.c.path)
    ).join_from(_TRACKS, _LOCATIONS, _LOCATIONS.c.track_id == _TRACKS.c.id)
    while keys := connection.execute(titles.where(_TRACKS.c.album_key > after)).scalars().all():
        titled: dict[str, dict[str, Member]] = defaultdict(dict)
        for album, track_id, by, artist, path in connection.execute(members.where(_TRACKS.c.album_key.in_(keys))):
            member = Member(track_id, by, artist, None, os.fsdecode(path))
            titled[album][track_id] = min(member, titled[album].get(track_id, member), key=lambda each: each.path)
        found = {
            track_id: own for album, some in titled.items() for track_id, own in album_ids(album, some.values()).items()
        }
        _change_tracks(["album_id"], [{"row": track_id, "new_album_id": own} for track_id, own in found.items()])
        after = keys[-1]


def _rewrite_ids() -> None:
    connection = op.get_bind()
    written = sa.select(*_IDS.c).where(_IDS.c.namespace.in_(["isrc", "mbid"]))
    change = sa.update(_IDS).where(_IDS.c.track_id == sa.bindparam("row"), _IDS.c.namespace == sa.bindparam("space"))
    changes = [
        {"row": track_id, "space": namespace, "new": canonical}
        for track_id, namespace, value in connection.execute(written)
        if (canonical := canonical_value(namespace, value)) != value
    ]
    if changes:
        connection.execute(change.values(value=sa.bindparam("new")), changes)


def _rewrite_listens() -> None:
    """Give listens of unknown tracks their new names and identities; of those that are now the same the first stays."""
    connection, after = op.get_bind(), 0
    unknown = sa.select(*_LISTENS.c).where(_LISTENS.c.track_id.is_(None)).order_by(_LISTENS.c.id).limit(_ROWS)
    while rows := connection.execute(unknown.where(_LISTENS.c.id > after)).all():
        listens = {row.id: _listen(row) for row in rows}
        connection.execute(sa.delete(_WAITING).where(_WAITING.c.listen_id.in_(listens)))
        for row in rows:
            _rewrite(row, listens[row.id])
        names = (
            {"name": name, "listen_id": row_id} for row_id, each in listens.items() for name in {*waiting_names(each)}
        )
        kept = {*connection.execute(sa.select(_LISTENS.c.id).where(_LISTENS.c.id.in_(listens))).scalars()}
        _insert(_WAITING, [each for each in names if each["listen_id"] in kept])
        after = rows[-1].id


def _listen(row: Any) -> NewListen:  # noqa: ANN401  a row of `_LISTENS`
    described = Description(artist=row.artist, title=row.title) if row.artist is not None and row.title else None
    return NewListen(names=tuple(row.names), described=described, kind=EventKind(row.kind), at=row.at, key=row.key)


def _rewrite(row: Any, listen: NewListen) -> None:  # noqa: ANN401  a row of `_LISTENS`
    connection, identity = op.get_bind(), identity_of(listen, None)
    if identity == row.identity:
        return
    same = sa.select(_LISTENS.c.id).where(_LISTENS.c.listener == row.listener, _LISTENS.c.identity == identity)
    here = _LISTENS.c.id == row.id
    if connection.execute(same).first() is None:
        connection.execute(sa.update(_LISTENS).where(here).values(identity=identity))
    else:
        connection.execute(sa.delete(_LISTENS).where(here))


def _rebuild_index() -> None:
    connection = op.get_bind()
    if connection.execute(sa.select(_TRACKS.c.id).limit(1)).first() is None:
        return
    of_index = _META.c.key == "index_generation"
    generation = connection.scalar(sa.select(_META.c.value).where(of_index))
    if generation is None:
        connection.execute(sa.insert(_META).values(key="index_generation", value="2"))
    else:
        connection.execute(sa.update(_META).where(of_index).values(value=str(int(generation) + 1)))


def downgrade() -> None:
    """Revert the change. Listens of unknown tracks keep their new names, so scans do not attach them any more."""
    op.drop_table("track_genres")
    op.drop_table("track_artists")
    op.drop_table("listener_libraries")
    op.drop_table("library_roots")
    op.drop_table("libraries")
    op.execute(  # of several ids of a track in a namespace the lowest one is kept
        "DELETE FROM external_ids WHERE EXISTS (SELECT 1 FROM external_ids AS lower WHERE"
        " lower.track_id = external_ids.track_id AND lower.namespace = external_ids.namespace"
        " AND lower.value < external_ids.value)"
    )
    _replace_key_of_ids(["track_id", "namespace"])
    op.drop_column("api_keys", "library")
    for name in ("library", "tags_version", "tags"):
        op.drop_column("locations", name)
    op.drop_index("ix_heard_tags_key", "heard_tags")
    op.drop_column("heard_tags", "key")
    op.drop_index("ix_tracks_successors", "tracks")
    op.drop_index("ix_tracks_successor_id", "tracks")
    _drop_wide()
    op.add_column("tracks", sa.Column("genre_key", sa.Text(), nullable=True))
    op.add_column("tracks", sa.Column("tags_version", sa.Integer(), nullable=False, server_default="0"))
    _restore()
    # Without a batch: on SQLite that replaces the table, and deletes the rows that refer to its tracks.
    for name in (*_FLAGS, *_OF_TRACKS):
        op.drop_column("tracks", name)
    for index, columns in _INDEXES_BEFORE.items():
        op.create_index(index, "tracks", list(columns))
    _create_wide(_SORTED_BEFORE)


def _restore() -> None:
    names = ("sort_key", "title_key", "artist_key", "artist_id", "album_artist_key", "genre_key")
    for rows in _batches():
        _change_tracks(names, [{"row": row.id, **_new(_before(row))} for row in rows])


def _before(row: Any) -> dict[str, str | None]:  # noqa: ANN401  a row of `_TRACKS`
    return {
        "sort_key": "\x1f".join((row.artist or "", row.album or "", row.title)).casefold(),
        "title_key": stored_key(row.title),
        "artist_key": stored_key(row.artist),
        "artist_id": id_of_key(text_key(row.artist)) if row.artist else None,
        "album_artist_key": stored_key(row.album_artist),
        "genre_key": row.genre and row.genre.casefold()[:100],
    }
