"""Stars, ratings and saved play queues, on SQLite and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import update

from services.catalog.library import FileStamp
from services.catalog.tables import TrackRow
from services.domain.annotations import ItemKind
from services.domain.listening import EventKind, ListenFilter, NewListen
from services.domain.track import Tags

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SONG = ItemKind.SONG


def track_id(number):
    return f"00000000-0000-5000-8000-{number:012d}"


@pytest.fixture
def tracks(catalogue):
    """The ids of three tracks."""
    for number in range(3):
        stamp = FileStamp(path=f"/music/{number}.mp3", root="/music", size=number, mtime_ns=1)
        catalogue.library.register(track_id(number), Tags(f"Title {number}", ("Artist",)), stamp)
    return [track_id(number) for number in range(3)]


def verdicts(catalogue, listener="ada"):
    """Return the likes and dislikes of a listener by track."""
    kinds = ListenFilter(kinds=(EventKind.LIKE, EventKind.DISLIKE))
    return {each.track_id: each.kind for each in catalogue.listens.page(listener, kinds).listens}


def judge(catalogue, track, kind):
    """Judge as the page does."""
    of = NewListen(names=(track,), at=NOON)
    verdict = None if kind is None else NewListen(names=(track,), kind=kind, at=NOON)
    catalogue.listens.judge("ada", verdict, of)


def test_a_star_is_a_like(catalogue, tracks):
    """Starring again changes nothing; without the star the like is gone; other listeners have their own."""
    store = catalogue.annotations
    store.star("ada", SONG, tracks[:2])
    first = store.starred("ada", SONG)
    store.star("ada", SONG, tracks[:1])
    assert store.starred("ada", SONG) == first
    assert set(first) == set(tracks[:2])
    assert verdicts(catalogue) == dict.fromkeys(tracks[:2], EventKind.LIKE)
    store.unstar("ada", SONG, tracks)

    assert (store.starred("ada", SONG), verdicts(catalogue)) == ({}, {})
    assert store.of_tracks("bob", tracks) == {}


def test_ratings_are_verdicts_and_come_back(catalogue, tracks):
    """Four and five are likes and no stars, one is a dislike, two and three are neither."""
    store = catalogue.annotations
    expected = {5: EventKind.LIKE, 3: None, 4: EventKind.LIKE, 1: EventKind.DISLIKE, 2: None, None: None}
    for rating, kind in expected.items():
        store.rate("ada", SONG, tracks[0], rating)
        found = store.of_tracks("ada", tracks)
        assert verdicts(catalogue) == ({} if kind is None else {tracks[0]: kind})
        assert (found[tracks[0]].rating if found else None) == rating
        assert store.starred("ada", SONG) == {}


def test_star_and_rating_of_a_track_are_independent(catalogue, tracks):
    """A star stays when the rating changes, and the rating when the star goes; the verdict is that of a low rating."""
    store = catalogue.annotations
    store.rate("ada", SONG, tracks[0], 5)
    store.star("ada", SONG, [tracks[0]])
    store.rate("ada", SONG, tracks[0], 3)
    assert verdicts(catalogue) == {tracks[0]: EventKind.LIKE}
    assert store.of_tracks("ada", tracks)[tracks[0]].starred is not None
    store.rate("ada", SONG, tracks[0], 4)
    store.unstar("ada", SONG, [tracks[0]])
    assert verdicts(catalogue) == {tracks[0]: EventKind.LIKE}
    assert store.starred("ada", SONG) == {}

    store.star("ada", SONG, [tracks[0]])
    store.rate("ada", SONG, tracks[0], 1)
    assert verdicts(catalogue) == {tracks[0]: EventKind.DISLIKE}
    assert set(store.starred("ada", SONG)) == {tracks[0]}
    store.rate("ada", SONG, tracks[0], None)
    assert verdicts(catalogue) == {tracks[0]: EventKind.LIKE}
    assert set(store.starred("ada", SONG)) == {tracks[0]}
    judge(catalogue, tracks[0], EventKind.DISLIKE)
    assert store.starred("ada", SONG) == {}


def test_verdicts_from_elsewhere_are_stars(catalogue, tracks):
    """A like of the page is a star until it is taken back, also of a track that was starred here before."""
    store = catalogue.annotations
    judge(catalogue, tracks[0], EventKind.LIKE)
    assert store.starred("ada", SONG) == {tracks[0]: NOON}
    store.rate("ada", SONG, tracks[0], 5)
    assert store.of_tracks("ada", tracks)[tracks[0]].starred == NOON
    judge(catalogue, tracks[0], None)
    assert store.starred("ada", SONG) == {}
    assert store.of_tracks("ada", tracks)[tracks[0]].rating == 5
    judge(catalogue, tracks[1], EventKind.DISLIKE)
    store.unstar("ada", SONG, [tracks[1]])

    assert verdicts(catalogue) == {tracks[1]: EventKind.DISLIKE}


def test_plays_are_counted(catalogue, tracks):
    """Skips and other tracks do not count; plays whose times are unknown do."""
    listens = [
        NewListen(names=(tracks[0],), at=NOON),
        NewListen(names=(tracks[0],), at=NOON + timedelta(hours=1)),
        NewListen(names=(tracks[0],), kind=EventKind.SKIP, at=NOON + timedelta(hours=2)),
        NewListen(names=(tracks[1],), kind=EventKind.SKIP, at=NOON),
    ]
    catalogue.listens.add("ada", listens)
    catalogue.play_counts.set_undated("ada", {"nd:0": (tracks[0], 7), "nd:2": (tracks[2], 3)})
    found = catalogue.annotations.of_tracks("ada", tracks)

    assert {track: (each.plays, each.played) for track, each in found.items()} == {
        tracks[0]: (9, NOON + timedelta(hours=1)),
        tracks[2]: (3, None),
    }


def test_a_successor_has_the_star_the_rating_and_the_plays(catalogue, tracks):
    """What the listener says of the successor then counts, also if the first file comes back."""
    store = catalogue.annotations
    store.star("ada", SONG, [tracks[0]])
    store.rate("ada", SONG, tracks[0], 5)
    catalogue.listens.add("ada", [NewListen(names=(tracks[0],), at=NOON)])
    catalogue.play_queues.save("ada", [tracks[0], tracks[2]], 0, 10, "test")
    before = store.of_tracks("ada", tracks)[tracks[0]]
    with catalogue.database.write() as session:
        session.execute(update(TrackRow).where(TrackRow.id == tracks[0]).values(successor_id=tracks[1]))

    assert store.of_tracks("ada", [tracks[1]]) == {tracks[1]: before}
    assert set(store.starred("ada", SONG)) == {tracks[1]}
    assert catalogue.play_queues.get("ada").track_ids == (tracks[1], tracks[2])
    store.rate("ada", SONG, tracks[1], 2)
    store.unstar("ada", SONG, [tracks[1]])
    assert store.of_tracks("ada", [tracks[1]])[tracks[1]].rating == 2
    assert (store.starred("ada", SONG), verdicts(catalogue)) == ({}, {})


def test_albums_and_artists_have_stars_and_ratings(catalogue):
    """They are no verdicts."""
    store = catalogue.annotations
    store.star("ada", ItemKind.ALBUM, ["al-1", "al-2"])
    store.rate("ada", ItemKind.ALBUM, "al-1", 4)
    store.star("ada", ItemKind.ARTIST, ["ar-1"])
    store.unstar("ada", ItemKind.ALBUM, ["al-2", "al-3"])
    [album] = store.of_groups("ada", ItemKind.ALBUM).items()

    assert album[0] == "al-1"
    assert (album[1].rating, album[1].starred) == (4, store.starred("ada", ItemKind.ALBUM)["al-1"])
    assert set(store.of_groups("ada", ItemKind.ARTIST)) == {"ar-1"}
    assert verdicts(catalogue) == {}


def test_an_item_may_be_rated_several_times_at_once(catalogue):
    """None of the requests fails, and one of the ratings stays."""
    barrier = Barrier(4, timeout=60)

    def rate(rating):
        for number in range(10):
            barrier.wait()
            catalogue.annotations.rate("ada", ItemKind.ALBUM, f"al-{number}", rating)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(rate, (2, 3, 4, 5)))

    found = catalogue.annotations.of_groups("ada", ItemKind.ALBUM)
    assert len(found) == 10
    assert {each.rating for each in found.values()} <= {2, 3, 4, 5}


def test_a_forgotten_listener_has_no_stars_and_no_queue(catalogue, tracks):
    """Those of others stay."""
    for name in ("ada", "bob"):
        catalogue.annotations.star(name, ItemKind.ALBUM, ["al-1"])
        catalogue.play_queues.save(name, tracks, 1, 2000, "phone")
    catalogue.listeners.forget_history("ada")

    assert catalogue.annotations.starred("ada", ItemKind.ALBUM) == {}
    assert catalogue.play_queues.get("ada") is None
    assert set(catalogue.annotations.starred("bob", ItemKind.ALBUM)) == {"al-1"}


def test_a_saved_queue_is_replaced(catalogue, tracks):
    """A listener has one; it may be empty."""
    store = catalogue.play_queues
    store.save("ada", [tracks[0], tracks[0]], 1, 61_000, "phone")
    saved = store.get("ada")
    assert (saved.track_ids, saved.current, saved.position_ms) == ((tracks[0], tracks[0]), 1, 61_000)
    assert saved.changed_by == "phone"
    store.save("ada", [], None, 0, "tablet")

    assert (store.get("ada").track_ids, store.get("ada").changed_by) == ((), "tablet")
