"""Statements that are limited to libraries, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import alias, delete, exists, func, insert, select, text, update
from sqlalchemy.orm import aliased

from services.catalog import Catalogue, limited_engines
from services.catalog.database import MIGRATIONS
from services.catalog.library import FileStamp
from services.catalog.limited_engines import FEW_FILES
from services.catalog.tables import (
    JobRow,
    ListenerLibraryRow,
    LocationRow,
    PlaylistEntryRow,
    PlaylistRow,
    Table,
    TrackArtistRow,
    TrackRow,
)
from services.catalog.tenancy import HELD, OPEN, RULES, limited_parts, limited_to
from services.domain.access import Scope
from services.domain.job import JobKind
from services.domain.listening import NewListen
from services.domain.people import Grant, Identity
from services.domain.playlist import NewEntry, PlaylistChange
from services.domain.track import Tags, TrackStatus
from tests.fakes.library import track_id

A, B = frozenset({"a"}), frozenset({"b"})
OURS, THEIRS, NOBODYS, BOTH = (track_id(number) for number in range(4))


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    """Two libraries with a track each, one that both have, and one in no library."""
    catalogue.libraries.put("A", ["/a"], ["ann"])
    catalogue.libraries.put("B", ["/b"], ["bob"])
    for each, path in ((OURS, "/a/1"), (THEIRS, "/b/1"), (NOBODYS, "/c/1"), (BOTH, "/a/2"), (BOTH, "/b/2")):
        catalogue.library.register(each, Tags(f"Title {path}", (f"Artist {path}",)), FileStamp(path, path[:2], 1, 1))
    return catalogue


def test_every_table_has_a_rule_or_a_reason():
    """A new table is in exactly one of the lists."""
    known = [*RULES, *HELD, *OPEN]

    assert sorted(known) == sorted(Table.metadata.tables)


@pytest.mark.parametrize("few", [FEW_FILES, 0])
def test_a_limit_holds_in_every_form_of_a_query(filled, monkeypatch, few):
    """Mapped rows, columns, joins, aliases, subqueries, unions, and rows by their key; for libraries of any size."""
    monkeypatch.setattr(limited_engines, "FEW_FILES", few)
    other = aliased(TrackRow)
    core = alias(TrackRow.__table__)
    statements = (
        select(TrackRow.id),
        select(TrackRow.__table__.c.id),
        select(core.c.id),
        select(other.id),
        select(TrackRow.id).join(LocationRow, LocationRow.track_id == TrackRow.id).distinct(),
        select(TrackArtistRow.track_id).distinct(),
        select(TrackRow.id).where(TrackRow.id.in_(select(LocationRow.track_id))),
        select(TrackRow.id).where(exists().where(LocationRow.track_id == TrackRow.id)),
        select(TrackRow.id).union(select(other.id)),
        select(TrackRow.id).with_for_update(),
        select(select(TrackRow.id).group_by(TrackRow.id).subquery().c.id),
        select(select(other.id).cte().c.id),
    )

    with limited_to(A), filled.database.read() as session:
        found = [set(session.scalars(statement)) for statement in statements]
        by_key = [session.get(TrackRow, each) is not None for each in (OURS, THEIRS, NOBODYS, BOTH)]
        titles = {row.title for row in session.scalars(select(TrackRow))}
    with filled.database.read() as session:
        unlimited = set(session.scalars(statements[0]))

    assert found == [{OURS, BOTH}] * len(statements)
    assert by_key == [True, False, False, True]
    assert len(titles) == 2
    assert unlimited == {OURS, THEIRS, NOBODYS, BOTH}


def test_no_library_is_not_every_library(filled):
    """A key without a library that exists sees nothing; one of two sees both."""
    for libraries, expected in ((frozenset(), 0), (frozenset({"c"}), 0), (A | B, 3)):
        with limited_to(libraries), filled.database.columns() as connection:
            assert connection.execute(select(func.count()).select_from(TrackRow)).scalar() == expected


def test_changes_reach_own_rows_only(filled):
    """UPDATE and DELETE, of one statement, of many rows at once and of mapped rows."""
    with limited_to(A), filled.database.write() as session:
        session.execute(update(TrackRow).values(reason="changed"))
        session.execute(update(TrackRow.__table__).where(TrackRow.id == THEIRS).values(reason="taken"))
        session.get_one(TrackRow, OURS).composer = "Ours"
        session.get_one(TrackRow, BOTH).composer = "Both"
        session.flush()
        session.execute(delete(LocationRow).where(LocationRow.path.in_(["/a/2", "/b/2"])))
    with filled.database.read() as session:
        rows = {row.id: (row.reason, row.composer) for row in session.scalars(select(TrackRow))}
        paths = set(session.scalars(select(LocationRow.path)))

    assert rows == {
        OURS: ("changed", "Ours"),
        BOTH: ("changed", "Both"),
        THEIRS: (None, None),
        NOBODYS: (None, None),
    }
    assert paths == {"/a/1", "/b/1", "/c/1", "/b/2"}


def test_new_rows_belong_to_the_library(filled):
    """By the mapper and by an INSERT; with several libraries to the first, without a limit to none."""
    for libraries in (A, None, A | B):
        with limited_to(libraries):
            filled.jobs.create(JobKind.SCAN, "/elsewhere")
            with filled.database.write() as session:
                values = {"id": str(libraries), "name": "p", "description": "", "created_at": func.now()}
                session.execute(insert(PlaylistRow).values(values | {"updated_at": func.now()}))
    with filled.database.read() as session:
        found = [sorted(map(str, session.scalars(select(row.library_id)))) for row in (JobRow, PlaylistRow)]

    assert found == [["None", "a", "a"]] * 2


def test_a_stream_keeps_its_limit(filled):
    """Its steps are limited wherever they run, and other work between them is not."""

    def counts() -> Iterator[int]:
        for _ in range(2):
            with filled.database.columns() as connection:
                yield len(connection.execute(select(TrackRow.id)).all())

    with limited_to(B):
        steps = limited_parts(counts())
    with filled.database.columns() as connection:
        before = len(connection.execute(select(TrackRow.id)).all())

    assert (before, list(steps)) == (4, [2, 2])


def test_no_library_takes_a_listener_who_is_known(catalogue):
    """By a sign-in, or by a key of all libraries or of another one; a revoked key does not count."""
    catalogue.libraries.put("A", ["/a"], [])
    for listener, libraries in (("carol", None), ("dan", B), ("eve", A | B), ("fay", A)):
        catalogue.keys.create(listener, [Scope.LISTEN], [listener], libraries=libraries)
    catalogue.keys.revoke(catalogue.keys.create("gil", [Scope.LISTEN], ["gil"]).id)
    catalogue.people.sign_in(Identity("https://auth.example", "1", "hal", "Hal"), Grant(frozenset()), timedelta(days=1))
    listeners = ("carol", "dan", "eve", "fay", "gil", "hal", "nobody-yet")

    admitted = {each for each in listeners if catalogue.libraries.admit(each, A, may_join=True)}
    with catalogue.database.read() as session:
        bound = {row.listener: row.library for row in session.scalars(select(ListenerLibraryRow))}

    assert admitted == {"eve", "fay", "gil", "nobody-yet"}
    assert catalogue.libraries.members(A) == admitted
    assert bound == dict.fromkeys(admitted, "a")  # for code of before members


def test_a_change_of_a_playlist_keeps_what_the_request_does_not_see(filled):
    """Entries whose files are gone, or of another library, count as missing, and keep their places."""
    gone, new = track_id(4), track_id(5)
    for number, each in enumerate((gone, new)):
        filled.library.register(each, Tags(f"Other {number}"), FileStamp(f"/a/{3 + number}", "/a", 1, 1))
    made = filled.playlists.create("p", [THEIRS, OURS, gone, NOBODYS, BOTH, gone], owner="ann")
    filled.library.forget_files(["/a/3"])
    store, by_id = filled.playlists, lambda: [entry.id for entry in filled.playlists.entries(made.id)]

    with limited_to(A):
        contents = store.contents([made.id])[made.id]
        store.append(made.id, [new])
    appended, places = by_id(), _places(filled, made.id)
    with limited_to(A):
        store.change(made.id, 1, PlaylistChange(entries=(5, NewEntry(new), 2)))
    turned = by_id()
    with limited_to(A):
        store.change(made.id, 2, PlaylistChange(entries=(2,)))

    assert (contents.tracks, contents.missing) == (6, 4)
    assert (appended, places) == ([1, 2, 3, 4, 5, 6, 7], [*range(7)])
    assert turned == [1, 5, 6, 8, 2, 3, 4]
    assert by_id() == [1, 6, 2, 3, 4]


def _places(catalogue: Catalogue, playlist_id: str) -> list[int]:
    entries = select(PlaylistEntryRow.position).where(PlaylistEntryRow.playlist_id == playlist_id)
    with catalogue.database.read() as session:
        return sorted(session.scalars(entries))


def test_a_successor_in_another_library_is_not_told(filled):
    """The entry is missing for a request that is limited to the library of the track that is gone."""
    made = filled.playlists.create("p", [OURS, BOTH], owner="ann")
    filled.listens.add("ann", [NewListen(names=(OURS,), at=datetime(2026, 3, 1, tzinfo=UTC))])
    filled.library.forget_files(["/a/1"])
    with filled.database.write() as session:
        session.get_one(TrackRow, OURS).successor_id = THEIRS

    told = {}
    for libraries in (A, A | B, None):
        with limited_to(libraries):
            entries = [entry.track_id for entry in filled.playlists.entries(made.id)]
            heard = [listen.track_id for listen in filled.listens.page("ann").listens]
            missing = filled.playlists.contents([made.id])[made.id].missing
            told[libraries] = entries, heard, missing, filled.tracks.resolve([OURS])

    assert told[A] == ([OURS, BOTH], [OURS], 1, {})
    assert told[A | B] == told[None] == ([THEIRS, BOTH], [THEIRS], 0, {OURS: THEIRS})


def test_a_deletion_from_libraries_holds_there(filled):
    """Until a file of the track is taken there, or the library is removed; other libraries keep the track."""
    store, files = filled.library, ("/a/2", "/b/2", "/c/2")

    def deleted():
        return [path for path in files if store.is_deleted(BOTH, path)]

    def take(path):
        store.register(BOTH, Tags("Both"), FileStamp(path, path[:2], 1, 1))

    def missing():
        return filled.tracks.count_by_status()[TrackStatus.MISSING]

    paths = store.delete(BOTH, B)
    take("/a/2")
    from_one, others = deleted(), [file.path for file in filled.tracks.files(BOTH)]
    known = filled.tracks.resolve([BOTH])
    store.delete(BOTH, A | frozenset({"unknown"}))
    from_both, while_gone, unknown = deleted(), missing(), filled.tracks.resolve([BOTH])
    take("/b/2")
    taken = deleted()
    store.delete(BOTH)
    from_all = deleted()
    take("/b/2")
    filled.libraries.remove("A")

    assert (paths, from_one, others) == (["/b/2"], ["/b/2"], ["/a/2"])
    assert (known, unknown) == ({BOTH: BOTH}, {})
    assert (from_both, while_gone) == (["/a/2", "/b/2"], 0)
    assert taken == ["/a/2"]
    assert from_all == [*files]
    assert deleted() == []


def test_the_migration_places_what_is_stored(catalogue):
    """Rows of listeners and folders get their library, unless a folder has files of several; bindings stay."""
    old = (
        "INSERT INTO libraries (name, created_at) VALUES ('Kids', CURRENT_TIMESTAMP), ('All', CURRENT_TIMESTAMP)",
        "INSERT INTO library_roots (path, library) VALUES (:kids, 'Kids'), (:music, 'All')",
        "INSERT INTO listener_libraries (listener, library) VALUES ('mia', 'Kids')",
        (
            "INSERT INTO api_keys (id, name, digest, scopes, users, library, internal, created_at) "
            "VALUES ('k', 'k', :music, '[]', '[\"mia\", \"bo\"]', 'All', false, CURRENT_TIMESTAMP)"
        ),
        (
            "INSERT INTO playlists (id, owner, name, description, revision, next_entry, created_at, updated_at) "
            "VALUES ('p', 'mia', 'p', '', 0, 1, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)"
        ),
        (
            "INSERT INTO jobs (id, kind, path, state, total, unchanged, listed, created_at, updated_at) VALUES "
            "('inner', 'scan', :inner, 'done', 0, 0, true, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP), "
            "('outer', 'scan', :music, 'done', 0, 0, true, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP), "
            "('other', 'scan', :other, 'done', 0, 0, true, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)"
        ),
    )
    paths = {"kids": b"/music/kids", "music": b"/music", "inner": b"/music/kids/a", "other": b"/music2"}
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with catalogue.database.engine.connect().execution_options(writes=True) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0025")
        for statement in map(text, old):
            connection.execute(statement, {name: paths[name] for name in statement._bindparams})
        connection.commit()
        command.upgrade(config, "head")
        connection.commit()
    with catalogue.database.read() as session:
        jobs = dict(session.execute(select(JobRow.id, JobRow.library_id)).all())
        playlist = session.get_one(PlaylistRow, "p").library_id

    assert jobs == {"inner": "kids", "outer": None, "other": None}
    assert playlist == "kids"
    assert {each.name: each.listeners for each in catalogue.libraries.all()} == {"All": ("bo",), "Kids": ("mia",)}
    assert catalogue.keys.get("k").libraries == {"all"}
