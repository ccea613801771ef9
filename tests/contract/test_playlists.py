"""Playlists in the catalogue, on SQLite and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from services.catalog import Catalogue
from services.catalog import playlists as module
from services.catalog.database import now
from services.catalog.library import FileStamp
from services.catalog.playlists import PlaylistFull, TooManyPlaylists, UnknownEntry
from services.catalog.tables import LocationRow, PlaylistRow
from services.domain.errors import PlaylistChanged, PlaylistNotFound
from services.domain.filters import Filters, Range
from services.domain.playlist import COVERS, NewEntry, PlaylistChange, Rules
from services.domain.track import Tags

RULES = Rules(filters=Filters({"energy": Range(max=0.4)}, {"genre": ("Folk",)}), text=("calm",), mood="focus", limit=7)


def track_id(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012d}"


def register(catalogue: Catalogue, number: int, album: str = "Album", root: str = "/music") -> str:
    stamp = FileStamp(path=f"{root}/{number}.mp3", root=root, size=number, mtime_ns=1)
    tags = Tags(f"Title {number}", ("Artist",), album, duration_ms=1000 * number)
    catalogue.library.register(track_id(number), tags, stamp)
    return track_id(number)


def shown(catalogue, playlist):
    return [(entry.id, entry.track_id) for entry in catalogue.playlists.entries(playlist.id)]


def age(catalogue, playlist, **columns):
    """Move times of a playlist into the past."""
    with catalogue.database.write() as session:
        values = {name: now() - past for name, past in columns.items()}
        session.execute(update(PlaylistRow).where(PlaylistRow.id == playlist.id).values(values))


def test_a_playlist_is_stored_completely(catalogue):
    """Every part of a playlist comes back, the rules included."""
    store = catalogue.playlists
    made = store.create("Été 🎧", owner="ada", description="warm", rules=RULES)
    found = store.get(made.id)

    assert found == made
    assert (found.name, found.owner, found.description, found.rules) == ("Été 🎧", "ada", "warm", RULES)
    assert (found.revision, found.refreshed_at, found.failure) == (0, None, None)


def test_a_track_may_occur_twice_and_each_entry_has_its_own_id(catalogue):
    """One of two equal tracks is removed and the others are reordered; ids of entries stay and are never reused."""
    store = catalogue.playlists
    one, two = register(catalogue, 1), register(catalogue, 2)
    made = store.create("mix", [one, two, one])
    changed = store.change(made.id, 0, PlaylistChange(entries=(3, NewEntry(two), 2)))
    again = store.change(made.id, changed.revision, PlaylistChange(entries=(2, NewEntry(one))))

    assert shown(catalogue, again) == [(2, two), (5, one)]
    assert (changed.revision, again.revision) == (1, 2)


def test_a_change_from_an_older_state_is_refused(catalogue):
    """Of two tabs that change the same state, the second learns that it must read the playlist again."""
    store = catalogue.playlists
    made = store.create("mix", [register(catalogue, 1)])
    store.change(made.id, 0, PlaylistChange(name="first"))
    with pytest.raises(PlaylistChanged, match="changed meanwhile"):
        store.change(made.id, 0, PlaylistChange(name="second", entries=()))

    assert store.get(made.id).name == "first"
    assert len(shown(catalogue, made)) == 1


def test_concurrent_additions_all_arrive(catalogue):
    """Tracks that are added at the same time do not replace each other."""
    store = catalogue.playlists
    made, tracks = store.create("mix"), [register(catalogue, number) for number in range(8)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda each: store.append(made.id, [each, each]), tracks))

    entries = shown(catalogue, made)
    assert sorted(track for _, track in entries) == sorted(tracks * 2)
    assert [number for number, _ in entries] == list(range(1, 17))
    assert store.get(made.id).revision == 8


def test_impossible_changes_are_refused(catalogue):
    """An unknown entry or one that is named twice changes nothing."""
    store = catalogue.playlists
    made = store.create("mix", [register(catalogue, 1)])
    for entries in ((2,), (1, 1)):
        with pytest.raises(UnknownEntry):
            store.change(made.id, 0, PlaylistChange(name="other", entries=entries))

    assert store.get(made.id) == made
    assert len(shown(catalogue, made)) == 1


@pytest.mark.parametrize("playlist_id", ["nobody", track_id(9), "a\0b", ""])
def test_an_unknown_playlist_is_not_found(catalogue, playlist_id):
    """Every operation says so, whatever the id looks like."""
    store = catalogue.playlists
    for ask in (
        lambda: store.get(playlist_id),
        lambda: store.change(playlist_id, 0, PlaylistChange(name="x")),
        lambda: store.append(playlist_id, [track_id(1)]),
        lambda: store.remove(playlist_id),
    ):
        with pytest.raises(PlaylistNotFound):
            ask()
    assert store.entries(playlist_id) == []


def test_limits_hold(catalogue, monkeypatch):
    """An owner has a maximum of playlists, and a playlist a maximum of tracks; other owners are not affected."""
    monkeypatch.setattr(module, "PLAYLISTS_MAX", 2)
    monkeypatch.setattr(module, "TRACKS_MAX", 3)
    store = catalogue.playlists
    first, _ = [store.create(name, owner="ada") for name in "ab"]
    with pytest.raises(TooManyPlaylists):
        store.create("c", owner="ada")
    store.create("c", owner="bob")
    store.create("c")
    store.append(first.id, [track_id(1)] * 3)
    with pytest.raises(PlaylistFull):
        store.append(first.id, [track_id(2)])

    assert len(shown(catalogue, first)) == 3


def test_owners_have_their_own_playlists_and_take_them_along(catalogue):
    """The list contains the playlists of the named owners; forgetting a listener deletes theirs only."""
    store = catalogue.playlists
    for name, owner in (("b", "ada"), ("A", "ada"), ("c", "bob"), ("d", None)):
        store.append(store.create(name, owner=owner).id, [register(catalogue, 1)])

    assert [each.name for each in store.listed(["ada"])] == ["A", "b"]
    assert [each.name for each in store.listed()] == ["A", "b", "c", "d"]
    catalogue.listeners.forget_history("ada")
    assert [each.name for each in store.listed()] == ["c", "d"]
    assert len(store.contents([each.id for each in store.listed()])) == 2


def test_contents_count_missing_files(catalogue):
    """An entry whose file is gone stays and is counted as missing; it returns with the file."""
    store = catalogue.playlists
    tracks = [register(catalogue, number, album=f"Album {number // 2}") for number in range(1, 12)]
    made = store.create("mix", [tracks[0], *tracks])
    with catalogue.database.write() as session:
        session.execute(delete(LocationRow).where(LocationRow.track_id == tracks[1]))
    without = store.contents([made.id])[made.id]
    register(catalogue, 2)
    again = store.contents([made.id])[made.id]

    assert (without.tracks, without.missing, without.duration_ms) == (12, 1, 1000 * (1 + sum(range(1, 12)) - 2))
    assert (again.tracks, again.missing, again.duration_ms) == (12, 0, 1000 * (1 + sum(range(1, 12))))
    assert len(again.cover_tracks) == COVERS
    assert again.cover_tracks[0] == tracks[0]
    assert store.contents([store.create("empty").id]) == {}


def test_a_refresh_keeps_the_entries_of_tracks_that_stay(catalogue):
    """Rules replace the tracks; the same result changes no revision, and old rules change nothing."""
    store = catalogue.playlists
    one, two, three = (register(catalogue, number) for number in (1, 2, 3))
    made = store.create("smart", [one, two], rules=RULES)

    assert store.refreshed(made.id, RULES, [two, three])
    assert shown(catalogue, made) == [(2, two), (3, three)]
    changed = store.get(made.id)
    assert changed.revision == 1
    assert changed.refreshed_at is not None
    assert store.refreshed(made.id, RULES, [two, three])
    assert store.get(made.id).revision == 1
    assert not store.refreshed(made.id, Rules(text=("other",)), [one])
    assert shown(catalogue, made) == [(2, two), (3, three)]


def test_smart_playlists_are_due_once_a_day(catalogue):
    """Playlists without rules never are, refreshed ones after a day, and failed ones an hour after the failure."""
    store = catalogue.playlists
    store.create("ordinary")
    made = store.create("smart", [register(catalogue, 1)], rules=RULES)
    assert store.due() == [made.id]
    store.refreshed(made.id, RULES, [])
    assert store.due() == []
    age(catalogue, made, refreshed_at=timedelta(hours=25))
    assert store.due() == [made.id]
    store.failed(made.id, "the index does not respond")
    assert store.due() == []
    assert store.get(made.id).failure == "the index does not respond"
    age(catalogue, made, failed_at=timedelta(minutes=61))
    assert store.due() == [made.id]
    store.refreshed(made.id, RULES, [])
    assert store.get(made.id).failure is None


def test_a_smart_playlist_becomes_an_ordinary_one(catalogue):
    """Without rules it keeps its tracks and is never due again."""
    store = catalogue.playlists
    made = store.create("smart", [register(catalogue, 1)], rules=RULES)
    changed = store.change(made.id, 0, PlaylistChange(rules=(None,)))

    assert changed.rules is None
    assert len(shown(catalogue, made)) == 1
    assert store.due() == []


def test_files_are_found_by_name_and_by_title(catalogue):
    """Names are compared without regard to case; tracks without files are found by title only."""
    files = catalogue.files
    for number in (1, 2):
        register(catalogue, number)
    catalogue.library.register(
        track_id(3), Tags("Été", ("Ändere",)), FileStamp("/music/x/\udcff.MP3", "/music", 3, mtime_ns=1)
    )

    assert [file.track_id for file in files.named({"1.mp3", "\udcff.mp3"})] == [track_id(1), track_id(3)]
    assert list(files.named(set())) == []
    assert [(each.id, each.artist_keys, each.has_file) for each in files.titled({"ete"})] == [
        (track_id(3), {"andere"}, True)
    ]
    assert {each: file.relative for each, file in files.of([track_id(3), track_id(9)]).items()} == {
        track_id(3): "x/\udcff.MP3"
    }
