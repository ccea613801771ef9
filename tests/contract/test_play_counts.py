"""Plays without a time, and what a listener loves, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta

from services.catalog.library import FileStamp
from services.domain.listening import (
    UNDATED,
    Description,
    EventKind,
    ListenerSummary,
    ListenEvent,
    ListenFilter,
    Loved,
    NewListen,
    Unmatched,
)
from services.domain.track import Tags

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def track_id(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012d}"


def register(catalogue, *numbers):
    for number in numbers:
        stamp = FileStamp(path=f"/music/{number}.mp3", root="/music", size=number, mtime_ns=1)
        catalogue.library.register(track_id(number), Tags(f"Title {number}", ("Artist",)), stamp)


def listen(number, days=0, kind=EventKind.PLAY, **more):
    return NewListen(**{"names": (track_id(number),), "at": NOON - timedelta(days=days), "kind": kind} | more)


def test_plays_without_a_time_are_counted_but_have_no_time(catalogue):
    """They count one by one, come last, and change neither the first nor the last time."""
    register(catalogue, 1, 2)
    catalogue.listens.add("ada", [listen(1)])
    catalogue.play_counts.set_undated("ada", {"nd:1": (track_id(1), 41), "nd:2": (track_id(2), 1)})
    listens = catalogue.listens
    page = listens.page("ada").listens

    assert [(each.track_id, each.undated_plays) for each in page] == [
        *[(track_id(1), None), (track_id(2), 1), (track_id(1), 41)],
    ]
    assert listens.counts("ada").by_kind[EventKind.PLAY] == listens.count("ada") == 43
    assert (listens.counts("ada").first_at, listens.counts("ada").last_at) == (NOON, NOON)
    assert listens.listeners() == [ListenerSummary("ada", 43, NOON)]
    assert listens.count("ada", ListenFilter(dated=True)) == 1
    assert listens.count("ada", ListenFilter(before=NOON + timedelta(days=1))) == 1


def test_a_listener_with_plays_without_a_time_only_has_no_last_time(catalogue):
    """The time is unknown, not long ago."""
    register(catalogue, 1)
    catalogue.play_counts.set_undated("ada", {"nd:1": (track_id(1), 5)})

    assert catalogue.listens.listeners() == [ListenerSummary("ada", 5, None)]
    assert catalogue.listens.counts("ada").last_at is None


def test_a_new_number_replaces_the_earlier_one(catalogue):
    """The same external id has one row; 0 deletes it, and other listeners keep theirs."""
    register(catalogue, 1, 2)
    catalogue.play_counts.set_undated("ada", {"nd:1": (track_id(1), 5), "nd:2": (track_id(2), 5)})
    catalogue.play_counts.set_undated("bob", {"nd:1": (track_id(1), 5)})
    catalogue.play_counts.set_undated("ada", {"nd:1": (track_id(1), 7), "nd:2": (track_id(2), 0)})

    assert catalogue.play_counts.undated("ada") == {"nd:1": (track_id(1), 7)}
    assert [each.undated_plays for each in catalogue.listens.page("ada").listens] == [7]
    assert [each.undated_plays for each in catalogue.listens.page("bob").listens] == [5]


def test_plays_without_a_time_are_part_of_what_recommendations_use(catalogue):
    """They mean that a track was heard, but not lately."""
    register(catalogue, 1)
    catalogue.play_counts.set_undated("ada", {"nd:1": (track_id(1), 5)})
    ever = catalogue.listens.remembered("ada", repeat_after=None)

    assert ever.events == (ListenEvent(track_id(1), EventKind.PLAY, UNDATED, undated_plays=5),)
    assert set(ever.heard) == {track_id(1)}
    assert catalogue.listens.remembered("ada", repeat_after=timedelta(days=30)).heard == {}


def test_the_times_of_plays_are_known_by_track(catalogue):
    """Neither plays without a time nor other events have one."""
    register(catalogue, 1, 2, 3)
    catalogue.listens.add("ada", [listen(1), listen(1, days=2), listen(2, kind=EventKind.SKIP)])
    catalogue.listens.add("bob", [listen(1, days=1)])
    catalogue.play_counts.set_undated("ada", {"nd:3": (track_id(3), 5)})
    times = catalogue.play_counts.dated("ada")

    assert {each: sorted(moments) for each, moments in times.items()} == {track_id(1): [NOON - timedelta(days=2), NOON]}


def test_loved_tracks_are_liked_or_played_often_and_not_heard_lately(catalogue):
    """A later dislike takes a track out, however often it was played."""
    register(catalogue, *range(1, 7))
    catalogue.play_counts.set_undated("ada", {f"nd:{n}": (track_id(n), 4) for n in (1, 2, 3)})
    catalogue.listens.add("ada", [listen(1, days=100), listen(2, days=1)])
    catalogue.listens.add("ada", [listen(3, days=100, kind=EventKind.LIKE), listen(3, days=99, kind=EventKind.DISLIKE)])
    catalogue.listens.add("ada", [listen(4, days=100), listen(5, days=100, kind=EventKind.LIKE)])
    loved = catalogue.play_counts.loved("ada", plays=5, before=NOON - timedelta(days=90))

    assert sorted(loved, key=lambda each: each.track_id) == [
        Loved(track_id(1), 5, is_liked=False),
        Loved(track_id(5), 0, is_liked=True),
    ]


def test_artists_are_heard_since_their_first_listen(catalogue):
    """Skips count, those of other listeners do not, and plays without a time are as old as can be."""
    for number, artist in ((1, "Ann"), (2, "ANN"), (3, "Ben"), (4, "Cem")):
        stamp = FileStamp(path=f"/music/{number}.mp3", root="/music", size=number, mtime_ns=1)
        catalogue.library.register(track_id(number), Tags(f"Title {number}", (artist,)), stamp)
    catalogue.listens.add("ada", [listen(1), listen(2, days=3, kind=EventKind.SKIP)])
    catalogue.listens.add("ben", [listen(3)])
    catalogue.play_counts.set_undated("ada", {"nd:4": (track_id(4), 2)})

    assert catalogue.play_counts.artists_first_heard("ada") == {"ann": NOON - timedelta(days=3), "cem": UNDATED}
    assert catalogue.play_counts.artists_of([track_id(2), track_id(3), "unknown"]) == {
        track_id(2): "ann",
        track_id(3): "ben",
    }


def test_what_is_not_in_the_library_is_counted_by_recording(catalogue):
    """Most often heard first, whatever the event; a listen leaves the list when its track comes."""
    waiting = Description(artist="Artist", title="Title 3", album="Album")
    other = Description(artist="Artist", title="Other")
    catalogue.listens.add(
        "ada",
        [
            *(listen(0, days, names=(), described=waiting) for days in range(3)),
            listen(0, 5, names=(), described=other, kind=EventKind.SKIP),
            listen(0, names=(), described=other, at=UNDATED, undated_plays=7),
            listen(0, names=("mbid:1", "isrc:X")),
            listen(0, names=(), described=waiting, at=NOON, kind=EventKind.LIKE),
        ],
    )
    catalogue.listens.add("bob", [listen(0, names=(), described=waiting)])
    page = catalogue.play_counts.unmatched("ada", limit=2)
    rest = catalogue.play_counts.unmatched("ada", limit=2, offset=2)
    register(catalogue, 3)
    catalogue.listens.add("ada", [listen(3, 9)])
    later = catalogue.play_counts.unmatched("ada", limit=9)

    assert page.recordings == (
        Unmatched("Artist", "Other", None, (), 8, NOON - timedelta(days=5)),
        Unmatched("Artist", "Title 3", "Album", (), 4, NOON),
    )
    assert rest.recordings == (Unmatched(None, None, None, ("mbid:1", "isrc:X"), 1, NOON),)
    assert (page.total, page.listens, rest.total) == (3, 13, 3)
    assert [each.title for each in later.recordings] == ["Other", None]
