"""Library folders: which are watched, which lie on disks that may be removed, and which are away at present."""

import json
from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, case, exists, false, func, or_, select, true, update
from sqlalchemy.orm import Session, aliased

from services.catalog.database import ROWS_PER_STATEMENT, Database, batched, now
from services.catalog.jobs import close_items
from services.catalog.spaces import MODEL_VERSION
from services.catalog.tables import JobItemRow, JobRow, ListenRow, LocationRow, MetaRow, RemovedTrackRow, TrackRow
from services.catalog.takeover import track_gone
from services.domain.failure import Cause, FailureKind
from services.domain.job import JobKind, JobState
from services.domain.track import TrackStatus

MOUNTS = "mounts"
"""The key of the row with the mount points that hold library folders, as JSON."""

ABSENT = Cause(
    "The folder is empty or its disk is not mounted. Its tracks are kept and return with it.", FailureKind.ABSENT
)


def below(folder: str) -> ColumnElement[bool]:
    """Return the condition that a file lies at or under a path."""
    inside, behind = folder.rstrip("/") + "/", folder.rstrip("/") + "0"  # "0" follows "/"
    return or_(LocationRow.path == folder, and_(LocationRow.path >= inside, LocationRow.path < behind))


class FolderStore:
    """Reads and writes what concerns whole folders of the library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def scanned(self) -> set[str]:
        """Return the library roots that somebody scanned as a whole.

        The folder of a file that was scanned alone, and that of the uploads, are no such roots.
        """
        with self._database.columns() as connection:
            roots = set(connection.execute(select(LocationRow.root).distinct()).scalars())
            scans = connection.execute(
                select(JobRow.path).where(JobRow.kind == JobKind.SCAN, JobRow.state != JobState.FAILED).distinct()
            )
            scanned = [path.rstrip("/") for path in scans.scalars()]
        return {root for root in roots if any(root == path or root.startswith(f"{path}/") for path in scanned)}

    def count_files(self, root: str) -> int:
        """Return the number of files of a library root."""
        with self._database.columns() as connection:
            count = select(func.count()).select_from(LocationRow).where(LocationRow.root == root)
            return int(connection.execute(count).scalar_one())

    def being_scanned(self) -> set[str]:
        """Return the paths of scans that wait or list files."""
        is_open = JobRow.state.in_((JobState.QUEUED, JobState.RUNNING)) & ~JobRow.listed
        with self._database.columns() as connection:
            return set(connection.execute(select(JobRow.path).where(JobRow.kind == JobKind.SCAN, is_open)).scalars())

    def mounts(self) -> set[str]:
        """Return the mount points that held library folders at their last scans."""
        with self._database.read() as session:
            row = session.get(MetaRow, MOUNTS)
        return set() if row is None else set(json.loads(row.value))

    def set_mounts(self, mounts: Collection[str]) -> None:
        """Replace the mount points."""
        with self._database.write() as session:
            session.merge(MetaRow(key=MOUNTS, value=json.dumps(sorted(mounts))))

    def set_absent(self, folder: str) -> int:
        """Make the tracks missing of which all files lie in a folder that is away, keep the files, and count them."""
        here = below(folder)
        elsewhere = exists().where(LocationRow.track_id == TrackRow.id, ~here)
        with self._database.write() as session:
            lost = session.scalars(
                update(TrackRow)
                .where(
                    TrackRow.status.in_((TrackStatus.READY, TrackStatus.PENDING)),
                    TrackRow.id.in_(select(LocationRow.track_id).where(here)),
                    ~elsewhere,
                )
                .values(
                    status=TrackStatus.MISSING,
                    reason=ABSENT.reason,
                    failure_kind=ABSENT.kind,
                    failed_at=now(),
                    index_pending=True,
                    revision=TrackRow.revision + 1,
                )
                .returning(TrackRow.id)
            ).all()
            _close_items(session, lost)
        if lost:
            self._find_successors()
        return len(lost)

    def bring_back(self, folder: str, but: Collection[str] = ()) -> int:
        """Make the tracks of a folder ready or pending again that were away with it, and return their number.

        Files in the folders `but` are still away. The history of the tracks is their own again, and that of other
        tracks whose files are gone may count for them.
        """
        here = and_(below(folder), ~or_(false(), *map(below, but)))
        adopted = select(MetaRow.value).where(MetaRow.key == MODEL_VERSION).scalar_subquery()
        is_current = and_(
            TrackRow.embedding.is_not(None), func.coalesce(adopted, TrackRow.model_version) == TrackRow.model_version
        )
        with self._database.write() as session:
            found = session.execute(
                update(TrackRow)
                .where(
                    TrackRow.status == TrackStatus.MISSING,
                    TrackRow.failure_kind == FailureKind.ABSENT,
                    TrackRow.id.in_(select(LocationRow.track_id).where(here)),
                )
                .values(
                    status=case((is_current, TrackStatus.READY), else_=TrackStatus.PENDING),
                    reason=None,
                    failure_kind=None,
                    failed_at=None,
                    attempts=0,
                    sent_at=None,
                    successor_id=None,
                    index_pending=true(),
                    revision=TrackRow.revision + 1,
                )
                .returning(TrackRow.id)
            ).all()
        if found:
            self._find_successors()
        return len(found)

    def _find_successors(self) -> None:
        """Set the successors of missing tracks that have none, if anybody heard or removed them.

        Each has its own transaction, so that a whole disk does not keep others from writing.
        """
        following = aliased(TrackRow)
        with_history = or_(
            TrackRow.id.in_(select(ListenRow.track_id).where(ListenRow.track_id.is_not(None))),
            TrackRow.id.in_(select(RemovedTrackRow.track_id)),
            TrackRow.id.in_(select(following.successor_id).where(following.successor_id.is_not(None))),
        )
        waiting = select(TrackRow.id).where(
            TrackRow.status == TrackStatus.MISSING, TrackRow.successor_id.is_(None), with_history
        )
        with self._database.columns() as connection:
            track_ids = list(connection.execute(waiting).scalars())
        for track_id in track_ids:
            with self._database.write() as session:
                track_gone(session, track_id)


def _close_items(session: Session, track_ids: Collection[str]) -> None:
    for batch in batched(track_ids, ROWS_PER_STATEMENT):
        waiting = select(JobItemRow.track_id).where(JobItemRow.track_id.in_(batch), JobItemRow.state == JobState.QUEUED)
        for track_id in session.scalars(waiting.distinct()).all():
            if track_id is not None:
                close_items(session, track_id, JobState.FAILED, ABSENT.reason, ABSENT.kind)
