"""Tables of linked servers."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables.columns import OwnLibrary, Table


class LinkRow(Table):
    """A linked server."""

    __tablename__ = "links"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    url: Mapped[str] = mapped_column(Text)
    user: Mapped[str] = mapped_column(Text)
    listener: Mapped[str] = mapped_column(Text)
    download: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]
    synced_at: Mapped[datetime | None]
    """When its songs were last listed."""
    failure: Mapped[str | None] = mapped_column(Text)
    """Why the last sync failed."""
    syncing_until: Mapped[datetime | None]
    """When the claim of the process expires that lists its songs."""
    failing_since: Mapped[datetime | None]
    """When the first of the downloads failed that have failed since the last answer; null if the last one did not."""
    paused_until: Mapped[datetime | None]
    """When downloads may be tried again."""
    library_id: Mapped[OwnLibrary]


class LinkSongRow(Table):
    """A song of a linked server."""

    __tablename__ = "link_songs"
    __table_args__ = (Index("ix_link_songs_rule", "link", "rule"), Index("ix_link_songs_track_id", "track_id"))

    link: Mapped[str] = mapped_column(ForeignKey("links.name", ondelete="CASCADE"), primary_key=True)
    song_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    artist: Mapped[str | None] = mapped_column(Text)
    album: Mapped[str | None] = mapped_column(Text)
    duration_ms: Mapped[int | None]
    track_id: Mapped[str | None] = mapped_column(ForeignKey("tracks.id", ondelete="SET NULL"))
    rule: Mapped[str | None] = mapped_column(String(16))
    """The rule that matched it to its track; null without a track."""
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    """Downloads that were begun and did not end with an analysis."""
    sent_at: Mapped[datetime | None]
    """When its download was last sent to the broker."""
    reason: Mapped[str | None] = mapped_column(Text)
    """Why its download failed."""
