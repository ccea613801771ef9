"""Tables of listeners and radio sessions."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables.columns import OwnLibrary, Table


class ListenRow(Table):
    """A listen of a listener."""

    __tablename__ = "listens"
    __table_args__ = (
        UniqueConstraint("listener", "identity"),
        # Includes track and kind, so that reading recent listens needs only the index.
        Index("ix_listens_listener_at", "listener", "at", "id", "track_id", "kind"),
        Index("ix_listens_listener_kind", "listener", "kind", "track_id", "at"),
        Index(
            "ix_listens_recommendation_id",
            "recommendation_id",
            sqlite_where=text("recommendation_id IS NOT NULL"),
            postgresql_where=text("recommendation_id IS NOT NULL"),
        ),
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
    undated_plays: Mapped[int | None]
    """The number of plays that the row stands for if their times are unknown; `at` is then `UNDATED`."""
    recommendation_id: Mapped[str | None] = mapped_column(String(36))
    """As the sender names it; `recommendation_outcomes` has the answer that it is attached to."""
    library_id: Mapped[OwnLibrary]


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


class ListenerLibraryRow(Table):
    """One library of a listener who is a member of one, or `NOWHERE` for one who was: it keeps them from all tracks.

    Code of before revision 0026 knew one library only and reads it here.
    """

    __tablename__ = "listener_libraries"

    listener: Mapped[str] = mapped_column(Text, primary_key=True)
    library: Mapped[str] = mapped_column(Text)


class TasteRow(Table):
    """A taste of a listener as it was last shown, so that it keeps its id."""

    __tablename__ = "listener_tastes"

    listener: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    label: Mapped[str] = mapped_column(Text)
    plays: Mapped[list[str]] = mapped_column(JSON)
    """Track ids, heaviest first. A vector would lose its meaning with the next encoder."""
    shown_at: Mapped[datetime]
    dismissed_at: Mapped[datetime | None]


class RemovedTrackRow(Table):
    """A track that does not count for a listener's tastes."""

    __tablename__ = "removed_tracks"

    listener: Mapped[str] = mapped_column(Text, primary_key=True)
    track_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    at: Mapped[datetime]


class AnnotationRow(Table):
    """The star and the rating that a listener gave to a track, an album or an artist."""

    __tablename__ = "annotations"

    listener: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    item: Mapped[str] = mapped_column(String(36), primary_key=True)
    """The id of the track, album or artist."""
    starred_at: Mapped[datetime | None]
    rating: Mapped[int | None]


class PlayQueueRow(Table):
    """The play queue that a listener saved."""

    __tablename__ = "play_queues"

    listener: Mapped[str] = mapped_column(Text, primary_key=True)
    track_ids: Mapped[list[str]] = mapped_column(JSON)
    current: Mapped[int | None]
    position_ms: Mapped[int]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(Text)


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
    is_private: Mapped[bool] = mapped_column(server_default=false())
    """Whether its answers are kept out of the recommendation log."""
    library_id: Mapped[OwnLibrary]


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
