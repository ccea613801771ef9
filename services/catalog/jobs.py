"""Jobs and their progress. Counts are computed from items, so that a repeated task counts once."""

import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from services.catalog.database import Database, is_storable, now
from services.catalog.libraries import key_of_folder
from services.catalog.tables import FIRST, JobItemRow, JobRow, TrackRow
from services.catalog.tenancy import own_library
from services.catalog.tracks import readable
from services.domain.errors import JobNotFound
from services.domain.failure import NO_FAULT, FailureKind
from services.domain.job import Failure, Job, JobKind, JobState
from services.domain.track import TrackStatus

# The maximum number of failures and of tracks listed in a job; its counts are complete.
LISTED_ITEMS = 200

_STATE_OF_ITEM = {
    TrackStatus.PENDING: JobState.QUEUED,
    TrackStatus.READY: JobState.DONE,
    TrackStatus.FAILED: JobState.FAILED,
    TrackStatus.QUARANTINED: JobState.FAILED,
    TrackStatus.MISSING: JobState.FAILED,
}


class JobStore:
    """Creates, updates and reads jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, kind: JobKind, path: str, *, is_sent: bool = True) -> str:
        """Create a queued job and return its id; a job that is not sent to the broker is found by `stale_scans`."""
        job_id = str(uuid.uuid4())
        with self._database.write() as session:
            updated_at = now() if is_sent else FIRST
            library = key_of_folder(session, path) or own_library()
            row = JobRow(id=job_id, kind=kind, path=path, created_at=now(), updated_at=updated_at, library_id=library)
            session.add(row)
        return job_id

    def begin(self, job_id: str, total: int) -> None:
        """Set a job to running with the number of its files; a job that runs again starts its counts at 0."""
        with self._database.write() as session:
            session.execute(delete(JobItemRow).where(JobItemRow.job_id == job_id))
            _update(
                session,
                job_id,
                state=JobState.RUNNING,
                total=total,
                unchanged=0,
                listed=False,
                reason=None,
                finished_at=None,
            )

    def add_track(self, job_id: str, path: str, track_id: str) -> None:
        """Add a file that contains a track; the state of the item follows the track's status."""
        with self._database.write() as session:
            # Locked, so that an analysis which ends now either closes this item or is visible here.
            track = session.get_one(TrackRow, track_id, with_for_update=True)
            state = _STATE_OF_ITEM[TrackStatus(track.status)]
            self._put_item(
                session,
                job_id,
                path,
                track_id=track_id,
                state=state,
                reason=track.reason,
                failure_kind=track.failure_kind,
            )

    def add_failure(self, job_id: str, path: str, reason: str, kind: FailureKind = FailureKind.UNKNOWN) -> None:
        """Add a file that is not a track."""
        with self._database.write() as session:
            self._put_item(
                session, job_id, path, track_id=None, state=JobState.FAILED, reason=reason, failure_kind=kind
            )

    def path(self, job_id: str) -> str:
        """Return the path of a job, as the file system encodes it.

        Raises:
            JobNotFound: no job has this id.
        """
        with self._database.read() as session:
            path = session.scalar(select(JobRow.path).where(JobRow.id == job_id))
        if path is None:
            raise JobNotFound(job_id)
        return path

    def advance(self, job_id: str, unchanged: int) -> None:
        """Set the number of files that are done and have no item."""
        with self._database.write() as session:
            _update(session, job_id, unchanged=unchanged)

    def extend(self, job_id: str, count: int) -> None:
        """Add to the number of files of a job."""
        with self._database.write() as session:
            _update(session, job_id, total=JobRow.total + count)

    def complete_unlisted(self, kind: JobKind) -> None:
        """Record for all jobs of a kind that no more files are read."""
        with self._database.write() as session:
            unlisted = (JobRow.kind == kind) & ~JobRow.listed
            ids = session.scalars(update(JobRow).where(unlisted).values(listed=True).returning(JobRow.id)).all()
            _close_finished(session, ids)

    def complete_listing(self, job_id: str, unchanged: int) -> None:
        """Record that all files have been read; the job ends with its last analysis."""
        with self._database.write() as session:
            _update(session, job_id, unchanged=unchanged, listed=True)
            _close_finished(session, [job_id])

    def fail(self, job_id: str, reason: str) -> None:
        """Set a job to failed."""
        with self._database.write() as session:
            _update(session, job_id, state=JobState.FAILED, reason=reason, finished_at=now())

    def get(self, job_id: str) -> Job:
        """Return a job with its counts and first failures.

        Raises:
            JobNotFound: no job has this id.
        """
        with self._database.read() as session:
            row = session.get(JobRow, job_id) if is_storable(job_id) else None
            if row is None:
                raise JobNotFound(job_id)
            return job_of(session, row)

    def count_unread(self) -> int:
        """Return the number of files that running scans have listed and not read yet."""
        is_open = (JobRow.kind == JobKind.SCAN) & (JobRow.state == JobState.RUNNING) & ~JobRow.listed
        read = select(func.count()).where(JobItemRow.job_id == JobRow.id).scalar_subquery()
        with self._database.columns() as connection:
            counts = connection.execute(select(JobRow.total - JobRow.unchanged - read).where(is_open)).scalars()
            return sum(max(0, count) for count in counts)

    def failures(self, job_id: str, *, offset: int = 0, limit: int = 50) -> tuple[list[Failure], int]:
        """Return failures of a job in the order in which they were found, and the number of all.

        Raises:
            JobNotFound: no job has this id.
        """
        job = self.get(job_id)
        items = select(JobItemRow).where(JobItemRow.job_id == job.id, JobItemRow.state == JobState.FAILED)
        with self._database.read() as session:
            rows = session.scalars(items.order_by(JobItemRow.id).offset(offset).limit(limit))
            return [_failure(row) for row in rows], job.failed

    def page(self, *, offset: int = 0, limit: int = 10) -> tuple[list[Job], int]:
        """Return jobs, newest first, and the number of all jobs."""
        with self._database.read() as session:
            newest = select(JobRow).order_by(JobRow.created_at.desc(), JobRow.id)
            rows = session.scalars(newest.offset(offset).limit(limit)).all()
            return [job_of(session, row) for row in rows], session.scalar(select(func.count()).select_from(JobRow)) or 0

    def unfinished(self, also: Collection[str] = ()) -> list[Job]:
        """Return the jobs that are queued or run, and those with the ids `also`, without their lists, oldest first."""
        is_open = JobRow.state.in_((JobState.QUEUED, JobState.RUNNING))
        with self._database.read() as session:
            rows = session.scalars(
                select(JobRow).where(or_(is_open, JobRow.id.in_(also))).order_by(JobRow.created_at, JobRow.id)
            )
            return [job_of(session, row, listed=0) for row in rows]

    def stale_scans(
        self, older_than: timedelta, kinds: Collection[JobKind] = (JobKind.SCAN, JobKind.PICTURES)
    ) -> list[tuple[str, JobKind]]:
        """Return the ids and kinds of scans whose listing has made no progress for this long, and restart that time."""
        with self._database.write() as session:
            found = session.execute(
                select(JobRow.id, JobRow.kind).where(
                    JobRow.kind.in_(kinds),
                    JobRow.state.in_((JobState.QUEUED, JobState.RUNNING)),
                    ~JobRow.listed,
                    JobRow.updated_at < now() - older_than,
                )
            ).all()
            for job_id, _ in found:
                _update(session, job_id)
            return [(job_id, JobKind(kind)) for job_id, kind in found]

    def _put_item(self, session: Session, job_id: str, path: str, **values: str | None) -> None:
        session.execute(
            self._database.insert(JobItemRow)
            .values(job_id=job_id, path=path, **values)
            .on_conflict_do_update(index_elements=["job_id", "path"], set_=values)
        )
        _update(session, job_id)


def close_items(session: Session, track_id: str, state: JobState, reason: str | None, kind: FailureKind | None) -> None:
    """Close the job items that wait for a track, and the jobs without open items, in the caller's transaction."""
    waiting = (JobItemRow.track_id == track_id) & (JobItemRow.state == JobState.QUEUED)
    job_ids = session.scalars(select(JobItemRow.job_id).where(waiting).distinct()).all()
    if job_ids:
        # Locked in a fixed order, so that the last of several tracks sees the others' closed items and closes the job.
        session.scalars(select(JobRow.id).where(JobRow.id.in_(job_ids)).order_by(JobRow.id).with_for_update()).all()
        session.execute(update(JobItemRow).where(waiting).values(state=state, reason=reason, failure_kind=kind))
        _close_finished(session, job_ids)


def _close_finished(session: Session, job_ids: Sequence[str]) -> None:
    unfinished = exists().where(JobItemRow.job_id == JobRow.id, JobItemRow.state == JobState.QUEUED)
    session.execute(
        update(JobRow)
        .where(JobRow.id.in_(job_ids), JobRow.listed, JobRow.state == JobState.RUNNING, ~unfinished)
        .values(state=JobState.DONE, finished_at=now(), updated_at=now())
    )


def _update(session: Session, job_id: str, **values: object) -> None:
    session.execute(update(JobRow).where(JobRow.id == job_id).values(updated_at=now(), **values))


def _failure(item: JobItemRow) -> Failure:
    kind = FailureKind(item.failure_kind or FailureKind.UNKNOWN)
    return Failure(readable(item.path), item.reason or "unknown", kind)


def job_of(session: Session, row: JobRow, listed: int = LISTED_ITEMS) -> Job:
    """Return a job with its counts and some of its items, in an open transaction."""
    left_out = func.count().filter(JobItemRow.failure_kind.in_(NO_FAULT))
    states = select(JobItemRow.state, func.count(), left_out).where(JobItemRow.job_id == row.id)
    counts = {state: counted for state, *counted in session.execute(states.group_by(JobItemRow.state))}
    failed, of_them_left_out = counts.get(JobState.FAILED, (0, 0))
    items = select(JobItemRow).where(JobItemRow.job_id == row.id).order_by(JobItemRow.id).limit(listed)
    failures = session.scalars(items.where(JobItemRow.state == JobState.FAILED))
    tracks = session.scalars(items.where(JobItemRow.track_id.is_not(None)))
    return Job(
        id=row.id,
        kind=JobKind(row.kind),
        state=JobState(row.state),
        path=readable(row.path),
        total=row.total,
        done=row.unchanged + counts.get(JobState.DONE, (0, 0))[0],
        failed=failed,
        failures=tuple(map(_failure, failures)),
        left_out=of_them_left_out,
        reason=row.reason,
        tracks=tuple(dict.fromkeys(item.track_id for item in tracks if item.track_id)),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
