"""Listens and external ids in the catalogue, on SQLite and on PostgreSQL."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from services.catalog import Catalogue
from services.catalog.database import MIGRATIONS
from services.catalog.library import FileStamp
from services.domain.errors import InvalidCursor, TrackNotFound
from services.domain.listening import (
    Description,
    EventKind,
    ListenFilter,
    NewListen,
    Start,
    StartPlay,
    TrackKnown,
)
from services.domain.track import Tags

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MBID = "4a0a6d1e-3c11-4f0c-8d4b-1f0f3a6f5b1d"


def track_id(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012d}"


def register(catalogue: Catalogue, number: int, tags: Tags | None = None) -> str:
    stamp = FileStamp(path=f"/music/{number}.mp3", root="/music", size=number, mtime_ns=1)
    catalogue.library.register(track_id(number), tags or Tags(f"Title {number}", ("Artist",)), stamp)
    return track_id(number)


def listen(*names: str, minute: int = 0, **more: object) -> NewListen:
    return NewListen(**{"names": names, "at": NOON + timedelta(minutes=minute)} | more)


def words(artist: str, title: str, album: str | None = None, duration_ms: int | None = None) -> NewListen:
    return listen(described=Description(artist=artist, title=title, album=album, duration_ms=duration_ms))


def test_a_listen_is_stored_completely(catalogue):
    """Every field of a listen is stored, with the id of its track."""
    register(catalogue, 1)
    sent = NewListen(
        names=(track_id(1),),
        described=Description(artist="A", title="T", album="L", duration_ms=9),
        kind=EventKind.SKIP,
        at=NOON.replace(microsecond=123456),
        played_ms=4000,
        key="k",
    )
    [recorded] = catalogue.listens.add("ada", [sent])
    [kept] = catalogue.listens.page("ada").listens

    assert recorded.is_new
    assert (kept.id, kept.track_id) == (recorded.id, track_id(1))
    assert {name: getattr(kept, name) for name in NewListen.__slots__} == {
        name: getattr(sent, name) for name in NewListen.__slots__
    }


def test_the_same_listen_is_recorded_once(catalogue):
    """Duplicates have the same client key or, without a key, the same track, event and time, under any id."""
    register(catalogue, 1, Tags("T", ("A",), ids={"isrc": ("X1",)}))
    first = catalogue.listens.add("ada", [listen(track_id(1)), listen(track_id(1), minute=1, key="k")])
    again = catalogue.listens.add(
        "ada",
        [
            listen("isrc:X1"),
            listen(track_id(1), minute=7, key="k", kind=EventKind.SKIP),
            listen(track_id(1), kind=EventKind.LIKE),
            listen(track_id(1), minute=2),
            listen(track_id(1), minute=2),
        ],
    )

    assert [outcome.is_new for outcome in again] == [False, False, True, True, False]
    assert [outcome.id for outcome in again[:2]] == [outcome.id for outcome in first]
    assert again[3].id == again[4].id
    assert catalogue.listens.count("ada") == 4
    assert [outcome.is_new for outcome in catalogue.listens.add("bob", [listen(track_id(1))])] == [True]


def test_concurrent_duplicates_are_recorded_once(catalogue):
    """Eight threads that send the same fifty listens store fifty."""
    register(catalogue, 1)
    batch = [listen(track_id(1), minute=minute) for minute in range(50)]
    outcomes: list[int] = []
    barrier = threading.Barrier(8)

    def send() -> None:
        barrier.wait()
        outcomes.append(sum(outcome.is_new for outcome in catalogue.listens.add("ada", batch)))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(outcomes) == 50
    assert catalogue.listens.count("ada") == 50


@pytest.mark.parametrize(
    ("sent", "tags"),
    [
        (listen(track_id(1)), Tags("T")),
        (listen("ISRC:X1"), Tags("T", ids={"isrc": ("X1",)})),
        (listen("nobody", "mbid:m", "isrc:X1"), Tags("T", ids={"isrc": ("X1",)})),
        (words("boards of canada ", "ROYGBIV"), Tags("Roygbiv", ("Boards of Canada",), "Album")),
    ],
)
def test_a_listen_is_attached_when_its_track_is_registered(catalogue, sent, tags):
    """A listen of an unknown track is stored without a track id and gets it when the track is registered."""
    register(catalogue, 2)
    [recorded] = catalogue.listens.add("ada", [sent])
    before = catalogue.listens.page("ada").listens
    register(catalogue, 1, tags)
    after = catalogue.listens.page("ada").listens

    assert recorded.is_new
    assert recorded.track_id is None
    assert before[0].track_id is None
    assert after == (replace(before[0], track_id=track_id(1)),)
    assert [outcome.is_new for outcome in catalogue.listens.add("ada", [sent])] == [False]


def test_a_listen_is_attached_when_its_external_id_is_set(catalogue):
    """A listen with an unknown external id gets its track when a client sets that id."""
    catalogue.listens.add("ada", [listen("navidrome:a1")])
    register(catalogue, 1)
    catalogue.external_ids.change(track_id(1), {"navidrome": "a1"})

    assert catalogue.listens.page("ada").listens[0].track_id == track_id(1)


def test_listens_under_two_ids_are_merged_when_their_track_is_registered(catalogue):
    """A play reported under two external ids of one track counts once; other listens are kept."""
    catalogue.listens.add("ada", [listen("isrc:X1"), listen("mbid:m"), listen("mbid:m", minute=1), listen("mbid:n")])
    catalogue.listens.add("bob", [listen("mbid:m")])
    register(catalogue, 1, Tags("T", ids={"isrc": ("X1",), "mbid": ("m",)}))

    assert [kept.track_id for kept in catalogue.listens.page("ada").listens] == [track_id(1), None, track_id(1)]
    assert catalogue.listens.count("bob") == 1


def test_a_listen_and_its_track_added_concurrently_are_attached(catalogue):
    """A listen is attached to a track that is registered at the same time."""
    for number in range(1, 21):
        barrier = threading.Barrier(2)

        def send(name: str = f"test:{number}", barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            catalogue.listens.add("ada", [listen(name)])

        def scan(number: int = number, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            register(catalogue, number, Tags("T", ids={"test": (str(number),)}))

        threads = [threading.Thread(target=send), threading.Thread(target=scan)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert catalogue.listens.count("ada") == 20
    assert catalogue.listens.count("ada", ListenFilter(track_known=TrackKnown.UNKNOWN)) == 0


def test_descriptions_match_the_closest_track(catalogue):
    """Among tracks of the same artist and title, the album decides, then the duration."""
    register(catalogue, 1, Tags("Song", ("Band",), "Live", duration_ms=300_000))
    register(catalogue, 2, Tags("Song", ("Band",), "Studio", duration_ms=200_000))
    register(catalogue, 3, Tags("Song", ("Band",), "Remix", duration_ms=250_000))
    register(catalogue, 4, Tags("Song", ("Bandit",), "Studio", duration_ms=200_000))
    sent = [
        words("band", "song", "live"),
        words("Band", "Song", duration_ms=252_000),
        words("Band", "Song", "Bootleg", 201_000),
        words("Bandit", "Song"),
        words("Band", "Other"),
    ]

    assert [outcome.track_id for outcome in catalogue.listens.add("ada", sent)] == [
        *(track_id(number) for number in (1, 3, 2, 4)),
        None,
    ]


SPELLINGS = [
    ("Beyonce\u0301 O\u0308", "Cafe\u0301"),
    ("BEYONCÉ  Ö", "café"),
    ("Beyoncé Ö", "\u200bCafé"),
]


def test_the_same_listen_in_two_spellings_is_one_listen(catalogue):
    """Before and after its track comes into the library, whichever spelling the tags have."""
    waiting = catalogue.listens.add("ada", [words(*spelling) for spelling in SPELLINGS])
    register(catalogue, 1, Tags("Cafe\u0301", ("Beyoncé O\u0308",)))
    known = catalogue.listens.add("ada", [words(*spelling) for spelling in SPELLINGS])

    assert [each.is_new for each in waiting] == [True, False, False]
    assert {each.track_id for each in known} == {track_id(1)}
    assert not any(each.is_new for each in known)
    assert catalogue.listens.count("ada") == 1


@pytest.mark.parametrize(
    "artist", ["Anna", "Bertil", "Anna & Bertil", "Anna, Bertil", "anna; bertil", "Anna feat. Bertil"]
)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_listen_may_name_one_or_all_artists(catalogue, artist, is_first):
    """It finds a track of several artists that is there or comes later."""
    tags = Tags("One Title", ("Anna", "Bertil"))
    if is_first:
        register(catalogue, 1, tags)
    catalogue.listens.add("ada", [words(artist, "One Title"), words("Somebody", "One Title")])
    if not is_first:
        register(catalogue, 1, tags)

    assert sorted(each.track_id or "" for each in catalogue.listens.page("ada").listens) == ["", track_id(1)]


@pytest.mark.parametrize(
    ("artist", "title", "tags"),
    [
        ("Boss", "Song", Tags("Song (feat. Guest)", ("Boss",))),
        ("Boss feat. Guest", "Song", Tags("Song [ft. Guest]", ("Boss",))),
        ("Boss", "Song (feat. Guest)", Tags("Song", ("Boss featuring Guest",))),
        ("Boss feat. Guest", "Song", Tags("Song", ("Boss",))),
        ("Guest", "Song", Tags("Song", ("Boss ft. Guest",))),
        ("Dont\u2019s", "Rock\u2010n\u2010roll", Tags("Rock-n-Roll", ("Dont's",))),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_guests_and_punctuation_do_not_separate_a_listen_from_its_track(catalogue, artist, title, tags, is_first):
    """Guests may be named by the artist or by the title, on one side only too."""
    if is_first:
        register(catalogue, 1, tags)
    catalogue.listens.add("ada", [words(artist, title)])
    if not is_first:
        register(catalogue, 1, tags)

    assert [each.track_id for each in catalogue.listens.page("ada").listens] == [track_id(1)]


def test_a_listen_prefers_the_track_with_all_its_artists(catalogue):
    """Of two tracks with one title and one of the artists, the whole credit decides."""
    register(catalogue, 1, Tags("Song", ("Boss",)))
    register(catalogue, 2, Tags("Song", ("Boss feat. Guest",)))
    found = catalogue.listens.add("ada", [words("Boss & Guest", "Song"), words("Boss", "Song")])

    assert [each.track_id for each in found] == [track_id(2), track_id(1)]


def test_pages_contain_every_listen_once_newest_first(catalogue):
    """Cursors neither skip nor repeat listens with the same time, in both directions."""
    catalogue.listens.add("ada", [listen(f"x:{number}", minute=number // 3) for number in range(10)])
    catalogue.listens.add("bob", [listen("x:1")])

    def walk(**how: bool) -> list[tuple[datetime, int]]:
        walked, cursor = [], None
        while True:
            page = catalogue.listens.page("ada", limit=3, cursor=cursor, **how)
            walked += [(kept.at, kept.id) for kept in page.listens]
            if (cursor := page.next_cursor) is None:
                return walked

    assert len(set(walk())) == 10
    assert all(newer > older for newer, older in pairwise(walk()))
    assert walk(oldest_first=True) == walk()[::-1]


@pytest.mark.parametrize("cursor", ["", "zzz", "bnVsbA==", "WyJ4IiwgMV0=", "\N{SNOWMAN}"])
def test_an_invalid_cursor_is_refused(catalogue, cursor):
    """A cursor that the service did not create raises InvalidCursor."""
    with pytest.raises(InvalidCursor):
        catalogue.listens.page("ada", cursor=cursor)


def test_listens_are_filtered_by_event_time_and_whether_the_track_is_known(catalogue):
    """A listen must meet every condition; `since` is inclusive, `before` is exclusive."""
    register(catalogue, 1)
    kinds = [EventKind.PLAY, EventKind.LIKE, EventKind.PLAY, EventKind.BAN]
    catalogue.listens.add("ada", [listen(track_id(1), minute=minute, kind=kind) for minute, kind in enumerate(kinds)])
    catalogue.listens.add("ada", [listen("x:1", minute=9)])

    def minutes(**wanted: object) -> list[int]:
        found = catalogue.listens.page("ada", ListenFilter(**wanted)).listens
        assert len(found) == catalogue.listens.count("ada", ListenFilter(**wanted))
        return [kept.at.minute for kept in found]

    assert minutes(kinds=(EventKind.PLAY,)) == [9, 2, 0]
    assert minutes(kinds=(EventKind.LIKE, EventKind.BAN)) == [3, 1]
    assert minutes(since=NOON + timedelta(minutes=1), before=NOON + timedelta(minutes=3)) == [2, 1]
    assert minutes(track_known=TrackKnown.UNKNOWN) == [9]
    assert minutes(track_known=TrackKnown.KNOWN, kinds=(EventKind.PLAY,)) == [2, 0]


def test_the_last_verdict_decides_whether_a_track_is_rejected(catalogue):
    """A ban of any age applies until it is deleted or followed by a like."""
    for number in range(1, 6):
        register(catalogue, number)
    years_ago = NOON - timedelta(days=5000)
    verdicts = [
        (1, EventKind.BAN, years_ago),
        (2, EventKind.DISLIKE, years_ago),
        (3, EventKind.BAN, years_ago),
        (3, EventKind.LIKE, NOON),
        (4, EventKind.LIKE, years_ago),
        (4, EventKind.DISLIKE, NOON),
        (5, EventKind.BAN, NOON),
    ]
    recorded = catalogue.listens.add(
        "ada", [listen(track_id(number), kind=kind, at=at) for number, kind, at in verdicts]
    )
    catalogue.listens.add("ada", [listen(track_id(1), minute=minute) for minute in range(1100)])
    assert catalogue.listens.remove("ada", recorded[-1].id)
    remembered = catalogue.listens.remembered("ada", repeat_after=None)

    assert remembered.rejected == {track_id(number) for number in (1, 2, 4)}
    assert len(remembered.events) == 1000


def test_recently_heard_tracks_have_the_time_of_their_last_play(catalogue):
    """Plays, skips and likes within the period count, ratings in tags do not; without a period all of them count."""
    for number in range(1, 6):
        register(catalogue, number)
    now = datetime.now(UTC)
    days = [(1, 3, EventKind.PLAY), (1, 40, EventKind.PLAY), (2, 5, EventKind.SKIP), (3, 40, EventKind.PLAY)]
    catalogue.listens.add(
        "ada", [listen(track_id(number), kind=kind, at=now - timedelta(days=age)) for number, age, kind in days]
    )
    likes = [
        listen(track_id(4), kind=EventKind.LIKE, at=now),
        listen(track_id(5), kind=EventKind.LIKE, at=now, key=f"segue:rating:{track_id(5)}"),
    ]
    catalogue.listens.add("ada", [*likes, listen("x:unknown", at=now)])
    lately = catalogue.listens.remembered("ada", repeat_after=timedelta(days=30))
    ever = catalogue.listens.remembered("ada", repeat_after=None)

    heard = {track_id(1): now - timedelta(days=3), track_id(2): now - timedelta(days=5), track_id(4): now}
    assert lately.heard == heard
    assert lately.may_return
    assert set(ever.heard) == {track_id(number) for number in (1, 2, 3, 4)}
    assert not ever.may_return
    assert {event.track_id for event in lately.events} == {track_id(number) for number in range(1, 6)}
    assert set(catalogue.listens.remembered("ada", repeat_after=timedelta(days=36_500 * 30)).heard) == set(ever.heard)


def test_a_new_judgement_replaces_the_previous_one(catalogue):
    """A dislike replaces a like, repeating a judgement changes nothing, None deletes it, and bans are kept."""
    register(catalogue, 1)

    def kept() -> list[tuple[EventKind, int]]:
        return [(found.kind, found.at.minute) for found in catalogue.listens.page("ada").listens]

    for name in (track_id(1), f"mbid:{MBID}"):
        of = listen(name)
        catalogue.listens.add("ada", [listen(name, kind=EventKind.BAN)])
        catalogue.listens.judge("ada", listen(name, kind=EventKind.LIKE, minute=1), of)
        catalogue.listens.judge("ada", listen(name, kind=EventKind.LIKE, minute=2), of)
        assert kept() == [(EventKind.LIKE, 1), (EventKind.BAN, 0)]
        catalogue.listens.judge("ada", listen(name, kind=EventKind.DISLIKE, minute=3), of)
        assert kept() == [(EventKind.DISLIKE, 3), (EventKind.BAN, 0)]
        catalogue.listens.judge("ada", None, of)
        assert kept() == [(EventKind.BAN, 0)]
        catalogue.listeners.forget_history("ada")


def test_a_listen_can_be_deleted_only_by_its_listener(catalogue):
    """Deleting a listen of another listener, or a deleted listen, returns false."""
    [mine, other] = catalogue.listens.add("ada", [listen("x:1"), listen("x:2")])

    assert not catalogue.listens.remove("bob", mine.id)
    assert catalogue.listens.remove("ada", mine.id)
    assert not catalogue.listens.remove("ada", mine.id)
    assert not catalogue.listens.remove("ada", 2**70)
    assert [kept.id for kept in catalogue.listens.page("ada").listens] == [other.id]


def test_ids_of_listens_are_not_reused(catalogue):
    """The id of a deleted listen is not given to a new one, so a repeated deletion does no harm."""
    [gone] = catalogue.listens.add("ada", [listen("x:1")])
    catalogue.listens.remove("ada", gone.id)
    [new] = catalogue.listens.add("ada", [listen("x:2")])

    assert new.id > gone.id


def test_counts_of_a_listener(catalogue):
    """Counts contain events by kind, distinct tracks, unknown tracks, and the first and last time."""
    register(catalogue, 1)
    sent = [listen(track_id(1)), listen(track_id(1), minute=1), listen("x:1", minute=2, kind=EventKind.LIKE)]
    catalogue.listens.add("ada", sent)
    counts = catalogue.listens.counts("ada")
    none = catalogue.listens.counts("nobody")

    assert counts.by_kind == dict.fromkeys(EventKind, 0) | {EventKind.PLAY: 2, EventKind.LIKE: 1}
    assert (counts.tracks, counts.unknown) == (1, 1)
    assert (counts.first_at, counts.last_at) == (NOON, NOON + timedelta(minutes=2))
    assert (none.by_kind, none.tracks, none.first_at) == (dict.fromkeys(EventKind, 0), 0, None)


def test_forgetting_a_listener_deletes_only_their_listens(catalogue):
    """All listens of the listener and their waiting names are deleted; those of others are kept."""
    catalogue.listens.add("ada", [listen(f"x:{number}") for number in range(5)])
    catalogue.listens.add("bob", [listen("x:1")])

    assert [catalogue.listeners.forget_history("ada") for _ in range(2)] == [5, 0]
    assert catalogue.listens.page("ada").listens == ()
    assert catalogue.listens.count("bob") == 1
    with catalogue.database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM waiting_names")) == 1


def test_forgetting_overwrites_the_listener_on_disk(sqlite_catalogue, tmp_path):
    """After a deletion, no file of the catalogue contains the bytes of the name or of the listens."""

    def on_disk(word: bytes) -> bool:
        return any(word in file.read_bytes() for file in tmp_path.iterdir())

    sqlite_catalogue.listens.add(
        "Augusta Ada King", [words(f"Band {number}", "Secret pleasure") for number in range(200)]
    )
    assert on_disk(b"Augusta Ada King")
    sqlite_catalogue.listeners.forget_history("Augusta Ada King")

    assert not on_disk(b"Augusta Ada King")
    assert not on_disk(b"Secret pleasure")


def test_ids_set_by_a_client_are_kept_by_scans(catalogue):
    """Ids that a client set or removed stay so after a scan; all others follow the tags."""
    register(catalogue, 1, Tags("T", ids={"mbid": ("tag",), "isrc": ("tag",), "other": ("tag",)}))
    catalogue.external_ids.change(track_id(1), {"mbid": "mine", "isrc": None, "navidrome": "a1"})
    register(catalogue, 1, Tags("T", ids={"mbid": ("new tag",), "isrc": ("new tag",), "other": ("new tag",)}))

    assert catalogue.tracks.get(track_id(1)).ids == {"mbid": "mine", "navidrome": "a1", "other": "new tag"}
    names = ["mbid:mine", "navidrome:a1", "other:new tag"]
    assert catalogue.tracks.resolve([*names, "isrc:tag", "isrc:", "mbid:tag"]) == dict.fromkeys(names, track_id(1))
    with pytest.raises(TrackNotFound):
        catalogue.external_ids.change(track_id(2), {"x": "y"})


def test_a_catalogue_of_the_first_version_is_migrated(sqlite_catalogue):
    """A catalogue of the first version keeps its tracks and ids when it is migrated."""
    register(sqlite_catalogue, 1, Tags("T", ids={"isrc": ("X1",)}))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with sqlite_catalogue.database.engine.connect().execution_options(writes=True) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        connection.commit()
    sqlite_catalogue.migrate()
    [recorded] = sqlite_catalogue.listens.add("ada", [listen("isrc:X1")])

    assert recorded.track_id == track_id(1)


def test_unknown_listens_of_an_earlier_version_get_their_new_names(catalogue):
    """After the migration they are attached in every spelling, and of one listen in two spellings one is left."""
    catalogue.listens.add("ada", [words("Beyoncé", "Café"), listen("isrc:us-rc1-76-07810", minute=1)])
    register(catalogue, 9)  # a library without tracks needs no new index
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with catalogue.database.engine.connect().execution_options(writes=True) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0013")
        columns = "listener, track_id, kind, at, names, artist, title"
        connection.execute(
            text(f"INSERT INTO listens (identity, {columns}) SELECT 'old', {columns} FROM listens WHERE title = 'Café'")  # noqa: S608
        )
        connection.execute(text("UPDATE listens SET identity = 'older' WHERE title = 'Café' AND identity != 'old'"))
        connection.execute(text("DELETE FROM waiting_names"))
        connection.commit()
    catalogue.migrate()
    assert catalogue.listens.count("ada") == 2
    register(catalogue, 1, Tags("Cafe\u0301", ("BEYONCE\u0301",), ids={"isrc": ("USRC17607810",)}))

    assert [each.track_id for each in catalogue.listens.page("ada").listens] == [track_id(1), track_id(1)]


def test_a_start_is_stored_replaced_and_forgotten(catalogue):
    """A listener has one start, which is part of what recommendations use, and is deleted with the listens."""
    first = Start(moods=("focus",), plays=(StartPlay("a", 1.0, "mood:focus"),), at=NOON)
    plays = (StartPlay("b", 0.5, "artist:A"), StartPlay("c", 1.0, "c"))
    second = Start(moods=("sleep",), artists=("A",), tracks=("c",), plays=plays, at=NOON + timedelta(days=1))
    catalogue.listens.begin("ada", first)
    catalogue.listens.begin("bob", first)
    catalogue.listens.begin("ada", second)

    assert catalogue.listens.start("ada") == second
    assert catalogue.listens.remembered("ada", repeat_after=None).start == second
    catalogue.listeners.forget_history("ada")
    assert catalogue.listens.start("ada") is None
    assert catalogue.listens.remembered("ada", repeat_after=None).start is None
    assert catalogue.listens.start("bob") == first
