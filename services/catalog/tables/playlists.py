"""Tables of playlists."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables.columns import OwnLibrary, Table


class PlaylistRow(Table):
    """A playlist."""

    __tablename__ = "playlists"
    __table_args__ = (Index("ix_playlists_owner", "owner"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    rules: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Null if it is not smart."""
    revision: Mapped[int] = mapped_column(default=0)
    next_entry: Mapped[int] = mapped_column(default=1)
    """The id of the next new entry; ids are never used again."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    refreshed_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(Text)
    """Why the last refresh failed."""
    failed_at: Mapped[datetime | None]
    library_id: Mapped[OwnLibrary]


class PlaylistEntryRow(Table):
    """An entry of a playlist."""

    __tablename__ = "playlist_entries"

    playlist_id: Mapped[str] = mapped_column(ForeignKey("playlists.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int]
    track_id: Mapped[str] = mapped_column(String(36))
    added_at: Mapped[datetime]
