"""Quotas of named libraries, and their usage by day."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, Integer, Select, and_, cast, delete, exists, func, literal, select, update
from sqlalchemy.orm import Session

from services.catalog.database import Database
from services.catalog.tables import (
    UNSENT,
    LibraryQuotaRow,
    LibraryRow,
    LibraryUsageRow,
    LocationRow,
    TrackRow,
)
from services.domain.errors import LibraryFull, LibraryNotFound
from services.domain.names import text_key
from services.domain.quotas import NO_QUOTA, DayUsage, LibraryUsage, Quota, Resource, Usage, today

DAYS_KEPT = 400
"""Of the usage: a year can be compared with the one before."""

_LIMITS = (
    *(LibraryQuotaRow.tracks, LibraryQuotaRow.upload_bytes),
    *(LibraryQuotaRow.requests, LibraryQuotaRow.analysis_minutes),
)


class QuotaStore:
    """Reads and writes quotas and usage. Libraries are named by their ids, except where a name is asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, name: str, quota: Quota) -> None:
        """Set the quota of a library.

        Raises:
            LibraryNotFound: no library has this name.
        """
        with self._database.write() as session:
            library_id = _id_of(session, name)
            session.merge(LibraryQuotaRow(library_id=library_id, **asdict(quota)))

    def get(self, name: str) -> Quota:
        """Return the quota of a library.

        Raises:
            LibraryNotFound: no library has this name.
        """
        with self._database.read() as session:
            return _quota_of(session, _id_of(session, name))

    def limited(self, resource: Resource) -> dict[str, tuple[str, int]]:
        """Return the libraries that have a quota of a resource, with their names and the quota."""
        limit = _limit(resource)
        rows = select(LibraryRow.id, LibraryRow.name, limit.label("quota")).join(
            LibraryQuotaRow, LibraryQuotaRow.library_id == LibraryRow.id
        )
        with self._database.columns() as connection:
            found = connection.execute(rows.where(limit.is_not(None))).all()
        return {row.id: (row.name, row.quota) for row in found}

    def usage(self, name: str, uploads: Path, days: int = 30) -> Usage:
        """Return what a library uses; `uploads` is the folder of uploads.

        Raises:
            LibraryNotFound: no library has this name.
        """
        with self._database.read() as session:
            library_id = _id_of(session, name)
            waiting = select(func.count()).select_from(TrackRow).where(UNSENT, TrackRow.queue_library == library_id)
            latest = (
                select(LibraryUsageRow)
                .where(LibraryUsageRow.library_id == library_id, LibraryUsageRow.day > today() - timedelta(days=days))
                .order_by(LibraryUsageRow.day.desc())
            )
            return Usage(
                _count(session, library_id),
                session.scalar(waiting) or 0,
                _uploaded(session, library_id, uploads),
                tuple(DayUsage(row.day, row.requests, row.analysis_seconds) for row in session.scalars(latest)),
            )

    def report(self, uploads: Path, limit: int | None = None) -> list[LibraryUsage]:
        """Return the usage and the quota of each resource of each library, those with the most tracks first.

        Four statements, whatever the number of libraries. With a `limit`, only that many libraries are returned.
        """
        row = LibraryUsageRow
        quotas = select(LibraryRow.id, LibraryRow.name, *_LIMITS).outerjoin(
            LibraryQuotaRow, LibraryQuotaRow.library_id == LibraryRow.id
        )
        of_any = LocationRow.library.is_not(None)
        tracks = _TRACKS.add_columns(LocationRow.library).where(of_any).group_by(LocationRow.library)
        uploaded = _uploads_in(uploads).add_columns(LocationRow.library).group_by(LocationRow.library)
        days = select(row.library_id, row.requests, row.analysis_seconds).where(row.day == today())
        with self._database.columns() as connection:
            libraries = connection.execute(quotas).all()
            counts = {library: count for count, library in connection.execute(tracks)}
            sizes = {library: int(size) for size, library in connection.execute(uploaded)}
            used = {
                each.library_id: (DayUsage(today(), each.requests, each.analysis_seconds),)
                for each in connection.execute(days)
            }
        found = []
        largest = sorted(libraries, key=lambda each: (-counts.get(each.id, 0), each.name))
        for library, name, *limits in largest[:limit]:
            usage = Usage(counts.get(library, 0), 0, sizes.get(library, 0), used.get(library, ()))
            found += [
                LibraryUsage(name, resource, usage.of(resource, today()), quota)
                for resource, quota in zip(Resource, limits, strict=True)
            ]
        return found

    def count_tracks(self, library_id: str) -> int:
        """Return the number of tracks with a file in a library."""
        with self._database.read() as session:
            return _count(session, library_id)

    def uploaded_bytes(self, library_id: str, uploads: Path) -> int:
        """Return the bytes of the files that were uploaded into a library."""
        with self._database.read() as session:
            return _uploaded(session, library_id, uploads)

    def without_minutes(self) -> set[str]:
        """Return the libraries that have used their minutes of analysis today."""
        used = and_(LibraryUsageRow.library_id == LibraryQuotaRow.library_id, LibraryUsageRow.day == today())
        query = (
            select(LibraryQuotaRow.library_id)
            .outerjoin(LibraryUsageRow, used)
            .where(func.coalesce(LibraryUsageRow.analysis_seconds, 0.0) >= 60 * LibraryQuotaRow.analysis_minutes)
        )
        with self._database.columns() as connection:
            return set(connection.execute(query).scalars())

    def requests_today(self, libraries: Collection[str]) -> dict[str, int]:
        """Return the number of requests of libraries today; those without any are left out."""
        rows = select(LibraryUsageRow.library_id, LibraryUsageRow.requests).where(
            LibraryUsageRow.day == today(), LibraryUsageRow.library_id.in_(libraries)
        )
        with self._database.columns() as connection:
            return {library_id: requests for library_id, requests in connection.execute(rows)}  # noqa: C416  rows are no pairs to mypy

    def add(self, used: Mapping[str, DayUsage]) -> None:
        """Add to the usage of libraries on a day; those that do not exist any more are left out."""
        with self._database.write() as session:
            for library_id, more in sorted(used.items()):  # in one order, so that no two processes wait for each other
                row = LibraryUsageRow
                new = select(
                    literal(more.day, row.day.type),
                    LibraryRow.id,
                    cast(0, Integer),
                    cast(0.0, row.analysis_seconds.type),
                )
                names = ["day", "library_id", "requests", "analysis_seconds"]
                inserting = self._database.insert(row).from_select(names, new.where(LibraryRow.id == library_id))
                session.execute(inserting.on_conflict_do_nothing())
                session.execute(
                    update(row)
                    .where(row.library_id == library_id, row.day == more.day)
                    .values(
                        requests=row.requests + more.requests,
                        analysis_seconds=row.analysis_seconds + more.analysis_seconds,
                    )
                )

    def forget_old(self) -> None:
        """Delete the usage of days that are no longer kept."""
        with self._database.write() as session:
            session.execute(delete(LibraryUsageRow).where(LibraryUsageRow.day < today() - timedelta(days=DAYS_KEPT)))


def require_room(session: Session, library_id: str, track_id: str) -> None:
    """Check that a library may take a track; other transactions that check it wait until this one ends.

    Raises:
        LibraryFull: it has the tracks of its quota, and not this one.
    """
    of_library = LibraryQuotaRow.library_id == LibraryRow.id
    query = select(LibraryRow.name, LibraryQuotaRow.tracks).join(LibraryQuotaRow, of_library)
    locked = query.where(LibraryRow.id == library_id).with_for_update(of=LibraryRow, key_share=True)
    row = session.execute(locked).one_or_none()
    if row is None or row.tracks is None:
        return
    held = exists().where(LocationRow.library == library_id, LocationRow.track_id == track_id)
    if not session.scalar(select(held)) and _count(session, library_id) >= row.tracks:
        raise has_all_tracks(row.name, row.tracks)


def has_all_tracks(name: str, quota: int) -> LibraryFull:
    """Return the error that a library has the tracks of its quota."""
    return LibraryFull(f"The library '{name}' has the {quota} tracks of its quota. Remove tracks, or raise the quota.")


def _id_of(session: Session, name: str) -> str:
    library_id = session.scalar(select(LibraryRow.id).where(LibraryRow.id == text_key(name)))
    if library_id is None:
        raise LibraryNotFound(name)
    return library_id


def _limit(resource: Resource) -> ColumnElement[int | None]:
    return dict(zip(Resource, _LIMITS, strict=True))[resource].expression


def _quota_of(session: Session, library_id: str) -> Quota:
    row = session.execute(select(*_LIMITS).where(LibraryQuotaRow.library_id == library_id)).one_or_none()
    return NO_QUOTA if row is None else Quota(*row)


_TRACKS = select(func.count(LocationRow.track_id.distinct()))


def _count(session: Session, library_id: str) -> int:
    return session.scalar(_TRACKS.where(LocationRow.library == library_id)) or 0


def _uploaded(session: Session, library_id: str, uploads: Path) -> int:
    return int(session.scalar(_uploads_in(uploads).where(LocationRow.library == library_id)) or 0)


def _uploads_in(folder: Path) -> Select[int]:
    inside, behind = f"{folder}/", f"{folder}0"  # "0" follows "/"
    here = and_(LocationRow.root >= inside, LocationRow.root < behind)
    return select(func.coalesce(func.sum(LocationRow.size), 0)).where(here)
