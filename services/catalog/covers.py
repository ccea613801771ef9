"""Covers of tracks: which picture each has, and which tracks a worker still has to look at."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import InstrumentedAttribute

from services.catalog.browsing import has_status
from services.catalog.database import IDS, IDS_PER_STATEMENT, Database, batched, is_storable, rows_of
from services.catalog.space_columns import read_in
from services.catalog.spaces import SpaceViews
from services.catalog.tables import TrackRow
from services.catalog.tracks import TrackFile, files_of, vector_of
from services.domain.track import TrackStatus, Vector

FACES_MAX = 200
"""Tracks that the cover of an album or an artist is made from: those with the lowest ids, a random sample."""

SETTLED = (TrackStatus.READY, TrackStatus.FAILED, TrackStatus.QUARANTINED)
"""Statuses of tracks whose cover is looked for: their analysis has ended, and they have a file."""


@dataclass(frozen=True, slots=True)
class CoverSearch:
    """A search for the cover of a track that has begun: the track's files, and the number of the attempt, from 1."""

    files: list[TrackFile]
    attempt: int


@dataclass(frozen=True, slots=True)
class Face:
    """What the cover of a track is made from: its picture, or else its place in the vibe space and two attributes."""

    cover: str | None
    vector: Vector | None
    energy: float | None
    valence: float | None
    is_settled: bool
    """Whether a worker has looked for the cover of this track."""


class CoverStore:
    """Reads and writes the covers of tracks; `services.covers.files` has the pictures themselves."""

    def __init__(self, database: Database, spaces: SpaceViews) -> None:
        self._database = database
        self._spaces = spaces

    def begin(self, track_id: str) -> CoverSearch | None:
        """Count an attempt to look for a cover; None if it was looked for already or the track has no files."""
        with self._database.write() as session:
            row = session.get(TrackRow, track_id, with_for_update=True)
            if row is None or row.cover_seen is not None or row.status not in SETTLED:
                return None
            row.cover_attempts += 1
            return CoverSearch(files_of(session, track_id), row.cover_attempts)

    def record(self, track_id: str, cover: str | None, seen: str) -> None:
        """Store the outcome of a search: the hash of the picture or None, and which picture is beside the file."""
        with self._database.write() as session:
            session.execute(
                update(TrackRow).where(TrackRow.id == track_id).values(cover=cover, cover_seen=seen, cover_attempts=0)
            )

    def release(self, track_id: str) -> None:
        """Uncount an attempt that failed for a reason unrelated to the track."""
        with self._database.write() as session:
            session.execute(
                update(TrackRow)
                .where(TrackRow.id == track_id, TrackRow.cover_attempts > 0)
                .values(cover_attempts=TrackRow.cover_attempts - 1)
            )

    def due(self, limit: int) -> list[str]:
        """Return tracks whose cover was never looked for, those with the fewest attempts first."""
        query = (
            select(TrackRow.id)
            .where(TrackRow.cover_seen.is_(None), has_status(*SETTLED))
            .order_by(TrackRow.cover_attempts, TrackRow.id)
        )
        with self._database.read() as session:
            return list(session.scalars(query.limit(limit)))

    def look_again(self, track_ids: Collection[str]) -> None:
        """Mark tracks whose cover may have changed; they keep their cover meanwhile."""
        for batch in batched(track_ids, IDS_PER_STATEMENT):
            with self._database.write() as session:
                session.execute(
                    update(TrackRow).where(TrackRow.id.in_(batch)).values(cover_seen=None, cover_attempts=0)
                )

    def forget(self, cover: str) -> None:
        """Mark the tracks with a cover whose file is lost, so that it is made again."""
        with self._database.write() as session:
            session.execute(
                update(TrackRow).where(TrackRow.cover == cover).values(cover=None, cover_seen=None, cover_attempts=0)
            )

    def used(self) -> set[str]:
        """Return the covers of the tracks that have a file."""
        query = select(TrackRow.cover).where(TrackRow.cover.is_not(None), TrackRow.status != TrackStatus.MISSING)
        with self._database.read() as session:
            return {cover for cover in session.scalars(query.distinct()) if cover is not None}

    def faces(self, track_ids: Collection[str]) -> list[Face]:
        """Return what the covers of these tracks are made from; unknown ids are absent."""
        with self._database.columns() as connection:
            return [_face(row) for row in rows_of(connection, self._faces().where(TrackRow.id.in_(IDS)), track_ids)]

    def faces_of_album(self, album_id: str) -> list[Face]:
        """Return what the cover of an album is made from; nothing if no track is on it."""
        return self._some_faces(TrackRow.album_id, album_id)

    def faces_of_artist(self, artist_id: str) -> list[Face]:
        """Return what the cover of an artist is made from; nothing if no track is by the artist."""
        return self._some_faces(TrackRow.artist_id, artist_id)

    def _some_faces(self, column: InstrumentedAttribute[str | None], wanted: str) -> list[Face]:
        if not is_storable(wanted):
            return []
        query = self._faces().where(column == wanted, TrackRow.status != TrackStatus.MISSING).limit(FACES_MAX)
        with self._database.columns() as connection:
            return [_face(row) for row in connection.execute(query)]

    def _faces(self) -> Select[Any]:
        found = read_in(self._spaces.joined(), "embedding", "energy", "valence")
        return found.add_columns(TrackRow.cover, TrackRow.cover_seen).order_by(TrackRow.id)


def _face(row: Sequence[Any]) -> Face:
    _, embedding, energy, valence, cover, seen = row
    return Face(cover, None if embedding is None else vector_of(embedding), energy, valence, seen is not None)
