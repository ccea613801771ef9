"""Pictures of scanned folders: their files and their readings."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from services.catalog.database import Database, decode_cursor, encode_cursor, is_storable, now
from services.catalog.libraries import key_of_file
from services.catalog.library import FileStamp
from services.catalog.tables import PictureRow
from services.catalog.tracks import TrackFile, readable
from services.domain.errors import PictureNotFound
from services.domain.failure import Cause, FailureKind
from services.domain.picture import Picture, PictureReading, PictureStatus
from services.domain.track import EMBEDDING_DIM, unit_vector


@dataclass(frozen=True, slots=True)
class KnownPicture:
    """A file as last scanned, and its picture."""

    stamp: FileStamp
    picture_id: str
    status: PictureStatus
    failure: Cause | None

    def is_unchanged(self, stamp: FileStamp) -> bool:
        """Return whether size and modification time are the same."""
        return (self.stamp.size, self.stamp.mtime_ns) == (stamp.size, stamp.mtime_ns)


@dataclass(frozen=True, slots=True)
class Registered:
    """The state of a picture after its file was registered; `attempts` counts the readings that were begun."""

    status: PictureStatus
    failure: Cause | None
    attempts: int


@dataclass(frozen=True, slots=True)
class PicturePage:
    """A page of pictures, and the cursor of the next page; None on the last."""

    pictures: list[Picture]
    next_cursor: str | None


class PictureStore:
    """Writes and reads pictures. A picture whose file is gone is kept but not returned."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def roots(self) -> list[str]:
        """Return the scanned folders of all pictures."""
        with self._database.read() as session:
            return list(session.scalars(select(PictureRow.root).where(PictureRow.path.is_not(None)).distinct()))

    def known_files(self, folder: str) -> dict[str, KnownPicture]:
        """Return the known files at or under a path, by absolute path."""
        inside, behind = folder.rstrip("/") + "/", folder.rstrip("/") + "0"  # "0" follows "/"
        query = select(PictureRow).where(
            or_(PictureRow.path == folder, and_(PictureRow.path >= inside, PictureRow.path < behind))
        )
        with self._database.read() as session:
            return {
                row.path: KnownPicture(
                    FileStamp(row.path, row.root, row.size, row.mtime_ns),
                    row.id,
                    PictureStatus(row.status),
                    _cause(row),
                )
                for row in session.scalars(query)
                if row.path is not None
            }

    def register(self, picture_id: str, stamp: FileStamp, version: str) -> Registered:
        """Record the file of a picture, which may be new, moved or a copy; its latest file counts.

        A picture without a reading of this model version is pending, and an attempt to read it is counted.
        """
        where = {"path": stamp.path, "root": stamp.root, "size": stamp.size, "mtime_ns": stamp.mtime_ns}
        with self._database.write() as session:
            _lose(session, [stamp.path], but=picture_id)
            new = {"id": picture_id, "status": PictureStatus.PENDING, "attempts": 0, "revision": 0}
            session.execute(
                self._database.insert(PictureRow)
                .values(**new, **where, index_pending=False, added_at=now())
                .on_conflict_do_nothing()
            )
            row = session.get_one(PictureRow, picture_id, with_for_update=True)
            row.path, row.root, row.size, row.mtime_ns = stamp.path, stamp.root, stamp.size, stamp.mtime_ns
            if (library := key_of_file(session, stamp.path)) != row.library_id:
                row.library_id = library
                _touch(row)
            if row.status == PictureStatus.MISSING:
                is_current = row.embedding is not None and row.model_version == version
                row.status = PictureStatus.READY if is_current else PictureStatus.PENDING
                row.attempts = 0
                _touch(row)
            if row.status == PictureStatus.PENDING:
                row.attempts += 1
            return Registered(PictureStatus(row.status), _cause(row), row.attempts)

    def release(self, picture_id: str) -> None:
        """Uncount an attempt that failed for a reason unrelated to the picture."""
        with self._database.write() as session:
            session.execute(
                update(PictureRow)
                .where(PictureRow.id == picture_id, PictureRow.status == PictureStatus.PENDING)
                .values(attempts=PictureRow.attempts - 1)
            )

    def record(self, picture_id: str, reading: PictureReading) -> None:
        """Store a reading, make the picture ready and mark it for the index, in one transaction.

        Raises:
            ValueError: the embedding is not 128 finite numbers of unit length.
        """
        embedding = unit_vector(reading.embedding, f"picture {picture_id}", EMBEDDING_DIM).astype("<f4").tobytes()
        with self._database.write() as session:
            session.execute(
                update(PictureRow)
                .where(PictureRow.id == picture_id, PictureRow.status == PictureStatus.PENDING)
                .values(
                    status=PictureStatus.READY,
                    reason=None,
                    failure_kind=None,
                    failed_at=None,
                    embedding=embedding,
                    shows=list(reading.shows),
                    looks=reading.looks,
                    valence=reading.valence,
                    energy=reading.energy,
                    model_version=reading.model_version,
                    index_pending=True,
                    revision=PictureRow.revision + 1,
                )
            )

    def refuse(self, picture_id: str, reason: str, kind: FailureKind) -> None:
        """Record why a picture cannot be read."""
        with self._database.write() as session:
            session.execute(
                update(PictureRow)
                .where(PictureRow.id == picture_id, PictureRow.status == PictureStatus.PENDING)
                .values(status=PictureStatus.FAILED, reason=reason, failure_kind=kind, failed_at=now())
            )

    def forget_files(self, paths: Sequence[str]) -> None:
        """Record that files are gone; their pictures become `missing` and leave the index."""
        with self._database.write() as session:
            _lose(session, paths)

    def adopt_model(self, version: str) -> int:
        """Set pictures of other model versions to `pending`, and return their number.

        They leave the index until they are read again, because vectors of two model versions are not comparable.
        """
        with self._database.write() as session:
            result = session.execute(
                update(PictureRow)
                .where(PictureRow.status == PictureStatus.READY, PictureRow.model_version != version)
                .values(
                    status=PictureStatus.PENDING,
                    attempts=0,
                    index_pending=True,
                    revision=PictureRow.revision + 1,
                )
                .returning(PictureRow.id)
            )
            return len(result.all())

    def get(self, picture_id: str) -> Picture:
        """Return one picture.

        Raises:
            PictureNotFound: no picture has this id, or its file is gone.
        """
        found = self.get_many([picture_id]) if is_storable(picture_id) else {}
        if picture_id not in found:
            raise PictureNotFound(picture_id)
        return found[picture_id]

    def get_many(self, picture_ids: Collection[str]) -> dict[str, Picture]:
        """Return the pictures with these ids, by id; unknown ids are absent."""
        query = select(PictureRow).where(PictureRow.id.in_(picture_ids), PictureRow.path.is_not(None))
        with self._database.read() as session:
            return {row.id: _picture(row) for row in session.scalars(query)}

    def file(self, picture_id: str) -> TrackFile:
        """Return the file of a picture.

        Raises:
            PictureNotFound: no picture has this id, or its file is gone.
        """
        with self._database.read() as session:
            row = session.get(PictureRow, picture_id) if is_storable(picture_id) else None
            if row is None or row.path is None:
                raise PictureNotFound(picture_id)
            return TrackFile(row.path, row.root)

    def page(self, *, status: PictureStatus | None = None, cursor: str | None = None, limit: int = 50) -> PicturePage:
        """Return a page of pictures, ordered by id.

        Raises:
            InvalidCursor: this service did not create the cursor.
        """
        query = select(PictureRow).where(PictureRow.path.is_not(None)).order_by(PictureRow.id)
        if status is not None:
            query = query.where(PictureRow.status == status)
        if cursor is not None:
            query = query.where(PictureRow.id > decode_cursor(cursor, str)[0])
        with self._database.read() as session:
            rows = session.scalars(query.limit(limit + 1)).all()
            shown = rows[:limit]
            return PicturePage(
                pictures=[_picture(row) for row in shown],
                next_cursor=encode_cursor(shown[-1].id) if len(rows) > limit else None,
            )


def _lose(session: Session, paths: Sequence[str], *, but: str | None = None) -> None:
    """Set the pictures with these files to `missing`, except the one with the id `but`."""
    for path in paths:
        session.execute(
            update(PictureRow)
            .where(PictureRow.path == path, PictureRow.id != (but or ""))
            .values(
                path=None,
                status=PictureStatus.MISSING,
                reason=None,
                index_pending=True,
                revision=PictureRow.revision + 1,
            )
        )


def _touch(row: PictureRow) -> None:
    row.revision += 1
    row.index_pending = True


def _cause(row: PictureRow) -> Cause | None:
    return None if row.reason is None else Cause(row.reason, FailureKind(row.failure_kind or FailureKind.UNKNOWN))


def _picture(row: PictureRow) -> Picture:
    return Picture(
        id=row.id,
        path=readable(os.path.relpath(row.path or "", row.root)),
        status=PictureStatus(row.status),
        reason=row.reason,
        shows=tuple(row.shows or ()),
        looks=row.looks,
        valence=row.valence,
        energy=row.energy,
    )
