"""The catalogue's tables. The migrations in `services/catalog/migrations` create exactly these."""

import os
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.domain.job import JobState
from services.domain.track import TrackStatus


class PathBytes(TypeDecorator[str]):
    """A file path as bytes, because a path need not be UTF-8."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Encode a path as the file system does."""
        del dialect
        return None if value is None else os.fsencode(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Decode a path so that it opens the same file."""
        del dialect
        return None if value is None else os.fsdecode(value)


FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Moment(TypeDecorator[datetime]):
    """An aware time, stored as UTC because SQLite has no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; a time outside of the calendar in UTC becomes the first or last time."""
        del dialect
        if value is None:
            return None
        try:
            return value.astimezone(UTC)
        except OverflowError:
            return FIRST if value.year == 1 else LAST

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware time in UTC."""
        del dialect
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


# Sorted by bytes, so that pages do not depend on the locale of the database.
SortText = Text().with_variant(Text(collation="C"), "postgresql")


class Table(DeclarativeBase):
    """The base class of the tables; it names constraints so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dict[str, Any]: JSON, datetime: Moment}  # noqa: RUF012  SQLAlchemy's own attribute


class IndexedRow(Table):
    """Columns of rows that have a point in the vector index."""

    __abstract__ = True

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    status: Mapped[str] = mapped_column(String(16), default=TrackStatus.PENDING)
    reason: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    embedding: Mapped[bytes | None] = mapped_column(LargeBinary)
    """128 little-endian float32."""
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


class TrackRow(IndexedRow):
    """A track."""

    __tablename__ = "tracks"
    __table_args__ = (
        Index("ix_tracks_sort", "sort_key", "id"),
        _pending_index("tracks"),
        Index("ix_tracks_status_id", "status", "id"),
        Index("ix_tracks_title_key", "title_key", "id"),
        Index("ix_tracks_artist_key", "artist_key", "id"),
    )

    title: Mapped[str] = mapped_column(Text)
    artist: Mapped[str | None] = mapped_column(Text)
    album: Mapped[str | None] = mapped_column(Text)
    year: Mapped[int | None]
    genre: Mapped[str | None] = mapped_column(Text)
    duration_ms: Mapped[int | None]
    sort_key: Mapped[str] = mapped_column(SortText)
    """Case-folded artist, album and title, for sorting pages and for text search."""
    title_key: Mapped[str | None] = mapped_column(Text)
    artist_key: Mapped[str | None] = mapped_column(Text)
    """The names without case, accents and punctuation, to find them (`services.domain.names`)."""
    dispersion: Mapped[float | None]
    attributes: Mapped[dict[str, Any] | None]
    descriptors: Mapped[dict[str, Any] | None]
    tags: Mapped[dict[str, Any] | None]
    sent_at: Mapped[datetime | None]
    """When its analysis was last sent to the broker or started; null to send it at once."""
    claimed_by: Mapped[str | None] = mapped_column(String(80))
    """The worker and task that claim it; null if unclaimed."""
    claimed_until: Mapped[datetime | None]
    """When the claim expires."""
    analysed_at: Mapped[datetime | None]


class LocationRow(Table):
    """A file of a track."""

    __tablename__ = "locations"
    __table_args__ = (UniqueConstraint("path"), Index("ix_locations_track_id", "track_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"))
    path: Mapped[str] = mapped_column(PathBytes)
    """Absolute."""
    root: Mapped[str] = mapped_column(PathBytes)
    """The library root it was found under."""
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)


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


class ExternalIdRow(Table):
    """An external id of a track, `namespace:value`. Several tracks may share one, for example a reissued ISRC."""

    __tablename__ = "external_ids"
    __table_args__ = (Index("ix_external_ids_name", "namespace", "value"),)

    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    namespace: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(String(255))
    """Empty if a client removed the id of the file's tags."""
    by_client: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Set by a client: scans do not change it."""


class ListenRow(Table):
    """A listen of a listener."""

    __tablename__ = "listens"
    __table_args__ = (
        UniqueConstraint("listener", "identity"),
        # Includes track and kind, so that reading recent listens needs only the index.
        Index("ix_listens_listener_at", "listener", "at", "id", "track_id", "kind"),
        Index("ix_listens_listener_kind", "listener", "kind", "track_id", "at"),
        {"sqlite_autoincrement": True},  # ids are never reused: a repeated deletion must not delete another listen
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    listener: Mapped[str] = mapped_column(Text)
    identity: Mapped[str] = mapped_column(String(32))
    """Hash of the sender's key, or else of track, kind and time; unique for a listener."""
    track_id: Mapped[str | None] = mapped_column(String(36))
    """Null while the track is unknown. No foreign key, whose lock could cause deadlocks with scans."""
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    played_ms: Mapped[int | None]
    key: Mapped[str | None] = mapped_column(String(255))
    names: Mapped[list[str]] = mapped_column(JSON)
    artist: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    album: Mapped[str | None] = mapped_column(Text)
    duration_ms: Mapped[int | None]


class WaitingNameRow(Table):
    """A name under which a listen waits for its track."""

    __tablename__ = "waiting_names"
    __table_args__ = (Index("ix_waiting_names_listen_id", "listen_id"),)

    name: Mapped[str] = mapped_column(String(300), primary_key=True)
    listen_id: Mapped[int] = mapped_column(ForeignKey("listens.id", ondelete="CASCADE"), primary_key=True)


class StartRow(Table):
    """What a new listener chose to start from."""

    __tablename__ = "listener_starts"

    listener: Mapped[str] = mapped_column(Text, primary_key=True)
    moods: Mapped[list[str]] = mapped_column(JSON)
    artists: Mapped[list[str]] = mapped_column(JSON)
    tracks: Mapped[list[str]] = mapped_column(JSON)
    plays: Mapped[list[Any]] = mapped_column(JSON)
    """Tracks that stand for the choice, each as [track id, share of a play, reason]."""
    at: Mapped[datetime]


class JobRow(Table):
    """A scan or an upload."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    path: Mapped[str] = mapped_column(PathBytes)
    state: Mapped[str] = mapped_column(String(16), default=JobState.QUEUED)
    reason: Mapped[str | None] = mapped_column(Text)
    total: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    """The number of files that are done and have no item: unchanged audio files, and pictures."""
    listed: Mapped[bool] = mapped_column(default=False)
    """Whether all files have been read; analyses may remain."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class JobItemRow(Table):
    """A file of a job that is new, changed or unusable."""

    __tablename__ = "job_items"
    __table_args__ = (
        UniqueConstraint("job_id", "path"),
        Index("ix_job_items_track_id_state", "track_id", "state"),
        Index("ix_job_items_job_id_state", "job_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    path: Mapped[str] = mapped_column(PathBytes)
    track_id: Mapped[str | None] = mapped_column(String(36))
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)


class MetaRow(Table):
    """Values for the whole catalogue, such as the model version and the index generation."""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class RadioRow(Table):
    """A radio session."""

    __tablename__ = "radio_sessions"
    __table_args__ = (
        Index("ix_radio_sessions_touched_at", "touched_at"),
        Index("ix_radio_sessions_user_name", "user_name"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    listener: Mapped[str | None] = mapped_column("user_name", String(255))
    terms: Mapped[dict[str, Any]]
    """Filters and wishes that hold for the whole session."""
    directions: Mapped[dict[str, Any]]
    words: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """Texts and mood preset in force."""
    position: Mapped[int] = mapped_column(default=0)
    calls: Mapped[int] = mapped_column(default=0)
    events: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=0)
    """The number of changes; the slower of two concurrent calls detects the other's change and repeats."""
    created_at: Mapped[datetime]
    touched_at: Mapped[datetime]


class RadioTrackRow(Table):
    """A track that a session returned, or that was heard before or during it."""

    __tablename__ = "radio_tracks"

    session_id: Mapped[str] = mapped_column(ForeignKey("radio_sessions.id", ondelete="CASCADE"), primary_key=True)
    track_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    position: Mapped[int]
    direction: Mapped[int | None]
    call: Mapped[int]
    reported: Mapped[bool]
    barred: Mapped[bool]


class RadioEventRow(Table):
    """An event of a session; only the latest are stored."""

    __tablename__ = "radio_events"

    session_id: Mapped[str] = mapped_column(ForeignKey("radio_sessions.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    track_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime | None]
    played_ms: Mapped[int | None]


class ApiKeyRow(Table):
    """An API key, without its secret."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SHA-256 of the secret; `services.domain.access` explains why a fast hash is sufficient."""
    scopes: Mapped[list[str]] = mapped_column(JSON)
    listeners: Mapped[list[str] | None] = mapped_column("users", JSON(none_as_null=True))
    """The listeners that the key is bound to; null is all listeners."""
    internal: Mapped[bool] = mapped_column(default=False)
    """Created by Segue for its own use."""
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class IdempotencyRow(Table):
    """A request that a client may repeat under its key, and its response once it is known."""

    __tablename__ = "idempotency"
    __table_args__ = (
        Index("ix_idempotency_expires_at", "expires_at"),
        Index("ix_idempotency_radio_session", "radio_session"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of principal, path and key, or of radio session and key."""
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of query and body."""
    owner: Mapped[str] = mapped_column(String(36))
    """The id of the run that executes the request, or of the radio session."""
    lease_until: Mapped[datetime | None]
    """When another run may take over; null once there is a response."""
    status: Mapped[int | None]
    headers: Mapped[list[list[str]] | None] = mapped_column(JSON(none_as_null=True))
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Compressed."""
    listener: Mapped[str | None] = mapped_column(Text)
    """The listener whose data the response contains; it is deleted with theirs."""
    radio_session: Mapped[str | None] = mapped_column(ForeignKey("radio_sessions.id", ondelete="CASCADE"))
    """The session of a radio call, which is deleted with it; null for other requests."""
    expires_at: Mapped[datetime]
