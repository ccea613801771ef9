"""Named libraries: their folders and members, and which files they contain."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, delete, exists, func, literal, or_, select, union_all, update
from sqlalchemy.orm import Session

from services.catalog import tenancy
from services.catalog.database import IDS, IDS_PER_STATEMENT, Database, batched, now, rows_of
from services.catalog.keys import libraries_of_key
from services.catalog.listeners import HISTORY
from services.catalog.tables import (
    AccountRow,
    AnswerRow,
    ApiKeyRow,
    ComparisonRow,
    FailedFileRow,
    JobRow,
    LibraryMemberRow,
    LibraryRootRow,
    LibraryRow,
    LinkRow,
    ListenerLibraryRow,
    ListenRow,
    LocationRow,
    PersonRow,
    PictureRow,
    PlaylistRow,
    RadioRow,
    TrackRow,
)
from services.catalog.tenancy import limited_to
from services.catalog.turns import set_turns
from services.domain.errors import InvalidRequest, LibraryNotFound
from services.domain.libraries import NOWHERE, Libraries, NamedLibrary, is_in, library_of
from services.domain.names import text_key

_OF_LISTENER = (
    *((ListenRow, ListenRow.listener), (PlaylistRow, PlaylistRow.owner)),
    *((RadioRow, RadioRow.listener), (LinkRow, LinkRow.listener), (AnswerRow, AnswerRow.listener)),
    (ComparisonRow, ComparisonRow.listener),
)
"""Tables whose rows get the library of a listener, with the column of the listener."""

_OF_MEMBERS = (ListenRow.listener, PlaylistRow.owner, LinkRow.listener)
"""Columns with a listener whose rows have a library only if they were a member when it was written, or became one."""

_LISTENERS = (*HISTORY, AccountRow.listener, PersonRow.listener, LinkRow.listener)
"""Columns with a listener of whom something is stored, or who has signed in."""


class NamedLibraryStore:
    """Reads and changes named libraries. Names that differ in case only are one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[NamedLibrary]:
        """Return all libraries, sorted by name."""
        with self._database.read() as session:
            return _read(session)

    def get(self, name: str) -> NamedLibrary:
        """Return the library with this name.

        Raises:
            LibraryNotFound: there is none.
        """
        with self._database.read() as session:
            return _read(session, _stored_name(session, name))[0]

    def put(self, name: str, roots: Collection[str], listeners: Collection[str]) -> NamedLibrary:
        """Create a library, or replace the folders and members of one.

        Raises:
            InvalidRequest: a folder belongs to another library.
        """
        with self._database.write() as session:
            try:
                name = _stored_name(session, name)
            except LibraryNotFound:
                session.add(LibraryRow(name=name, created_at=now()))
            session.get_one(LibraryRow, name).id = text_key(name)
            session.flush()
            others = select(LibraryRootRow).where(LibraryRootRow.path.in_(roots), LibraryRootRow.library != name)
            if (taken := session.scalars(others).first()) is not None:
                raise InvalidRequest(f"'{taken.path}' belongs to the library '{taken.library}'.")
            session.execute(delete(LibraryRootRow).where(LibraryRootRow.library == name, ~LibraryRootRow.uploads))
            session.add_all(LibraryRootRow(path=root, library=name) for root in roots)
            joined = select(LibraryMemberRow.listener).where(LibraryMemberRow.library_id == text_key(name))
            _remove_members(session, text_key(name), set(session.scalars(joined)).difference(listeners))
            add_members(self._database, session, text_key(name), listeners)
            _assign(session)
            return _read(session, name)[0]

    def remove(self, name: str) -> list[str]:
        """Remove a library, and return its members of no other library, who get no tracks now. Its own tracks stay.

        Raises:
            LibraryNotFound: there is none with this name.
        """
        with self._database.write() as session:
            stored = _stored_name(session, name)
            session.execute(delete(LibraryRootRow).where(LibraryRootRow.library == stored))
            joined = select(LibraryMemberRow.listener).where(LibraryMemberRow.library_id == text_key(stored))
            alone = _remove_members(session, text_key(stored), session.scalars(joined).all())
            session.execute(delete(LibraryRow).where(LibraryRow.name == stored))
            for table, _ in _OF_LISTENER:
                session.execute(update(table).where(table.library_id == text_key(stored)).values(library_id=None))
            _assign(session)
            return alone

    def add_member(self, name: str, listener: str) -> None:
        """Make a listener a member of a library. Adding one again changes nothing.

        Raises:
            LibraryNotFound: there is none with this name.
        """
        with self._database.write() as session:
            add_members(self._database, session, text_key(_stored_name(session, name)), (listener,))

    def remove_member(self, name: str, listener: str) -> None:
        """Remove a listener from a library; from the last one, they get no tracks. Removing one again changes nothing.

        It also lets a listener get no tracks whom `forgotten_members` names for this library.

        Raises:
            LibraryNotFound: there is none with this name.
        """
        with self._database.write() as session:
            stored = _stored_name(session, name)
            if listener in _forgotten_members(session).get(stored, ()):
                session.add(ListenerLibraryRow(listener=listener, library=NOWHERE))
            _remove_members(session, text_key(stored), (listener,))

    def forgotten_members(self) -> dict[str, list[str]]:
        """Return, for each library, listeners with listens, playlists or links in it who get all tracks.

        They were removed from their last library when Segue did not keep that, and so get the tracks of all libraries.
        """
        with self._database.read() as session:
            return _forgotten_members(session)

    def allow_all(self, listener: str) -> None:
        """Let a listener get all tracks, as a member of no library. What is stored of them belongs to no library."""
        with self._database.write() as session:
            for table in (LibraryMemberRow, ListenerLibraryRow):
                session.execute(delete(table).where(table.listener == listener))
            for stored, column in _OF_LISTENER:
                placed = update(stored).where(column == listener, stored.library_id.is_not(None))
                session.execute(placed.values(library_id=None))

    def of_listener(self, listener: str) -> frozenset[str] | None:
        """Return the ids of the libraries that a listener is a member of, none if removed from the last one.

        None if the listener never was a member, and so gets all tracks.
        """
        return libraries_of_listener(self._database, listener)

    def admit(self, listener: str, libraries: Collection[str], *, may_join: bool) -> bool:
        """Return whether a key or account of these libraries may use the data of a listener.

        It may if the listener is a member of one of them. It may too if nothing is known of the listener: nothing is
        stored of them, and no other key is bound to them. If `may_join`, they then become a member. An account may
        always use the data of its own listener, also if that was removed from the last library.
        """
        with limited_to(None):
            joined = self.of_listener(listener)
            if joined is not None:
                return joined == frozenset(libraries) or not joined.isdisjoint(libraries)
            known = select(or_(*(exists().where(column == listener) for column in _LISTENERS)))
            with self._database.read() as session:
                if session.scalar(known) or _is_of_other_keys(session, listener, libraries):
                    return False
            if may_join:
                known_ids = select(LibraryRow.id).where(LibraryRow.id.in_(libraries))
                with self._database.write() as session:
                    for library_id in filter(None, session.scalars(known_ids).all()):
                        add_members(self._database, session, library_id, (listener,))
            return True

    def members(self, libraries: Collection[str]) -> set[str]:
        """Return the members of libraries."""
        joined = select(LibraryMemberRow.listener).where(LibraryMemberRow.library_id.in_(libraries))
        with self._database.columns() as connection:
            return set(connection.execute(joined).scalars())

    def roots(self) -> list[str]:
        """Return the folders of all libraries, without those of uploads."""
        folders = select(LibraryRootRow.path).where(~LibraryRootRow.uploads).order_by(LibraryRootRow.path)
        with self._database.read() as session:
            return list(session.scalars(folders))

    def by_folder(self) -> dict[str, str]:
        """Return the id of the library of each folder, also of those of uploads."""
        with self._database.read() as session:
            return _keys_by_root(session)

    def has_others_inside(self, folder: str) -> bool:
        """Return whether a folder contains files of other libraries than the one that it belongs to."""
        with limited_to(None), self._database.read() as session:
            return _is_mixed(folder, _keys_by_root(session))

    def take_uploads(self, library_id: str, folder: str) -> None:
        """Let the files of a folder of uploads belong to a library, from the first upload on."""
        with limited_to(None), self._database.write() as session:
            name = session.scalars(select(LibraryRow.name).where(LibraryRow.id == library_id)).one()
            session.merge(LibraryRootRow(path=folder, library=name, uploads=True))

    def held(self, libraries: Collection[str], track_ids: Collection[str]) -> set[str]:
        """Return those of these tracks that have a file in one of the libraries with these ids."""
        inside = LocationRow.library.in_(libraries)
        files = select(LocationRow.track_id).where(LocationRow.track_id.in_(IDS), inside)
        with self._database.columns() as connection:
            return {track_id for (track_id,) in rows_of(connection, files, track_ids)}


def _is_of_other_keys(session: Session, listener: str, libraries: Collection[str]) -> bool:
    """Return whether a key is bound to a listener, but to none of these libraries."""
    bound = select(ApiKeyRow).where(ApiKeyRow.revoked_at.is_(None), ApiKeyRow.listeners.is_not(None))
    keys = (row for row in session.scalars(bound) if listener in (row.listeners or ()))
    return any((libraries_of_key(row) or frozenset()).isdisjoint(libraries) for row in keys)


def libraries_of_listener(database: Database, listener: str) -> Libraries:
    """Return the ids of the libraries that a listener is a member of; None if the listener never was a member."""
    joined = select(LibraryMemberRow.library_id).where(LibraryMemberRow.listener == listener)
    was_member = select(literal(NOWHERE)).where(ListenerLibraryRow.listener == listener)
    with database.columns() as connection:
        found = frozenset(connection.execute(union_all(joined, was_member)).scalars())
    return found - {NOWHERE} if found else None


@contextmanager
def as_member(database: Database, listener: str | None) -> Iterator[None]:
    """Limit a block without a limit to the libraries of a listener, so that what it writes belongs to one of them."""
    if listener is None or tenancy.libraries() is not None:
        yield
        return
    with limited_to(libraries_of_listener(database, listener)):
        yield


def key_of_folder(session: Session, path: str) -> str | None:
    """Return the key of the library that contains a folder, and all files below it; None if none does."""
    roots = _keys_by_root(session)
    return None if _is_mixed(path, roots) else library_of(path, roots)


def _is_mixed(folder: str, roots: Mapping[str, str]) -> bool:
    own = library_of(folder, roots)
    return any(is_in(root, folder) and library != own for root, library in roots.items())


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


def _read(session: Session, name: str | None = None) -> list[NamedLibrary]:
    """Return the library with this stored name, or all, sorted by name, with four statements."""
    names = select(LibraryRow.name).order_by(LibraryRow.name)
    roots = select(LibraryRootRow.library, LibraryRootRow.path).where(~LibraryRootRow.uploads)
    joined = select(LibraryMemberRow.library_id, LibraryMemberRow.listener)
    tracks = select(LocationRow.library, func.count(LocationRow.track_id.distinct())).group_by(LocationRow.library)
    if name is None:
        tracks = tracks.where(LocationRow.library.is_not(None))
    else:
        names = names.where(LibraryRow.name == name)
        roots = roots.where(LibraryRootRow.library == name)
        joined = joined.where(LibraryMemberRow.library_id == text_key(name))
        tracks = tracks.where(LocationRow.library == text_key(name))
    folders, listeners = defaultdict(list), defaultdict(list)
    for library, path in session.execute(roots.order_by(LibraryRootRow.path)):
        folders[library].append(path)
    for library, listener in session.execute(joined.order_by(LibraryMemberRow.listener)):
        listeners[library].append(listener)
    counts = {library: count for library, count in session.execute(tracks)}  # noqa: C416  rows are no pairs to mypy
    return [
        NamedLibrary(each, tuple(folders[each]), tuple(listeners[key]), counts.get(key, 0))
        for each in session.scalars(names)
        for key in [text_key(each)]
    ]


def _remove_members(session: Session, library_id: str, listeners: Collection[str]) -> list[str]:
    """Remove members of a library, and return those who are now members of none; they get no tracks."""
    leaving = delete(LibraryMemberRow).where(
        LibraryMemberRow.library_id == library_id, LibraryMemberRow.listener.in_(listeners)
    )
    alone = []
    for listener in sorted(session.scalars(leaving.returning(LibraryMemberRow.listener)).all()):
        rest = select(func.min(LibraryMemberRow.library_id)).where(LibraryMemberRow.listener == listener)
        library = session.scalar(rest)
        session.merge(ListenerLibraryRow(listener=listener, library=library or NOWHERE))
        if library is None:
            alone.append(listener)
    session.flush()
    return alone


def _forgotten_members(session: Session) -> dict[str, list[str]]:
    known = select(LibraryMemberRow.listener).union(select(ListenerLibraryRow.listener))
    found: defaultdict[str, set[str]] = defaultdict(set)
    for column in _OF_MEMBERS:
        placed = column.class_.library_id
        query = select(LibraryRow.name, column).where(LibraryRow.id == placed, column.not_in(known)).distinct()
        for library, listener in session.execute(query):
            found[library].add(listener or "")
    return {library: sorted(found[library]) for library in sorted(found)}


def add_members(database: Database, session: Session, library_id: str, listeners: Collection[str]) -> None:
    """Make listeners members of a library. Their listens, playlists, radios and links without a library move to it."""
    joined = select(LibraryMemberRow.listener).where(LibraryMemberRow.library_id == library_id)
    new = sorted(set(listeners).difference(session.scalars(joined)))  # sorted, so that transactions wait in one order
    if not new:
        return
    joining = database.insert(LibraryMemberRow).on_conflict_do_nothing()
    session.execute(joining, [{"library_id": library_id, "listener": listener} for listener in new])
    for table, column in _OF_LISTENER:
        unplaced = update(table).where(column.in_(new), table.library_id.is_(None))
        session.execute(unplaced.values(library_id=library_id))
    row = ListenerLibraryRow
    bound = database.insert(row).on_conflict_do_update(
        index_elements=[row.listener], set_={"library": library_id}, where=row.library == NOWHERE
    )
    session.execute(bound, [{"listener": listener, "library": library_id} for listener in new])


def _place(session: Session, roots: Mapping[str, str]) -> None:
    """Store the library of each job, failed file and picture again, and mark the pictures for the index."""
    for table in (JobRow, FailedFileRow, PictureRow):
        for row_id, path, stored in session.execute(select(table.id, table.path, table.library_id)):
            library = None if path is None or (table is JobRow and _is_mixed(path, roots)) else library_of(path, roots)
            if library != stored:
                marked = {"index_pending": True, "revision": PictureRow.revision + 1} if table is PictureRow else {}
                session.execute(update(table).where(table.id == row_id).values(library_id=library, **marked))


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
    _place(session, roots)
    for library, file_ids in moved.items():
        for chunk in batched(file_ids, IDS_PER_STATEMENT):
            session.execute(update(LocationRow).where(LocationRow.id.in_(chunk)).values(library=library))
    for ids in batched(sorted(tracks), IDS_PER_STATEMENT):
        marked = {"index_pending": True, "revision": TrackRow.revision + 1}
        session.execute(update(TrackRow).where(TrackRow.id.in_(ids)).values(marked))
    set_turns(session, sorted(tracks))
