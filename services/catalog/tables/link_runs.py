"""Tables of what Segue does with linked servers: repeated work, opinions that it read, playlists that it made."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables.columns import Table


class LinkRunRow(Table):
    """The last run of repeated work with a linked server."""

    __tablename__ = "link_runs"

    link: Mapped[str] = mapped_column(ForeignKey("links.name", ondelete="CASCADE"), primary_key=True)
    work: Mapped[str] = mapped_column(String(16), primary_key=True)
    ended_at: Mapped[datetime | None]
    """When it last succeeded."""
    failure: Mapped[str | None] = mapped_column(Text)
    """Why the last run failed."""
    failed_at: Mapped[datetime | None]
    running_until: Mapped[datetime | None]
    """When the claim of the process expires that does it."""


class LinkOpinionRow(Table):
    """What the user of a linked server was last seen to think of a song with a star or a rating."""

    __tablename__ = "link_opinions"

    link: Mapped[str] = mapped_column(ForeignKey("links.name", ondelete="CASCADE"), primary_key=True)
    song_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    starred: Mapped[bool]
    rating: Mapped[int | None]


class MixPlaylistRow(Table):
    """A playlist of a linked server that Segue made for a mix."""

    __tablename__ = "mix_playlists"

    link: Mapped[str] = mapped_column(ForeignKey("links.name", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    """Of the mix."""
    name: Mapped[str] = mapped_column(Text)
    marker: Mapped[str] = mapped_column(String(32))
    """A random text in the comment of the playlist; empty if the server keeps no comments."""
    playlist_id: Mapped[str | None] = mapped_column(String(255))
    """Null until it is known that the server made it."""
    songs: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    """The songs of the last push; those of the one before, too, until it has ended."""
