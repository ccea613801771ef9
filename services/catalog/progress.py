"""Numbers about the library and the analysis, cheap enough to be read every second."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from services.catalog.browsing import has_status
from services.catalog.database import Database, now
from services.catalog.tables import JobRow, LocationRow, PictureRow, TrackRow
from services.catalog.tracks import readable
from services.domain.job import JobKind
from services.domain.picture import PictureStatus
from services.domain.track import TrackStatus

# Long enough for a steady number, short enough to follow a change of the machine's load.
RATE_WINDOW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Rate:
    """The analyses of the last minutes, and the first of them."""

    count: int
    first_at: datetime | None

    @property
    def per_minute(self) -> float | None:
        """Tracks per minute; None if fewer than two were analysed in the last minutes."""
        if self.first_at is None or self.count < 2:  # noqa: PLR2004  one analysis has no distance to another
            return None
        # The first analysis began the time that is measured, so it does not count.
        seconds = max(1.0, (now() - self.first_at).total_seconds())
        return (self.count - 1) * 60 / seconds


@dataclass(frozen=True, slots=True)
class Folder:
    """A library root: the files in it and its last scan."""

    path: str
    tracks: int
    pictures: int
    scanned_at: datetime | None


class ProgressStore:
    """Reads the rate of the analysis, the folders, and the counts of pictures."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rate(self) -> Rate:
        """Return how many tracks were analysed in the last minutes."""
        recent = select(func.count(), func.min(TrackRow.analysed_at)).where(
            TrackRow.analysed_at > now() - RATE_WINDOW,
            has_status(TrackStatus.READY),  # so that SQLite reads the index on times
        )
        with self._database.columns() as connection:
            count, first_at = connection.execute(recent).one()
        return Rate(count, first_at)

    def count_pictures(self) -> dict[PictureStatus, int]:
        """Return the number of pictures with each status."""
        with self._database.columns() as connection:
            rows = connection.execute(select(PictureRow.status, func.count()).group_by(PictureRow.status)).all()
        counts = {status: count for status, count in rows}  # noqa: C416  rows are no pairs to mypy
        return {status: counts.get(status, 0) for status in PictureStatus}

    def folders(self) -> list[Folder]:
        """Return all library roots of this machine with their files, in the order of their paths."""
        here = LocationRow.root >= "/", LocationRow.root < "0"  # "0" follows "/"; others are on linked servers
        tracks = select(LocationRow.root, func.count()).where(*here).group_by(LocationRow.root)
        pictures = select(PictureRow.root, func.count()).where(PictureRow.path.is_not(None)).group_by(PictureRow.root)
        scans = (
            select(JobRow.path, func.max(JobRow.finished_at))
            .where(JobRow.kind.in_((JobKind.SCAN, JobKind.PICTURES)), JobRow.finished_at.is_not(None))
            .group_by(JobRow.path)
        )
        with self._database.columns() as connection:
            track_counts, picture_counts, scanned = (
                {path: value for path, value in connection.execute(query)}  # noqa: C416  rows are no pairs to mypy
                for query in (tracks, pictures, scans)
            )
        return [
            Folder(
                readable(root),
                track_counts.get(root, 0),
                picture_counts.get(root, 0),
                max((at for path, at in scanned.items() if _covers(path, root)), default=None),
            )
            for root in sorted(track_counts.keys() | picture_counts.keys())
        ]

    def model_version(self) -> str | None:
        """Return the model version of a ready track; None if there is none."""
        with self._database.columns() as connection:
            return connection.execute(
                select(TrackRow.model_version).where(TrackRow.status == TrackStatus.READY).limit(1)
            ).scalar()


def _covers(scanned: str, root: str) -> bool:
    """Return whether a scan of a path visits all files of a root."""
    return root == scanned or root.startswith(scanned.rstrip("/") + "/")
