"""What the user of a linked server heard and judged, in the catalogue, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.catalog.library import FileStamp
from services.domain.errors import AlreadyRunning, LinkedServerRefused
from services.domain.links import Link, LinkKind, LinkWork
from services.domain.listening import EventKind, ListenFilter, NewListen
from services.domain.track import Tags
from services.links.listening import Heard, note_playing, pull
from services.links.opening import server_of
from services.links.syncing import sync
from services.tasks.now_playing import NowPlaying
from services.tasks.queue import TaskQueue
from tests.fakes.media_server import PASSWORD, USER, media_server

SONGS = 6
PLAYED = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAYS, STARRED = {"playCount": 5, "played": PLAYED.isoformat()}, {"starred": "2026-02-01T10:00:00Z"}


def track_id(number):
    return f"00000000-0000-5000-8000-{number:012d}"


def song(number, **more):
    return {"id": f"s{number}", "title": f"Song {number}", "artist": "Ada", "album": "Album", "duration": 200} | more


@pytest.fixture
def library(catalogue):
    for number in range(SONGS):
        stamp = FileStamp(f"/music/{number}.mp3", "/music", 1000 + number, 1)
        tags = Tags(title=f"Song {number}", artists=("Ada",), album="Album", duration_ms=200_000)
        catalogue.library.register(track_id(number), tags, stamp)
    return catalogue


def linked(catalogue, media, kind=LinkKind.SUBSONIC):
    """Return the link to a server, with its songs matched, and the server."""
    link = Link(name="nas", kind=kind, url=media.url, user=USER, listener="ada")
    if not catalogue.links.all():
        catalogue.links.add(link)
    server = server_of(link, PASSWORD)
    return link, server, sync(catalogue, link, server).heard


def listens(catalogue, **wanted):
    found = catalogue.listens.page("ada", ListenFilter(**wanted)).listens
    return [(each.track_id, each.kind, each.at if each.undated_plays is None else each.undated_plays) for each in found]


def test_play_counts_are_the_last_play_and_plays_without_a_time(library):
    """A song that the library does not have counts as soon as it is a track."""
    with media_server([song(1, **PLAYS), song(2, playCount=1, played=PLAYED.isoformat()), song(9, **PLAYS)]) as media:
        _, _, first = linked(library, media)
        _, _, again = linked(library, media)

    assert (first, again) == (Heard(plays=2, undated=1), Heard(plays=0, undated=1))
    assert sorted(listens(library), key=str) == [
        (track_id(1), EventKind.PLAY, 4),
        (track_id(1), EventKind.PLAY, PLAYED),
        (track_id(2), EventKind.PLAY, PLAYED),
    ]


def test_a_play_that_a_scrobbler_sent_too_counts_once(library):
    """Play counts are compared with all plays of the listener that have a time."""
    minutes_before, day_before = PLAYED - timedelta(minutes=3), PLAYED - timedelta(days=1)
    sent = [NewListen(names=(track_id(1),), at=at) for at in (minutes_before, day_before)]
    library.listens.add("ada", sent)
    with media_server([song(1, **PLAYS)]) as media:
        linked(library, media)
        media.songs[0] |= {"playCount": 6, "played": (PLAYED + timedelta(hours=1)).isoformat()}
        linked(library, media)

    assert listens(library) == [
        (track_id(1), EventKind.PLAY, PLAYED + timedelta(hours=1)),
        (track_id(1), EventKind.PLAY, minutes_before),
        (track_id(1), EventKind.PLAY, day_before),
        (track_id(1), EventKind.PLAY, 3),
    ]


def test_stars_and_ratings_are_verdicts(library):
    """A star is a like, four and five stars too, one star is a dislike; two and three are none."""
    rated = [song(number, userRating=number) for number in range(1, 6)]
    with media_server([song(0, **STARRED), *rated]) as media:
        _, _, heard = linked(library, media)
    likes, dislikes = (
        {track for track, _, _ in listens(library, kinds=(kind,))} for kind in (EventKind.LIKE, EventKind.DISLIKE)
    )
    known = library.annotations.of_tracks("ada", [track_id(0), track_id(3)])

    assert heard == Heard(opinions=6)
    assert (likes, dislikes) == ({track_id(0), track_id(4), track_id(5)}, {track_id(1)})
    assert known[track_id(0)].starred == datetime(2026, 2, 1, 10, tzinfo=UTC)
    assert known[track_id(3)].rating == 3


def test_only_changes_on_the_server_are_taken_over(library):
    """A listener who judges a track in Segue keeps that until the opinion on the server changes."""
    with media_server([song(0, **STARRED), song(1, **STARRED)]) as media:
        link, server, _ = linked(library, media)
        for number in (0, 1):
            library.listens.judge("ada", _dislike(number), _dislike(number))
        unchanged = pull(library, link, server)
        rejected = library.listens.rejected("ada")
        del media.songs[1]["starred"]
        changed = pull(library, link, server)
        media.songs[1] |= STARRED
        pull(library, link, server)

    assert (unchanged, changed) == (Heard(), Heard(opinions=1))
    assert rejected == {track_id(0), track_id(1)}
    assert library.listens.rejected("ada") == {track_id(0)}
    assert set(library.annotations.of_tracks("ada", [track_id(1)])) == {track_id(1)}


def _dislike(number):
    return NewListen(names=(track_id(number),), kind=EventKind.DISLIKE, at=datetime.now(UTC))


def test_a_removed_star_leaves_the_rating(library):
    """The song list has both; the list of stars alone keeps what it does not know."""
    with media_server([song(0, userRating=4, **STARRED)]) as media:
        link, server, _ = linked(library, media)
        del media.songs[0]["starred"]
        pull(library, link, server)
    [known] = library.annotations.of_tracks("ada", [track_id(0)]).values()

    assert (known.starred, known.rating) == (None, 4)
    assert [kind for _, kind, _ in listens(library)] == [EventKind.LIKE]


def test_reports_of_jellyfin_are_plays_with_their_times(library):
    """They are read before the play counts, so that each play counts once, and may be read again."""
    reports = [["2026-03-01 12:00:00.1234567", "s1", 200], ["2026-03-02 12:00:00.1234567", "s1", 100]]
    with media_server([song(1, playCount=3, played="2026-03-02T12:00:00Z", **STARRED)], reports=reports) as media:
        link, server, first = linked(library, media, LinkKind.JELLYFIN)
        again = pull(library, link, server)
        media.reports.append(["2026-03-03 12:00:00.1234567", "s9", 200])
        unknown = pull(library, link, server)

    plays = library.listens.page("ada", ListenFilter(kinds=(EventKind.PLAY,))).listens
    assert (first, again, unknown) == (Heard(plays=2, undated=1, opinions=1), Heard(), Heard(plays=1))
    assert [(each.track_id, each.played_ms, each.undated_plays) for each in plays] == [
        (None, 200_000, None),
        (track_id(1), 100_000, None),
        (track_id(1), 200_000, None),
        (track_id(1), None, 1),
    ]


def test_what_the_user_plays_now_is_shown(library, broker_url):
    """The time since when it plays is the server's; a song that is no track is not shown."""
    playing = NowPlaying(TaskQueue(broker_url))
    with media_server([song(1), song(9)]) as media:
        link, server, _ = linked(library, media)
        note_playing(library, playing, link, server)
        [shown] = playing.all(["ada"])
        playing.clear("ada")
        media.songs.reverse()
        note_playing(library, playing, link, server)
        note_playing(library, playing, replace(link, user="somebody else"), server)

    assert (shown.track_id, shown.client, shown.duration_ms) == (track_id(1), "phone", 200_000)
    assert shown.started_at <= datetime.now(UTC) - timedelta(minutes=2)
    assert playing.all(["ada"]) == []


def test_listening_is_read_by_one_process_at_a_time(library):
    """The claim ends with the run, which is due again after its period, or an hour after a failure."""
    work, runs, every = LinkWork.LISTENING, library.link_runs, timedelta(minutes=10)
    with media_server([song(1)]) as media:
        link, server, _ = linked(library, media)
        due_at_first = runs.due(work, every), runs.due(work, every, begun=True)
        with runs.running(link.name, work), pytest.raises(AlreadyRunning):
            pull(library, link, server)
        due_after = runs.due(work, every), runs.due(work, timedelta(0), begun=True)
        with pytest.raises(LinkedServerRefused):
            pull(library, link, server_of(link, "wrong"))
        run = runs.find(link.name, work)

    assert (due_at_first, due_after) == ((["nas"], []), ([], ["nas"]))
    assert "Wrong" in run.failure
    assert runs.due(work, timedelta(0)) == ["nas"]  # failed, and may be repeated as often as it is done
    assert runs.due(work, timedelta(hours=2)) == []
    assert runs.stop(link.name, work)
    assert runs.find(link.name, work) is None


def test_a_removed_link_takes_what_was_seen_there_with_it(library):
    """The listens stay: they are the listener's."""
    with media_server([song(0, **STARRED)]) as media:
        linked(library, media)
    library.links.remove("nas")

    assert library.link_opinions.starred("nas") == set()
    assert [kind for _, kind, _ in listens(library)] == [EventKind.LIKE]
