"""Rows of the catalogue, written without registering files."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from services.catalog.names import TrackNames
from services.catalog.tables import Table, TrackArtistRow, TrackGenreRow, TrackRow


def write_tracks(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Insert tracks with the keys, artists and genres that the catalogue makes of their tags."""
    named = [(row, _names(row)) for row in rows]
    session.execute(insert(TrackRow), [{**names.columns(), **row} for row, names in named])
    artists = [
        {**each, "track_id": row["id"], "added_at": row["added_at"]}
        for row, names in named
        for each in names.artist_rows()
    ]
    genres = [{**each, "track_id": row["id"]} for row, names in named for each in names.genre_rows()]
    tables: tuple[tuple[type[Table], list[dict[str, Any]]], ...] = ((TrackArtistRow, artists), (TrackGenreRow, genres))
    for table, found in tables:
        if found:
            session.execute(insert(table), found)


def _names(row: dict[str, Any]) -> TrackNames:
    def listed(name: str) -> list[str]:
        return [row[name]] if row.get(name) else []

    return TrackNames(row["title"], listed("artist"), row.get("album"), listed("album_artist"), listed("genre"))
