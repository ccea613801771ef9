"""Files that Segue cannot use: failed tracks and pictures, and files that are neither."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    String,
    and_,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from services.catalog.database import Database, now
from services.catalog.libraries import key_of_file
from services.catalog.tables import FailedFileRow, LocationRow, PictureRow, TrackRow
from services.catalog.tracks import readable
from services.domain.failure import Cause, FailedFile, FailureKind
from services.domain.job import JobKind
from services.domain.picture import PictureStatus
from services.domain.track import TrackStatus

TRACK, PICTURE, FILE = "track", "picture", "file"

# A track whose files are all gone has no path any more: it was removed, which is no failure.
_HAS_FILE = exists().where(LocationRow.track_id == TrackRow.id).correlate(TrackRow)
_FAILED_TRACK = or_(
    TrackRow.status.in_((TrackStatus.FAILED, TrackStatus.QUARANTINED)),
    and_(
        TrackRow.status == TrackStatus.MISSING,
        _HAS_FILE,
        # Of a folder that is away, the folder is listed instead of each track.
        func.coalesce(TrackRow.failure_kind, "") != FailureKind.ABSENT,
    ),
)
_FAILED_PICTURE = and_(PictureRow.status == PictureStatus.FAILED, PictureRow.path.is_not(None))
_FIRST_PATH = (
    select(LocationRow.path)
    .where(LocationRow.track_id == TrackRow.id)
    .order_by(LocationRow.path)
    .limit(1)
    .scalar_subquery()
)

_PENDING: dict[str, Any] = {
    "status": TrackStatus.PENDING,
    "reason": None,
    "failure_kind": None,
    "failed_at": None,
    "attempts": 0,
    "sent_at": None,
    "claimed_by": None,
    "claimed_until": None,
}
"""The columns of a track that is to be analysed again."""


@dataclass(frozen=True, slots=True)
class FilesToScan:
    """Files below a library root that a scan of this kind has to look at again."""

    kind: JobKind
    root: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reset:
    """Failures that were reset: tracks that are pending now, and files that must be scanned again."""

    tracks: int
    """The number of their files."""
    scans: tuple[FilesToScan, ...]

    @property
    def total(self) -> int:
        """The number of files."""
        return self.tracks + sum(len(scan.paths) for scan in self.scans)


class FailureStore:
    """Lists failures, and resets them for another attempt."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, path: str, kind: JobKind, root: str, cause: Cause) -> None:
        """Record a file that is neither a track nor a picture; a later failure of it replaces this one."""
        values: dict[str, Any] = {"root": root, "failure_kind": cause.kind, "reason": cause.reason, "failed_at": now()}
        with self._database.write() as session:
            values["library_id"] = key_of_file(session, path)
            session.execute(
                self._database.insert(FailedFileRow)
                .values(path=path, scan=kind, **values)
                .on_conflict_do_update(index_elements=["path", "scan"], set_=values)
            )

    def forget(self, folder: str, kind: JobKind, *, before: datetime) -> None:
        """Delete the files at or under a path that failed before this time: a scan found them usable or gone."""
        inside, behind = folder.rstrip("/") + "/", folder.rstrip("/") + "0"  # "0" follows "/"
        here = or_(FailedFileRow.path == folder, and_(FailedFileRow.path >= inside, FailedFileRow.path < behind))
        with self._database.write() as session:
            session.execute(
                delete(FailedFileRow).where(here, FailedFileRow.scan == kind, FailedFileRow.failed_at < before)
            )

    def count(self) -> int:
        """Return the number of failures: a track that several files hold is one."""
        return self._count(select(func.count()).select_from(TrackRow).where(_FAILED_TRACK), None)

    def count_files(self, kind: FailureKind | None = None) -> int:
        """Return the number of files that cannot be used, all or of one kind, as scans and retries count them."""
        return self._count(select(func.count()).select_from(LocationRow).join(TrackRow).where(_FAILED_TRACK), kind)

    def _count(self, tracks: Select[int], kind: FailureKind | None) -> int:
        def counted(files: Select[int], row: type[TrackRow | PictureRow | FailedFileRow]) -> Select[int]:
            return files if kind is None else files.where(row.failure_kind == kind)

        counts = (
            counted(tracks, TrackRow),
            counted(select(func.count()).select_from(PictureRow).where(_FAILED_PICTURE), PictureRow),
            counted(select(func.count()).select_from(FailedFileRow), FailedFileRow),
        )
        with self._database.columns() as connection:
            return sum(connection.execute(count).scalar_one() for count in counts)

    def over_quota(self) -> list[str]:
        """Return the folders in which files were left out because of a quota."""
        query = select(FailedFileRow.path).where(FailedFileRow.failure_kind == FailureKind.OVER_QUOTA)
        with self._database.columns() as connection:
            return list(connection.execute(query.order_by(FailedFileRow.path)).scalars())

    def page(self, *, offset: int = 0, limit: int = 50) -> list[FailedFile]:
        """Return failures in the order of their paths."""
        found = all_failures().order_by("path", "subject", "id").offset(offset).limit(limit)
        with self._database.read() as session:
            rows = session.execute(found).all()
            copies = _copies(session, [row.id for row in rows if row.subject == TRACK])
        return [_failed_file(row, copies.get(row.id, [])) for row in rows]

    def reset(self, ids: Collection[str] | None = None) -> Reset:
        """Reset the failures with these ids, or all, and return them; unknown ids are ignored.

        Tracks become pending. Pictures become pending too, but only a scan of their folder reads them. Other files have
        to be scanned; they are listed as failures until then.
        """
        with self._database.write() as session:
            tracks = _make_pending(session, _named(TRACK, TrackRow.id, ids))
            pictures = session.execute(
                update(PictureRow)
                .where(_FAILED_PICTURE, _named(PICTURE, PictureRow.id, ids))
                .values(status=PictureStatus.PENDING, reason=None, failure_kind=None, failed_at=None, attempts=0)
                .returning(PictureRow.root, PictureRow.path)
            ).all()
            files = session.execute(
                select(FailedFileRow.scan, FailedFileRow.root, FailedFileRow.path).where(
                    _named(FILE, cast(FailedFileRow.id, String), ids)
                )
            ).all()
        found: defaultdict[tuple[JobKind, str], list[str]] = defaultdict(list)
        for kind, root, path in [*((JobKind.PICTURES, root, path) for root, path in pictures if path), *files]:
            found[JobKind(kind), root].append(path)
        return Reset(tracks, tuple(FilesToScan(kind, root, tuple(paths)) for (kind, root), paths in found.items()))

    def reset_kind(self, kind: FailureKind) -> int:
        """Make all tracks pending that failed for a reason of this kind, and return the number of their files."""
        with self._database.write() as session:
            return _make_pending(session, TrackRow.failure_kind == kind)


def _make_pending(session: Session, condition: ColumnElement[bool]) -> int:
    """Make failed tracks pending, and return the number of their files."""
    chosen = and_(_FAILED_TRACK, condition)
    files = session.scalar(select(func.count()).select_from(LocationRow).join(TrackRow).where(chosen))
    session.execute(update(TrackRow).where(chosen).values(_PENDING))
    return files or 0


def _named(
    subject: str, column: ColumnElement[Any] | InstrumentedAttribute[Any], ids: Collection[str] | None
) -> ColumnElement[bool]:
    """Return the condition that a row has one of these ids; None is all."""
    if ids is None:
        return literal(value=True)
    return column.in_([name for kind, _, name in (each.partition(":") for each in ids) if kind == subject])


def all_failures() -> CompoundSelect[Any]:
    """Return the statement that reads all failures, one row each."""

    def part(subject: str, row: Any, name: Any, path: Any, attempts: Any, status: Any) -> Select[Any]:  # noqa: ANN401, PLR0913, PLR0917  columns of three tables
        return select(
            literal(subject).label("subject"),
            name.label("id"),
            path.label("path"),
            row.reason.label("reason"),
            row.failure_kind.label("kind"),
            row.failed_at.label("at"),
            attempts.label("attempts"),
            status.label("status"),
        )

    file_id = cast(FailedFileRow.id, String)
    return union_all(
        part(TRACK, TrackRow, TrackRow.id, _FIRST_PATH, TrackRow.attempts, TrackRow.status).where(_FAILED_TRACK),
        part(PICTURE, PictureRow, PictureRow.id, PictureRow.path, PictureRow.attempts, PictureRow.status).where(
            _FAILED_PICTURE
        ),
        part(FILE, FailedFileRow, file_id, FailedFileRow.path, literal(1), literal("")),
    )


def _copies(session: Session, track_ids: Collection[str]) -> dict[str, list[str]]:
    """Return the paths of each track's files but the first."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    files = select(LocationRow.track_id, LocationRow.path).where(LocationRow.track_id.in_(track_ids))
    for track_id, path in session.execute(files.order_by(LocationRow.path)):
        found[track_id].append(path)
    return {track_id: paths[1:] for track_id, paths in found.items()}


def _failed_file(row: Any, copies: Collection[str]) -> FailedFile:  # noqa: ANN401  a row of a union has no type
    return FailedFile(
        id=f"{row.subject}:{row.id}",
        path=readable(row.path),
        copies=tuple(map(readable, copies)),
        kind=FailureKind(row.kind or FailureKind.UNKNOWN),
        reason=row.reason or "The reason was not recorded.",
        at=row.at,
        attempts=row.attempts,
        quarantined=row.status == TrackStatus.QUARANTINED,
        track_id=row.id if row.subject == TRACK else None,
    )
