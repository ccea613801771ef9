"""Named libraries: their folders and listeners, and which files they contain."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.orm import Session

from services.catalog.database import IDS, IDS_PER_STATEMENT, Database, batched, now, rows_of
from services.catalog.tables import LibraryRootRow, LibraryRow, ListenerLibraryRow, LocationRow, TrackRow
from services.domain.errors import InvalidRequest, LibraryNotFound
from services.domain.libraries import NamedLibrary, library_of
from services.domain.names import text_key


class NamedLibraryStore:
    """Reads and changes named libraries. Names that differ in case only are one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[NamedLibrary]:
        """Return all libraries, sorted by name."""
        with self._database.read() as session:
            names = session.scalars(select(LibraryRow.name).order_by(LibraryRow.name)).all()
            return [_read(session, name) for name in names]

    def get(self, name: str) -> NamedLibrary:
        """Return the library with this name.

        Raises:
            LibraryNotFound: there is none.
        """
        with self._database.read() as session:
            return _read(session, _stored_name(session, name))

    def put(self, name: str, roots: Collection[str], listeners: Collection[str]) -> NamedLibrary:
        """Create a library, or replace the folders and listeners of one.

        Raises:
            InvalidRequest: a folder belongs to another library.
        """
        with self._database.write() as session:
            try:
                name = _stored_name(session, name)
            except LibraryNotFound:
                session.add(LibraryRow(name=name, created_at=now()))
                session.flush()
            others = select(LibraryRootRow).where(LibraryRootRow.path.in_(roots), LibraryRootRow.library != name)
            if (taken := session.scalars(others).first()) is not None:
                raise InvalidRequest(f"'{taken.path}' belongs to the library '{taken.library}'.")
            session.execute(delete(LibraryRootRow).where(LibraryRootRow.library == name))
            session.add_all(LibraryRootRow(path=root, library=name) for root in roots)
            _bind(session, name, listeners)
            _assign(session)
            return _read(session, name)

    def remove(self, name: str) -> None:
        """Remove a library. Its tracks stay, and its listeners are bound to none.

        Raises:
            LibraryNotFound: there is none with this name.
        """
        with self._database.write() as session:
            stored = _stored_name(session, name)
            session.execute(delete(LibraryRootRow).where(LibraryRootRow.library == stored))
            session.execute(delete(LibraryRow).where(LibraryRow.name == stored))
            _bind(session, stored, ())
            _assign(session)

    def of_listener(self, listener: str) -> str | None:
        """Return the library that a listener is bound to; None is all tracks."""
        bound = select(ListenerLibraryRow.library).where(ListenerLibraryRow.listener == listener)
        with self._database.read() as session:
            return session.scalar(bound)

    def holds(self, name: str, track_id: str) -> bool:
        """Return whether a file of a track is in a library."""
        return bool(self.held(name, [track_id]))

    def held(self, name: str, track_ids: Collection[str]) -> set[str]:
        """Return those of these tracks that have a file in a library."""
        files = select(LocationRow.track_id).where(LocationRow.track_id.in_(IDS), LocationRow.library == text_key(name))
        with self._database.read() as session:
            return {track_id for (track_id,) in rows_of(session, files, track_ids)}


def key_of_file(session: Session, path: str) -> str | None:
    """Return the key of the library that contains a file; None if none does."""
    return library_of(path, _keys_by_root(session))


def libraries_of(connection: Session | Connection, track_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the keys of the libraries of some tracks; tracks of no library are left out."""
    files = select(LocationRow.track_id, LocationRow.library).where(
        LocationRow.track_id.in_(track_ids), LocationRow.library.is_not(None)
    )
    found: defaultdict[str, list[str]] = defaultdict(list)
    for track_id, library in connection.execute(files.distinct().order_by(LocationRow.library)):
        found[track_id].append(library or "")
    return dict(found)


def _keys_by_root(session: Session) -> dict[str, str]:
    rows = session.execute(select(LibraryRootRow.path, LibraryRootRow.library))
    return {path: text_key(library) for path, library in rows}


def _stored_name(session: Session, name: str) -> str:
    names = session.scalars(select(LibraryRow.name))
    found = next((each for each in names if text_key(each) == text_key(name)), None)
    if found is None:
        raise LibraryNotFound(name)
    return found


def _read(session: Session, name: str) -> NamedLibrary:
    roots = select(LibraryRootRow.path).where(LibraryRootRow.library == name).order_by(LibraryRootRow.path)
    bound = select(ListenerLibraryRow.listener).where(ListenerLibraryRow.library == name)
    tracks = select(func.count(LocationRow.track_id.distinct())).where(LocationRow.library == text_key(name))
    listeners = session.scalars(bound.order_by(ListenerLibraryRow.listener))
    return NamedLibrary(name, tuple(session.scalars(roots)), tuple(listeners), session.scalar(tracks) or 0)


def _bind(session: Session, name: str, listeners: Collection[str]) -> None:
    session.execute(delete(ListenerLibraryRow).where(ListenerLibraryRow.library == name))
    session.execute(delete(ListenerLibraryRow).where(ListenerLibraryRow.listener.in_(listeners)))
    session.add_all(ListenerLibraryRow(listener=listener, library=name) for listener in listeners)
    session.flush()


def _assign(session: Session) -> None:
    """Store the library of each file again, and mark the tracks of files that change theirs for the index."""
    roots = _keys_by_root(session)
    moved: defaultdict[str | None, list[int]] = defaultdict(list)
    tracks = set()
    for file_id, track_id, path, stored in session.execute(
        select(LocationRow.id, LocationRow.track_id, LocationRow.path, LocationRow.library)
    ):
        if (library := library_of(path, roots)) != stored:
            moved[library].append(file_id)
            tracks.add(track_id)
    for library, file_ids in moved.items():
        for chunk in batched(file_ids, IDS_PER_STATEMENT):
            session.execute(update(LocationRow).where(LocationRow.id.in_(chunk)).values(library=library))
    for ids in batched(sorted(tracks), IDS_PER_STATEMENT):
        marked = {"index_pending": True, "revision": TrackRow.revision + 1}
        session.execute(update(TrackRow).where(TrackRow.id.in_(ids)).values(marked))
