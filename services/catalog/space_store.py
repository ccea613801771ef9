"""List spaces, serve another one, take that back, and delete one that is not needed any more."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from services.catalog.analyses import store_heard_tags
from services.catalog.database import Database, now
from services.catalog.index_builds import IndexBuildStore
from services.catalog.indexing import generation_of
from services.catalog.space_analyses import SpaceAnalysisStore, of_track, put_beside
from services.catalog.spaces import DROPPED, MODEL_VERSION, SpaceViews, served_space
from services.catalog.tables import MetaRow, SpaceAnalysisRow, SpaceMappingRow, SpaceRow, TrackRow
from services.catalog.tables.measures import MEASURED
from services.catalog.tagging import classify
from services.domain.errors import InvalidRequest
from services.domain.spaces import Space, SpaceRole, View
from services.domain.track import TrackStatus
from services.domain.vector_index import PICTURES, TRACKS

SETTLED_AT_ONCE = 100
"""Tracks whose analyses change places in one transaction: other writers wait for it."""
DELETED_AT_ONCE = 1_000

# Requests that began before a switch have ended by then.
REQUESTS_END = timedelta(seconds=60)

_MOVED = ("embedding", "dispersion", "highlight", "tags", "analysed_at", *MEASURED)
"""Columns that `tracks` and `space_analyses` have in common."""


class SpaceStore:
    """Changes which space is served."""

    def __init__(
        self, database: Database, views: SpaceViews, analyses: SpaceAnalysisStore, builds: IndexBuildStore
    ) -> None:
        self._database = database
        self._views = views
        self._analyses = analyses
        self._builds = builds

    def all(self) -> list[Space]:
        """Return all spaces: the served one, then the others by age."""
        view = self._views.latest()
        with self._database.read() as session:
            rows = session.scalars(select(SpaceRow).order_by(SpaceRow.created_at)).all()
        return sorted((self._space(row, view) for row in rows), key=lambda each: each.role != SpaceRole.SERVED)

    def get(self, version: str) -> Space:
        """Return one space.

        Raises:
            InvalidRequest: there is none of this version.
        """
        view = self._views.refresh()
        with self._database.read() as session:
            row = _row(session, version)
        return self._space(row, view)

    def serve(self, version: str) -> None:
        """Serve a space that is complete, in one transaction. Requests that have begun end in the old one.

        Raises:
            InvalidRequest: it does not exist, is served already, or is not complete.
        """
        space = self.get(version)
        if space.role == SpaceRole.SERVED:
            raise InvalidRequest(f"The space {version} is served already.")
        if not space.can_serve:
            missing = (
                f"{space.waiting} tracks wait for an analysis" if space.filled_at is None else "it has no index yet"
            )
            raise InvalidRequest(f"The space {version} is not complete: {missing}. `segue model status` shows it.")
        with self._database.write() as session:
            if (old := served_space(session)) is not None:
                _row(session, old).left_at = now()
            row = _row(session, version)
            row.served_at, row.left_at = now(), None
            session.merge(MetaRow(key=MODEL_VERSION, value=version))
        self._views.refresh()

    def previous(self) -> str:
        """Return the space that was served before.

        Raises:
            InvalidRequest: there is none.
        """
        left = select(SpaceRow.model_version).where(SpaceRow.left_at.is_not(None)).order_by(SpaceRow.left_at.desc())
        with self._database.read() as session:
            version = session.scalar(left.limit(1))
        if version is None:
            raise InvalidRequest("There is no previous space to serve again: it was deleted, or there never was one.")
        return version

    def drop(self, version: str) -> None:
        """Delete a space with its analyses; its model version does not come back by itself.

        Raises:
            InvalidRequest: it does not exist, is served, or was served a moment ago.
        """
        space = self.get(version)
        if space.role == SpaceRole.SERVED:
            raise InvalidRequest(f"The space {version} is served. Serve another one first.")
        if space.left_at is not None and now() - space.left_at < REQUESTS_END:
            raise InvalidRequest(f"The space {version} was served a moment ago. Try again in a minute.")
        while self.settle():
            pass
        with self._database.write() as session:
            for row in session.scalars(select(TrackRow).where(*_elsewhere(served_space(session) or ""))):
                _wait(row)  # from now on, readers take what `tracks` has for the served space
            session.execute(delete(SpaceRow).where(SpaceRow.model_version == version))
            session.execute(delete(SpaceMappingRow).where(SpaceMappingRow.target == version))
            session.merge(MetaRow(key=DROPPED + version, value=now().isoformat()))
        view = self._views.refresh()
        for collection in (TRACKS, PICTURES):
            self._builds.forget(view.index_name(collection.name, version))
        self.delete_leftovers()

    def expired(self, days: int) -> list[str]:
        """Return the spaces that were left this many days ago."""
        old = select(SpaceRow.model_version).where(SpaceRow.left_at < now() - timedelta(days=days))
        with self._database.read() as session:
            return list(session.scalars(old))

    def delete_leftovers(self) -> int:
        """Delete the analyses in spaces that were dropped, in small transactions, and return their number."""
        count = 0
        while True:
            with self._database.write() as session:
                live = session.scalars(select(SpaceRow.model_version)).all()
                row = SpaceAnalysisRow
                found = session.execute(
                    select(row.track_id, row.model_version).where(row.model_version.not_in(live)).limit(DELETED_AT_ONCE)
                ).all()
                for track_id, version in found:
                    session.execute(delete(row).where(of_track(track_id, version)))
            count += len(found)
            if len(found) < DELETED_AT_ONCE:
                return count

    def settle(self) -> int:
        """Move some analyses of the served space into `tracks`, and the others beside; return their number.

        A ready track without an analysis in the served space waits for one.
        """
        with self._database.write() as session:
            served = served_space(session)
            if served is None:
                return 0
            live = set(session.scalars(select(SpaceRow.model_version)))
            rows = session.scalars(_unsettled(served).limit(SETTLED_AT_ONCE).with_for_update(skip_locked=True)).all()
            for row in rows:
                _settle(session, row, served, is_kept=row.model_version in live)
            return len(rows)

    def compared(self, version: str, comparison: dict[str, Any] | None) -> None:
        """Store the comparison of a space with the served one; None asks for a new one."""
        with self._database.write() as session:
            session.execute(update(SpaceRow).where(SpaceRow.model_version == version).values(comparison=comparison))

    def _space(self, row: SpaceRow, view: View) -> Space:
        filling = self._analyses.filling(row.model_version)
        return Space(
            model_version=row.model_version,
            role=_role(row.model_version == view.served, row.left_at),
            created_at=row.created_at,
            filled_at=row.filled_at,
            served_at=row.served_at,
            left_at=row.left_at,
            ready=filling.ready,
            waiting=filling.waiting,
            failed=filling.failed,
            is_indexed=self._is_indexed(row.model_version, view),
            seconds_left=filling.seconds_left if row.filled_at is None else None,
            comparison=row.comparison,
        )

    def _is_indexed(self, version: str, view: View) -> bool:
        with self._database.read() as session:
            wanted = generation_of(session)
        names = (view.index_name(each.name, version) for each in (TRACKS, PICTURES))
        return all((self._builds.served(name) or 0) >= wanted for name in names)


def _row(session: Session, version: str) -> SpaceRow:
    row = session.get(SpaceRow, version)
    if row is None:
        raise InvalidRequest(f"There is no space of model version '{version}'. `segue model status` lists all.")
    return row


def _role(is_served: bool, left_at: datetime | None) -> SpaceRole:  # noqa: FBT001
    if is_served:
        return SpaceRole.SERVED
    return SpaceRole.FILLING if left_at is None else SpaceRole.PREVIOUS


def _elsewhere(served: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions of ready tracks whose analysis in `tracks` is of another space."""
    # Not inequality, for which no index helps.
    is_other = or_(TrackRow.model_version < served, TrackRow.model_version > served)
    return is_other, TrackRow.status == TrackStatus.READY


def _unsettled(served: str) -> Select[Any]:
    # One that waits for a worker with the weights of the served space has nothing to be moved yet.
    waits = exists().where(
        SpaceAnalysisRow.track_id == TrackRow.id,
        SpaceAnalysisRow.model_version == served,
        SpaceAnalysisRow.status == TrackStatus.PENDING,
    )
    return select(TrackRow).where(*_elsewhere(served), ~waits)


def _settle(session: Session, track: TrackRow, served: str, *, is_kept: bool) -> None:
    found = session.scalars(select(SpaceAnalysisRow).where(of_track(track.id, served))).first()
    own = {name: getattr(track, name) for name in _MOVED}
    if is_kept and track.model_version is not None:
        put_beside(session, track.id, track.model_version, own)
    if found is not None and found.status == TrackStatus.READY:
        for name in _MOVED:
            setattr(track, name, getattr(found, name))
        track.model_version = served
        store_heard_tags(session, track.id, track.tags or {})
        _classify(track)
    else:
        _wait(track)
    if found is not None:
        session.delete(found)


def _classify(track: TrackRow) -> None:
    """Store whether a track is music by what the served model heard; the index filters by it."""
    before = track.fragment
    classify(track)
    if track.fragment != before:
        track.index_pending, track.revision = True, track.revision + 1


def _wait(track: TrackRow) -> None:
    """Let a ready track wait for its analysis, and leave the indexes until then."""
    track.status, track.attempts, track.sent_at = TrackStatus.PENDING, 0, None
    track.index_pending, track.revision = True, track.revision + 1
