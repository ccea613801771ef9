"""Tables of jobs, keys and stored responses."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables.columns import OwnLibrary, PathBytes, Table
from services.domain.job import JobState


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
    library_id: Mapped[OwnLibrary]


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
    failure_kind: Mapped[str | None] = mapped_column(String(16))


class FailedFileRow(Table):
    """A file or folder that the last scan of its kind could not use and that is neither a track nor a picture."""

    __tablename__ = "failed_files"
    __table_args__ = (UniqueConstraint("path", "scan"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(PathBytes)
    scan: Mapped[str] = mapped_column(String(16))
    """The kind of the job that found it."""
    root: Mapped[str] = mapped_column(PathBytes)
    """The library root that it belongs to."""
    failure_kind: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    failed_at: Mapped[datetime]
    library_id: Mapped[OwnLibrary]


class DeletedTrackRow(Table):
    """A track that a client deleted from all libraries: scans leave its files out."""

    __tablename__ = "deleted_tracks"

    track_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    deleted_at: Mapped[datetime]


class LibraryDeletionRow(Table):
    """A track that a key of a library deleted: scans leave its files in this library out."""

    __tablename__ = "library_deletions"

    track_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    library_id: Mapped[str] = mapped_column(ForeignKey("libraries.id", ondelete="CASCADE"), primary_key=True)
    deleted_at: Mapped[datetime]


class MetaRow(Table):
    """Values for the whole catalogue, such as the model version and the index generation."""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


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
    library: Mapped[str | None] = mapped_column(Text)
    """One library that the key is bound to, for code of before revision 0026; null is all."""
    libraries: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """The ids of the libraries that the key is bound to; null is the one in `library`."""
    internal: Mapped[bool] = mapped_column(default=False)
    """Created by Segue for its own use."""
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AccountRow(Table):
    """An account of a listener. `services.domain.accounts` explains why the password is readable."""

    __tablename__ = "accounts"

    listener: Mapped[str] = mapped_column(Text, primary_key=True)
    password: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


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
