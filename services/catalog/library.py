"""Writes of scans, uploads and clients: tracks, their files and their external ids."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, exists, literal, or_, select, update
from sqlalchemy.orm import Session

from services.catalog.album_ids import AlbumNames, regroup, regroup_apart
from services.catalog.database import Database, now
from services.catalog.jobs import close_items
from services.catalog.libraries import key_of_file, libraries_of
from services.catalog.matching import attach_waiting_listens
from services.catalog.quotas import require_room
from services.catalog.ratings import store_verdicts, verdict_of
from services.catalog.spaces import MODEL_VERSION
from services.catalog.tables import (
    DeletedTrackRow,
    ExternalIdRow,
    LibraryDeletionRow,
    LibraryRow,
    LocationRow,
    MetaRow,
    Table,
    TrackRow,
)
from services.catalog.tagging import insert_ids, retag
from services.catalog.takeover import track_gone, track_ready
from services.catalog.turns import set_turns
from services.domain.errors import TrackNotFound
from services.domain.failure import FailureKind
from services.domain.job import JobState
from services.domain.libraries import Libraries, track_id_in
from services.domain.names import SEPARATORS
from services.domain.track import TAGS_VERSION, TagRules, Tags, TrackStatus

TAG_SEPARATORS = "tag_separators"
"""The key of the row with the separators by which the names of the catalogue are split."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """A file's path, its library root, and the attributes that change when it is written."""

    path: str
    root: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as last scanned, and its track."""

    stamp: FileStamp
    track_id: str
    status: TrackStatus
    tags_version: int
    cover_seen: str | None
    """The picture beside the file when its track's cover was looked for; None if it was not yet."""

    def is_unchanged(self, stamp: FileStamp) -> bool:
        """Return whether size and modification time are the same."""
        return (self.stamp.size, self.stamp.mtime_ns) == (stamp.size, stamp.mtime_ns)


@dataclass(frozen=True, slots=True)
class Registered:
    """The result of registering a file: the status of its track, and whether the track is new."""

    status: TrackStatus
    reason: str | None
    is_new: bool
    waiting_listens: int = 0
    """The number of listens that waited for this track."""
    library: str = ""
    """The key of the library in whose turn it is analysed."""


class LibraryStore:
    """Writes tracks, except their analyses, and their files."""

    def __init__(self, database: Database, rules: TagRules) -> None:
        self._database = database
        self._rules = rules

    def roots(self) -> list[str]:
        """Return the library roots of all files."""
        with self._database.read() as session:
            return list(session.scalars(select(LocationRow.root).distinct()))

    def copies(self, path: str, track_id: str) -> list[str]:
        """Return the other files of a track that lie below the same library root as one of its files."""
        root = select(LocationRow.root).where(LocationRow.path == path).scalar_subquery()
        others = (LocationRow.track_id == track_id) & (LocationRow.path != path) & (LocationRow.root == root)
        with self._database.read() as session:
            return list(session.scalars(select(LocationRow.path).where(others)))

    def known_files(self, folder: str) -> dict[str, KnownFile]:
        """Return the known files at or under a path, by absolute path."""
        inside, behind = folder.rstrip("/") + "/", folder.rstrip("/") + "0"  # "0" follows "/"
        query = (
            # Columns, because objects of a large library would take most of the time of a scan without changes.
            select(
                *(LocationRow.path, LocationRow.root, LocationRow.size, LocationRow.mtime_ns),
                *(LocationRow.track_id, TrackRow.status, LocationRow.tags_version, TrackRow.cover_seen),
            )
            .join(TrackRow, TrackRow.id == LocationRow.track_id)
            .where(or_(LocationRow.path == folder, and_(LocationRow.path >= inside, LocationRow.path < behind)))
        )
        with self._database.columns() as connection:
            return {
                path: KnownFile(FileStamp(path, root, size, mtime_ns), track_id, TrackStatus(status), version, cover)
                for path, root, size, mtime_ns, track_id, status, version, cover in connection.execute(query)
            }

    def id_of(self, track_id: str, path: str) -> str:
        """Return the id of the track of a file, given that of its audio; libraries may share no analyses."""
        if self._rules.shares_analyses:
            return track_id
        with self._database.read() as session:
            library = key_of_file(session, path)
        return track_id if library is None else track_id_in(library, track_id)

    def register(self, track_id: str, tags: Tags, stamp: FileStamp, *, within_quota: bool = False) -> Registered:
        """Record a file of a track. The file may be new, moved, retagged or a copy.

        Raises:
            LibraryFull: `within_quota`, and its library has no room for the track.
        """
        with self._database.write() as session:
            if within_quota and (library := key_of_file(session, stamp.path)) is not None:
                require_room(session, library, track_id)
            held_before = select(LocationRow.track_id).where(LocationRow.path == stamp.path)
            changed = [track_id, *session.scalars(held_before)]
            albums, libraries = _albums_of(session, changed), libraries_of(session, changed)
            is_new = self._insert(
                session,
                TrackRow,
                id=track_id,
                title=tags.title,
                sort_key="",
                added_at=now(),
            )
            _undelete(session, track_id, stamp.path)
            row = session.get_one(TrackRow, track_id, with_for_update=True)
            lost = self._locate(session, track_id, tags, stamp)
            verdict = verdict_of(row.rating)
            retag(session, row, self._rules.separators)
            row.cover_seen, row.cover_attempts = None, 0  # the file may contain another picture
            if row.status == TrackStatus.MISSING:
                _revive(session, row)
            waited = attach_waiting_listens(session, track_id)
            if lost is not None:
                track_gone(session, lost)
            if row.status == TrackStatus.READY:
                track_ready(session, track_id)
            if self._rules.ratings_of is not None and verdict != verdict_of(row.rating):
                store_verdicts(self._database, session, self._rules.ratings_of, [track_id])
            albums |= _albums_of(session, changed)
            self._regroup(session, albums, changed)
            _touch_moved(session, libraries, changed)
            set_turns(session, changed)
            registered = Registered(TrackStatus(row.status), row.reason, is_new, waited, row.queue_library or "")
        self._regroup_others(albums)
        return registered

    def forget_files(self, paths: Sequence[str]) -> None:
        """Delete files from the catalogue; tracks without any file become `missing`."""
        for path in paths:
            # One transaction for each file: locking several tracks at once could cause a deadlock with a worker.
            with self._database.write() as session:
                track_id = session.scalar(select(LocationRow.track_id).where(LocationRow.path == path))
                held = libraries_of(session, [track_id or ""]).get(track_id or "", [])
                session.execute(delete(LocationRow).where(LocationRow.path == path))
                if track_id is None:
                    continue
                albums, libraries = _albums_of(session, [track_id]), {track_id: held}
                if self._lose_file(session, track_id):
                    track_gone(session, track_id)
                albums |= _albums_of(session, [track_id])
                self._regroup(session, albums, [track_id])
                _touch_moved(session, libraries, [track_id])
                set_turns(session, [track_id])
            self._regroup_others(albums)

    def delete(self, track_id: str, libraries: Libraries = None) -> list[str]:
        """Let a track leave some libraries, or all, until `register` takes it again there; return its files there."""
        files = select(LocationRow.path).where(LocationRow.track_id == track_id)
        with self._database.write() as session:
            if libraries is None:
                self._insert(session, DeletedTrackRow, track_id=track_id, deleted_at=now())
            else:
                files = files.where(LocationRow.library.in_(libraries))
                for library_id in session.scalars(select(LibraryRow.id).where(LibraryRow.id.in_(libraries))):
                    self._insert(
                        session, LibraryDeletionRow, track_id=track_id, library_id=library_id, deleted_at=now()
                    )
            paths = list(session.scalars(files))
            if not paths and self._lose_file(session, track_id):
                track_gone(session, track_id)
        self.forget_files(paths)
        return paths

    def is_deleted(self, track_id: str, path: str) -> bool:
        """Return whether a client deleted a track from all libraries, or from that of a file."""
        with self._database.read() as session:
            is_from_all = session.get(DeletedTrackRow, track_id) is not None
            library = key_of_file(session, path)
            return is_from_all or session.get(LibraryDeletionRow, (track_id, library or "")) is not None

    def adopt_separators(self) -> None:
        """Let the next scans read the tags of all files again if other separators were set before."""
        with self._database.write() as session:
            separators = json.dumps(self._rules.separators)
            adopted = session.get(MetaRow, TAG_SEPARATORS)
            if (adopted.value if adopted else json.dumps(SEPARATORS)) != separators:
                session.execute(update(LocationRow).values(tags_version=0))
            session.merge(MetaRow(key=TAG_SEPARATORS, value=separators))

    def _insert(self, session: Session, table: type[Table], **values: object) -> bool:
        # Two scans may find the same file or the same audio at once.
        inserting = self._database.insert(table).values(**values).on_conflict_do_nothing()
        return bool(session.execute(inserting.returning(literal(1))).all())

    def _locate(self, session: Session, track_id: str, tags: Tags, stamp: FileStamp) -> str | None:
        """Store the place of a file; return the track that has lost its last file by that."""
        read = {"tags": tags.to_json(), "tags_version": TAGS_VERSION}
        values = {"track_id": track_id, "size": stamp.size, "mtime_ns": stamp.mtime_ns, **read}
        values["library"] = key_of_file(session, stamp.path)
        if self._insert(session, LocationRow, path=stamp.path, root=stamp.root, **values):
            return None
        here = LocationRow.path == stamp.path
        held_before = session.scalars(select(LocationRow.track_id).where(here).with_for_update()).one()
        session.execute(update(LocationRow).where(here).values(**values))
        is_other = held_before != track_id  # the audio of the file has changed
        return held_before if is_other and self._lose_file(session, held_before) else None

    def _regroup(self, session: Session, albums: Collection[AlbumNames], changed: Sequence[str]) -> None:
        """Give tracks the ids of their albums: all of them on SQLite, which has one writer at a time."""
        regroup(session, albums, only=None if self._database.is_sqlite else changed)

    def _regroup_others(self, albums: Collection[AlbumNames]) -> None:
        if not self._database.is_sqlite:
            regroup_apart(self._database, albums)

    def _lose_file(self, session: Session, track_id: str) -> bool:
        """Give a track the tags of its other files, or mark it as missing; return whether it is missing."""
        if _mark_missing(session, track_id):
            return True
        retag(session, session.get_one(TrackRow, track_id, with_for_update=True), self._rules.separators)
        return False


def _undelete(session: Session, track_id: str, path: str) -> None:
    """Forget that a track was deleted from all libraries, and from that of a file."""
    session.execute(delete(DeletedTrackRow).where(DeletedTrackRow.track_id == track_id))
    here = LibraryDeletionRow.library_id == key_of_file(session, path)
    session.execute(delete(LibraryDeletionRow).where(LibraryDeletionRow.track_id == track_id, here))


def _albums_of(session: Session, track_ids: Sequence[str]) -> set[AlbumNames]:
    """Return the keys of the titles and album artists of some tracks."""
    session.flush()
    found = select(TrackRow.album_key, TrackRow.album_artist_key).where(TrackRow.id.in_(track_ids))
    return {(album, artist) for album, artist in session.execute(found)}


def _touch_moved(session: Session, before: Mapping[str, list[str]], track_ids: Sequence[str]) -> None:
    """Mark tracks for the index whose files are in other libraries than before."""
    after = libraries_of(session, track_ids)
    for track_id in track_ids:
        row = session.get(TrackRow, track_id)
        if row is not None and before.get(track_id, []) != after.get(track_id, []):
            _touch(row)


def _touch(row: TrackRow) -> None:
    row.revision += 1
    row.index_pending = True


def _revive(session: Session, row: TrackRow) -> None:
    adopted = session.get(MetaRow, MODEL_VERSION)
    is_current = row.embedding is not None and (adopted is None or adopted.value == row.model_version)
    row.status = TrackStatus.READY if is_current else TrackStatus.PENDING
    row.reason, row.failure_kind, row.failed_at, row.successor_id = None, None, None, None
    row.attempts, row.sent_at = 0, None
    _touch(row)


def _mark_missing(session: Session, track_id: str) -> bool:
    """Mark a track as missing if it has no file, and return whether that is so."""
    lost = session.scalars(
        update(TrackRow)
        .where(TrackRow.id == track_id, ~exists().where(LocationRow.track_id == TrackRow.id))
        .values(status=TrackStatus.MISSING, index_pending=True, revision=TrackRow.revision + 1)
        .returning(TrackRow.id)
    ).all()
    if lost:
        close_items(session, track_id, JobState.FAILED, "The file is gone.", FailureKind.GONE)
    return bool(lost)


REMOVED = ""
"""The value of an id that a client removed; a scan does not restore it from the tags."""


class ExternalIdStore:
    """Writes external ids of clients; `TrackStore` reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(self, track_id: str, ids: Mapping[str, str | None]) -> None:
        """Set ids of a track, and remove those whose value is None. Scans do not change them afterwards.

        Attaches the listens that wait for a track with one of these ids.

        Raises:
            TrackNotFound: no track has this id.
        """
        with self._database.write() as session:
            row = session.get(TrackRow, track_id, with_for_update=True)
            if row is None:
                raise TrackNotFound(track_id)
            of_track = ExternalIdRow.track_id == track_id
            session.execute(delete(ExternalIdRow).where(of_track, ExternalIdRow.namespace.in_(ids)))
            changes = {namespace: [REMOVED if value is None else value] for namespace, value in ids.items()}
            insert_ids(session, track_id, changes, by_client=True)
            attach_waiting_listens(session, track_id)
            if row.status == TrackStatus.READY:
                track_ready(session, track_id)
