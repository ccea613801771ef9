"""Tables of the library: tracks, their files and ids, and pictures."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables.columns import NAME_MAX, OwnLibrary, PathBytes, SortText, Table
from services.catalog.tables.measures import MeasuredRow
from services.domain.filters import RANGE_FIELDS
from services.domain.track import TrackStatus


class IndexedRow(Table):
    """Columns of rows that have a point in the vector index."""

    __abstract__ = True

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    status: Mapped[str] = mapped_column(String(16), default=TrackStatus.PENDING)
    reason: Mapped[str | None] = mapped_column(Text)
    failure_kind: Mapped[str | None] = mapped_column(String(16))
    failed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    embedding: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Little-endian float32, as many as the space has dimensions."""
    model_version: Mapped[str | None] = mapped_column(String(64))
    revision: Mapped[int] = mapped_column(default=0)
    """The number of changes relevant to the index; a mark is cleared only for the indexed revision."""
    index_pending: Mapped[bool] = mapped_column(default=False)
    added_at: Mapped[datetime]


def _pending_index(table: str) -> Index:
    return Index(
        f"ix_{table}_index_pending",
        "id",
        # SQLite uses the index only for exactly this condition, as SQLAlchemy writes it.
        sqlite_where=text("index_pending = 1"),
        postgresql_where=text("index_pending"),
    )


def _successor_index(name: str, *columns: str) -> Index:
    condition = text("successor_id IS NOT NULL")
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


# SQLite uses a partial index for a query with exactly these conditions. Without the empty text it would use the index
# on statuses, and read each track that waits.
UNSENT = text("status || '' = 'pending' AND sent_at IS NULL")
SENT = text("status || '' = 'pending' AND sent_at IS NOT NULL")

SORTED_COLUMNS = (*("title_key", "album_key", "disc_number", "track_number", "album_id", "added_at"),)
ALBUM_COLUMNS = (
    "album_id",
    "status",
    "album_key",
    "album_artist_key",
    "artist_key",
    "year",
    "added_at",
    "duration_ms",
    "artist_keys",
)


class TrackRow(IndexedRow, MeasuredRow):
    """A track."""

    __tablename__ = "tracks"
    __table_args__ = (
        # All that pages of the library filter and sort by, because SQLite reads a page of the file for each whole row.
        # PostgreSQL has the first two columns only: it refuses entries of more than 2,700 bytes.
        Index("ix_tracks_sort", "sort_key", "id", "status", *RANGE_FIELDS, *SORTED_COLUMNS),
        # To sort the whole library, and for histograms.
        Index("ix_tracks_album_key", "album_key", "disc_number", "track_number", "id", "status"),
        *(Index(f"ix_tracks_{name}", name, "id", "status") for name in ("title_key", "added_at", *RANGE_FIELDS)),
        # What the list of albums needs of each track. PostgreSQL has no artist_keys in it.
        Index("ix_tracks_album_id", *ALBUM_COLUMNS),
        _pending_index("tracks"),
        Index("ix_tracks_status_id", "status", "id"),
        Index("ix_tracks_analysed_at", "analysed_at"),
        Index("ix_tracks_model_version", "model_version", "status", "id"),
        Index(
            "ix_tracks_claimed_by",
            "claimed_by",
            sqlite_where=text("claimed_by IS NOT NULL"),
            postgresql_where=text("claimed_by IS NOT NULL"),
        ),
        Index(
            "ix_tracks_cover_due",
            "cover_attempts",
            "id",
            sqlite_where=text("cover_seen IS NULL"),
            postgresql_where=text("cover_seen IS NULL"),
        ),
        Index("ix_tracks_cover", "cover"),
        # The analyses that wait, in their order, and those that the broker may have lost.
        Index("ix_tracks_unsent", "queue_library", "queue_rank", "id", sqlite_where=UNSENT, postgresql_where=UNSENT),
        Index("ix_tracks_sent", "sent_at", "id", sqlite_where=SENT, postgresql_where=SENT),
        _successor_index("ix_tracks_successor_id", "successor_id", "id"),
        _successor_index("ix_tracks_successors", "id", "successor_id"),
    )

    title: Mapped[str] = mapped_column(Text)
    artist: Mapped[str | None] = mapped_column(Text)
    album: Mapped[str | None] = mapped_column(Text)
    year: Mapped[int | None]
    genre: Mapped[str | None] = mapped_column(Text)
    duration_ms: Mapped[int | None]
    album_artist: Mapped[str | None] = mapped_column(Text)
    disc_number: Mapped[int | None]
    track_number: Mapped[int | None]
    sort_key: Mapped[str] = mapped_column(SortText)
    """The keys of artist, album and title, for sorting pages and for text search."""
    title_key: Mapped[str | None] = mapped_column(Text)
    """The keys are those of `services.domain.names`. That of the title is without the guests that it names."""
    artist_key: Mapped[str | None] = mapped_column(Text)
    """Of the artist credited first."""
    artist_keys: Mapped[str | None] = mapped_column(Text)
    """Of each artist and of the whole credit, separated by `KEY_SEPARATOR`."""
    album_key: Mapped[str | None] = mapped_column(Text)
    album_artist_key: Mapped[str | None] = mapped_column(Text)
    """Of all album artists; of “Various artists” for a compilation without one."""
    genre_keys: Mapped[str | None] = mapped_column(Text)
    """Of each genre, separated by `KEY_SEPARATOR`."""
    artist_id: Mapped[str | None] = mapped_column(String(24))
    """Of the artist credited first."""
    album_id: Mapped[str | None] = mapped_column(String(24))
    """See `services.catalog.album_ids`; null without an album."""
    dispersion: Mapped[float | None]
    highlight: Mapped[float | None]
    """Where its most typical part starts, in seconds; null if the analysis is older than this column."""
    tags: Mapped[dict[str, Any] | None]
    sent_at: Mapped[datetime | None]
    """When its analysis was last sent to the broker or started; null while it waits for its turn."""
    queue_library: Mapped[str | None] = mapped_column(Text, default="", server_default="")
    """The key of the library in whose turn it is analysed, empty without one; null if no file is on this machine."""
    queue_rank: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Its place in the turns of its library, smaller is sooner; see `services.catalog.turns`."""
    claimed_by: Mapped[str | None] = mapped_column(String(80))
    """The worker and task that claim it; null if unclaimed."""
    claimed_until: Mapped[datetime | None]
    """When the claim expires."""
    analysed_at: Mapped[datetime | None]
    cover: Mapped[str | None] = mapped_column(String(32))
    """The hash of its cover; null if it has none."""
    cover_seen: Mapped[str | None] = mapped_column(String(32))
    """The picture beside its file when the cover was looked for, as `services.ingest.covers` names it; null: look."""
    cover_attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    """Searches for its cover that were begun and did not end."""
    composer: Mapped[str | None] = mapped_column(Text)
    tag_bpm: Mapped[float | None]
    """Beats per minute as its tags have it."""
    tag_key: Mapped[str | None] = mapped_column(Text)
    """The musical key as its tags have it."""
    comment: Mapped[str | None] = mapped_column(Text)
    compilation: Mapped[bool] = mapped_column(default=False, server_default=false())
    original_year: Mapped[int | None]
    disc_total: Mapped[int | None]
    track_total: Mapped[int | None]
    release_mbid: Mapped[str | None] = mapped_column(String(36))
    replay_gain: Mapped[float | None]
    """Decibels."""
    has_lyrics: Mapped[bool] = mapped_column(default=False, server_default=false())
    rating: Mapped[float | None]
    """The rating in its tags, 0 to 1."""
    successor_id: Mapped[str | None] = mapped_column(String(36))
    """The track that took over from this one: another encoding of the same recording."""
    fragment: Mapped[str | None] = mapped_column(String(16))
    """The kind of a track that is no piece of music, such as `intro`; null for music."""


class TrackArtistRow(Table):
    """One name of the artists or album artists of a track."""

    __tablename__ = "track_artists"
    __table_args__ = (
        Index("ix_track_artists_artist_id", "artist_id", "role", "track_id"),
        Index("ix_track_artists_key", "role", "key", "artist_id", "track_id", "added_at"),
    )

    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16), primary_key=True)
    """`artist`, `album_artist`, or `credit`: all artists as one name, by which listens and filters may name them."""
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(NAME_MAX))
    key: Mapped[str] = mapped_column(Text)
    artist_id: Mapped[str] = mapped_column(String(24))
    added_at: Mapped[datetime]
    """When the track was added, so that artists can be sorted by it without reading their tracks."""


class TrackGenreRow(Table):
    """One genre of a track's tags."""

    __tablename__ = "track_genres"
    __table_args__ = (Index("ix_track_genres_key", "key", "name", "track_id"),)

    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(NAME_MAX))
    key: Mapped[str] = mapped_column(Text)


class HeardTagRow(Table):
    """A clear tag of a track: one that the encoder predicts with at least `TAG_THRESHOLD`."""

    __tablename__ = "heard_tags"
    __table_args__ = (Index("ix_heard_tags_name", "name", "track_id"), Index("ix_heard_tags_key", "key", "track_id"))

    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Case-folded, without the prefix of its data set."""
    key: Mapped[str] = mapped_column(String(64), server_default="")
    strength: Mapped[float]


class LocationRow(Table):
    """A file of a track."""

    __tablename__ = "locations"
    __table_args__ = (
        UniqueConstraint("path"),
        Index("ix_locations_track_id", "track_id"),
        Index("ix_locations_root", "root"),
        Index("ix_locations_size", "size"),
        Index("ix_locations_library", "library", "track_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"))
    path: Mapped[str] = mapped_column(PathBytes)
    """Absolute."""
    root: Mapped[str] = mapped_column(PathBytes)
    """The library root it was found under."""
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    tags: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The tags of this file; null if they were not read yet."""
    tags_version: Mapped[int] = mapped_column(default=0, server_default="0")
    library: Mapped[str | None] = mapped_column(Text)
    """The named library that contains the file; null without one."""


class LibraryRow(Table):
    """A named library."""

    __tablename__ = "libraries"
    __table_args__ = (Index("ix_libraries_id", "id", unique=True),)

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str | None] = mapped_column(Text)
    """The key (`text_key`) of its name. Code of before revision 0026 leaves it null."""
    created_at: Mapped[datetime]


class LibraryRootRow(Table):
    """A folder of a named library."""

    __tablename__ = "library_roots"
    __table_args__ = (Index("ix_library_roots_library", "library"),)

    path: Mapped[str] = mapped_column(PathBytes, primary_key=True)
    """Absolute."""
    library: Mapped[str] = mapped_column(ForeignKey("libraries.name", ondelete="CASCADE"))
    uploads: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether it holds uploads into the library; nobody sees or changes such a folder."""


class LibraryMemberRow(Table):
    """A listener who is a member of a library."""

    __tablename__ = "library_members"
    __table_args__ = (Index("ix_library_members_listener", "listener", "library_id"),)

    library_id: Mapped[str] = mapped_column(ForeignKey("libraries.id", ondelete="CASCADE"), primary_key=True)
    listener: Mapped[str] = mapped_column(Text, primary_key=True)


class PictureRow(IndexedRow):
    """A picture."""

    __tablename__ = "pictures"
    __table_args__ = (
        UniqueConstraint("path"),
        _pending_index("pictures"),
    )

    path: Mapped[str | None] = mapped_column(PathBytes)
    """Absolute; null if its file is gone."""
    root: Mapped[str] = mapped_column(PathBytes)
    """The folder whose scan found it."""
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    shows: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    looks: Mapped[str | None] = mapped_column(Text)
    valence: Mapped[float | None]
    energy: Mapped[float | None]
    library_id: Mapped[OwnLibrary]


class ExternalIdRow(Table):
    """An external id of a track, `namespace:value`.

    Several tracks may share one, for example a reissued ISRC, and a track may have several of a namespace.
    """

    __tablename__ = "external_ids"
    __table_args__ = (Index("ix_external_ids_name", "namespace", "value"),)

    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    namespace: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(String(255), primary_key=True)
    """Empty if a client removed the id of the file's tags."""
    by_client: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Set by a client: scans do not change it."""
