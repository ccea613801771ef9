"""Several tracks may be one recording: which of them an id means, and which one takes over from a file that is gone."""

from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import permutations

import numpy as np
import pytest

from services.catalog.library import FileStamp
from services.catalog.tenancy import limited_to
from services.domain.listening import EventKind, ListenEvent, NewListen, Start, StartPlay, StoredTaste
from services.domain.playlist import Contents
from services.domain.question import Exclusion, Question
from services.domain.radio import Direction, RadioSession, SessionEvent, SessionState, SessionTrack
from services.domain.track import Tags, TrackStatus
from tests.contract.test_catalogue import UNIT, analysis, stamp, track_id

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MBID = "cccccccc-0000-4000-8000-000000000001"
BEFORE, AFTER, THIRD = track_id(1), track_id(2), track_id(3)
OLD, NEW = "old.mp3", "new.flac"


def tags(title: str = "Piece", artist: str | None = "Ann", album: str = "Pieces", **ids: str) -> Tags:
    artists = () if artist is None else (artist,)
    return Tags(title, artists, album, ids={namespace: (value,) for namespace, value in ids.items()})


def sound(cosine: float = 1.0) -> np.ndarray:
    return (cosine * UNIT[0] + np.sqrt(1 - cosine**2) * UNIT[1]).astype(np.float32)


def heard(cosine: float = 1.0, seconds: float = 200.5, **changes: object) -> object:
    return analysis(embedding=sound(cosine), descriptors={"duration": seconds}, **changes)


def add(catalogue, track, name, its_tags=None, its_analysis=None) -> None:
    """Add a track that is ready."""
    catalogue.library.register(track, its_tags or tags(), stamp(name))
    catalogue.analyses.record(track, its_analysis or heard())


def forget(catalogue, name) -> None:
    catalogue.library.forget_files([f"/music/{name}"])


def leads_to(catalogue, track=BEFORE) -> str:
    """Return the track that the id of a track means."""
    return catalogue.tracks.resolve([track])[track]


@pytest.mark.parametrize(("gone", "there"), [(BEFORE, AFTER), (AFTER, BEFORE)])
def test_an_id_that_tracks_share_is_that_of_a_ready_one(catalogue, gone, there):
    """Whichever of them has the lower id, and although nothing else of them agrees."""
    catalogue.library.register(gone, tags("Gone", mbid=MBID), stamp("gone.mp3"))
    add(catalogue, there, "there.flac", tags("There", "Bob", mbid=MBID), heard(cosine=0.1))
    name = f"mbid:{MBID.upper()}"

    assert catalogue.tracks.resolve([name]) == {name: there}

    catalogue.analyses.record(gone, heard())
    assert catalogue.tracks.resolve([name]) == {name: BEFORE}

    forget(catalogue, "gone.mp3")
    assert catalogue.tracks.resolve([name]) == {name: there}
    [recorded] = catalogue.listens.add("anna", [NewListen(names=(name,), at=NOON)])
    assert recorded.track_id == there


def test_ids_of_tags_clients_and_listens_have_one_form(catalogue):
    """A listen that waits under one spelling finds the track whose tags have another."""
    [waiting, other] = catalogue.listens.add(
        "anna", [NewListen(names=(name,), at=NOON) for name in ("isrc:us-rc1-76-07809", "ISRC:GBAYE0601498")]
    )
    assert waiting.track_id is other.track_id is None

    catalogue.library.register(BEFORE, tags(isrc="USRC17607809"), stamp("a.mp3"))
    catalogue.library.register(AFTER, tags(), stamp("b.mp3"))
    catalogue.external_ids.change(AFTER, {"isrc": "gb-aye-06-01498"})

    listens = catalogue.listens.page("anna").listens
    assert {listen.id: listen.track_id for listen in listens} == {waiting.id: BEFORE, other.id: AFTER}
    assert catalogue.tracks.get(AFTER).ids == {"isrc": "GBAYE0601498"}


def test_another_encoding_takes_over_in_whatever_order_it_is_found(catalogue):
    """Its listener's verdicts continue, and both ids lead to it."""
    orders = [each for each in permutations(("deletion", "scan", "analysis")) if each[-1] != "scan"]
    for number, order in enumerate(order for order in orders if order[0] != "analysis"):
        old, new, its_tags = track_id(10 + number), track_id(20 + number), tags(artist=f"Artist {number}")
        steps = {
            "deletion": partial(forget, catalogue, f"{number}.mp3"),
            "scan": partial(catalogue.library.register, new, its_tags, stamp(f"{number}.flac")),
            "analysis": partial(catalogue.analyses.record, new, heard()),
        }
        add(catalogue, old, f"{number}.mp3", its_tags)
        catalogue.listens.add(f"listener {number}", [NewListen(names=(old,), kind=EventKind.BAN, at=NOON)])
        for step in order:
            steps[step]()

        assert leads_to(catalogue, old) == new
        assert catalogue.tracks.identify([old, new]) == {old: new, new: new}
        assert catalogue.tracks.ready([old])[old].id == new
        assert catalogue.listens.rejected(f"listener {number}") == {new}
        assert catalogue.tracks.get(old).status == TrackStatus.MISSING


def test_a_file_that_is_gone_at_its_analysis_has_a_successor(catalogue):
    """The worker finds that out before the next scan does."""
    catalogue.library.register(BEFORE, tags(), stamp(OLD))
    add(catalogue, AFTER, NEW)
    catalogue.library.register(BEFORE, Tags("Piece", ("Ann",), "Pieces", duration_ms=200_000), stamp(OLD))
    catalogue.analyses.refuse(BEFORE, "It is gone.", TrackStatus.MISSING)

    assert leads_to(catalogue) == AFTER


def test_a_file_with_another_encoding_at_the_same_path_takes_over(catalogue):
    """A player that converts a library in place keeps the names."""
    add(catalogue, BEFORE, OLD)
    add(catalogue, AFTER, OLD)

    assert leads_to(catalogue) == AFTER


def test_a_track_that_returns_has_its_own_history_again(catalogue):
    """Nothing was rewritten."""
    add(catalogue, BEFORE, OLD)
    catalogue.listens.add("anna", [NewListen(names=(BEFORE,), at=NOON)])
    forget(catalogue, OLD)
    add(catalogue, AFTER, NEW)
    catalogue.listens.add("anna", [NewListen(names=(BEFORE,), at=NOON + timedelta(hours=1))])
    assert [event.track_id for event in catalogue.listens.remembered("anna", repeat_after=None).events] == [AFTER] * 2

    catalogue.library.register(BEFORE, tags(), stamp(OLD))

    assert leads_to(catalogue) == BEFORE
    events = catalogue.listens.remembered("anna", repeat_after=None).events
    assert [event.track_id for event in events] == [AFTER, BEFORE]


def test_a_second_successor_takes_over_from_both(catalogue):
    """An MP3 is replaced by a FLAC, and that by another one; without a successor the ids are their own."""
    add(catalogue, BEFORE, OLD)
    forget(catalogue, OLD)
    add(catalogue, AFTER, NEW)
    forget(catalogue, NEW)
    assert (leads_to(catalogue), leads_to(catalogue, AFTER)) == (BEFORE, AFTER)

    add(catalogue, THIRD, "third.flac")

    assert (leads_to(catalogue), leads_to(catalogue, AFTER)) == (THIRD, THIRD)
    forget(catalogue, "third.flac")
    add(catalogue, AFTER, NEW)
    assert (leads_to(catalogue), leads_to(catalogue, THIRD)) == (AFTER, AFTER)


def test_the_path_of_a_track_is_that_of_a_file_that_is_there(catalogue, tmp_path):
    """The oldest one, also if no scan has noticed yet that older ones are gone."""
    for name in ("a.mp3", "b.mp3", "c.mp3"):
        place = FileStamp(str(tmp_path / name), str(tmp_path), 1000, 2**60)
        catalogue.library.register(BEFORE, tags(), place)
    (tmp_path / "b.mp3").touch()
    (tmp_path / "c.mp3").touch()

    assert catalogue.tracks.get(BEFORE).path == "b.mp3"
    assert catalogue.files.of([BEFORE])[BEFORE].relative == "b.mp3"

    (tmp_path / "b.mp3").unlink()
    (tmp_path / "c.mp3").unlink()
    assert catalogue.tracks.get(BEFORE).path == "a.mp3"


REPLACEMENTS = [
    (tags(), heard(0.75), True),
    (tags("Piece (2011 Remaster)", album="Best of"), heard(0.9), True),
    (tags("Another name", "Bob", mbid=MBID.upper()), heard(0.6, seconds=205), True),
    (tags("Another name", "Bob", isrc="us-rc1-76-07809"), heard(0.6, seconds=205), True),
    (tags("Another name", "Bob", mbid=MBID), heard(0.9, seconds=260), False),
    (tags("Another name", "Bob", mbid=MBID), heard(0.2), False),
    (tags("Another name"), heard(0.99), False),
    (tags(artist="Bob"), heard(0.99), False),
    (tags("Piece (Live)"), heard(0.99), False),
    (tags(), heard(0.6), False),
    (tags(), heard(0.99, seconds=206), False),
    (tags("Piece (Radio Edit)"), heard(0.99, seconds=150), False),
    (tags(), heard(0.1, model_version="m2"), True),
    (tags(album="Best of"), heard(0.99, model_version="m2"), False),
]


def test_what_takes_over(catalogue):
    """The same id of the recording, or the same artist, title, length and sound; without a sound, the same album."""
    add(catalogue, BEFORE, OLD, tags(mbid=MBID, isrc="USRC17607809"))
    forget(catalogue, OLD)
    found = []
    for number, (its_tags, its_analysis, _) in enumerate(REPLACEMENTS, start=10):
        add(catalogue, track_id(number), NEW, its_tags, its_analysis)
        found.append(leads_to(catalogue) == track_id(number))
        forget(catalogue, NEW)

    assert found == [takes_over for *_, takes_over in REPLACEMENTS]


def test_the_same_id_comes_before_the_same_names(catalogue):
    """And of several by name, the one that sounds most alike."""
    for track, name, its_tags, cosine in (
        (AFTER, NEW, tags(), 0.8),
        (THIRD, "third.flac", tags(), 0.9),
        (track_id(4), "fourth.flac", tags("Another name", mbid=MBID), 0.7),
    ):
        add(catalogue, track, name, its_tags, heard(cosine))
    add(catalogue, BEFORE, OLD, tags(mbid=MBID))
    forget(catalogue, OLD)
    assert leads_to(catalogue) == track_id(4)

    forget(catalogue, "fourth.flac")
    assert leads_to(catalogue) == THIRD


def test_a_copy_without_tags_takes_over_by_its_sound(catalogue):
    """Its title is the name of the file."""
    add(catalogue, BEFORE, OLD, Tags("01 piece"))
    forget(catalogue, OLD)
    add(catalogue, AFTER, NEW, Tags("01 piece"), heard(0.96))
    assert leads_to(catalogue) == BEFORE

    add(catalogue, THIRD, "third.flac", Tags("01 piece"), heard(0.98))
    assert leads_to(catalogue) == THIRD


def is_banned(catalogue, track) -> bool:
    return any(leads_to(catalogue, each) == track for each in catalogue.listens.rejected("anna"))


@pytest.mark.parametrize("first", ["away", "there"])
def test_a_ban_holds_while_a_disk_goes_and_returns(catalogue, first):
    """For the encoding that is there, whichever came first; no two tracks lead to each other."""
    add(catalogue, BEFORE, "disk/old.mp3")
    catalogue.listens.add("anna", [NewListen(names=(BEFORE,), kind=EventKind.BAN, at=NOON)])
    if first == "there":
        add(catalogue, AFTER, NEW)
    catalogue.folders.set_absent("/music/disk")
    if first == "away":
        add(catalogue, AFTER, NEW)
    assert leads_to(catalogue) == AFTER
    assert is_banned(catalogue, AFTER)

    assert catalogue.folders.bring_back("/music/disk") == 1
    assert leads_to(catalogue) == BEFORE
    assert is_banned(catalogue, BEFORE)

    forget(catalogue, NEW)
    assert leads_to(catalogue, AFTER) == leads_to(catalogue) == BEFORE
    assert catalogue.tracks.get(BEFORE).status is TrackStatus.READY
    assert is_banned(catalogue, BEFORE)

    catalogue.folders.set_absent("/music/disk")
    add(catalogue, THIRD, "third.opus")
    assert [leads_to(catalogue, each) for each in (BEFORE, AFTER)] == [THIRD, THIRD]
    assert is_banned(catalogue, THIRD)


def test_a_disk_that_returns_takes_over_from_files_that_are_gone(catalogue):
    """A track that was deleted while the disk was away has a successor on it."""
    add(catalogue, BEFORE, OLD)
    add(catalogue, AFTER, "disk/new.flac")
    catalogue.listens.add("anna", [NewListen(names=(BEFORE,), kind=EventKind.BAN, at=NOON)])
    catalogue.folders.set_absent("/music/disk")
    forget(catalogue, OLD)

    catalogue.folders.bring_back("/music/disk")

    assert leads_to(catalogue) == AFTER
    assert is_banned(catalogue, AFTER)


@pytest.fixture(params=[None, frozenset({"music"})], ids=["unlimited", "limited"])
def replaced(request, catalogue):
    """A catalogue in which a listener has used a track in every way before another encoding took over from it.

    A request that is limited to the library of the files sees the same as one without a limit.
    """
    catalogue.libraries.put("Music", ["/music"], ["anna"])
    add(catalogue, BEFORE, OLD)
    add(catalogue, THIRD, "third.mp3", tags("Another piece"))
    kinds = (EventKind.PLAY, EventKind.LIKE)
    catalogue.listens.add("anna", [NewListen(names=(BEFORE,), kind=kind, at=NOON) for kind in kinds])
    plays = (StartPlay(BEFORE, 1.0, BEFORE), StartPlay(THIRD, 1.0, "artist:Ann"))
    catalogue.listens.begin("anna", Start(tracks=(BEFORE,), plays=plays, at=NOON))
    catalogue.tastes.show("anna", [StoredTaste(id="t", label="x", plays=(BEFORE, THIRD), dismissed_at=NOON)])
    with limited_to(request.param):
        yield catalogue


def take_over(catalogue) -> None:
    with limited_to(None):
        forget(catalogue, OLD)
        add(catalogue, AFTER, NEW)


def test_the_history_of_a_listener_continues(replaced):
    """Events, the last plays, the start, tastes and counts name the track that is there."""
    take_over(replaced)
    remembered = replaced.listens.remembered("anna", repeat_after=None)

    assert {event.track_id for event in remembered.events} == {AFTER}
    assert remembered.heard == {AFTER: NOON}
    assert remembered.start.tracks == (AFTER,)
    assert [(play.track_id, play.reason) for play in remembered.start.plays] == [(AFTER, AFTER), (THIRD, "artist:Ann")]
    assert [taste.plays for taste in remembered.dismissed] == [(AFTER, THIRD)]
    assert {listen.track_id for listen in replaced.listens.page("anna").listens} == {AFTER}
    assert replaced.listens.counts("anna").tracks == 1


def test_a_removed_track_stays_removed(replaced):
    """By either id, and it can be restored."""
    replaced.tastes.remove_tracks("anna", [BEFORE])
    take_over(replaced)

    assert replaced.listens.remembered("anna", repeat_after=None).events == ()
    assert [removed.track_id for removed in replaced.tastes.removed_tracks("anna")] == [AFTER]
    replaced.tastes.remove_tracks("anna", [AFTER])
    assert [removed.track_id for removed in replaced.tastes.removed_tracks("anna")] == [AFTER]

    replaced.tastes.restore_track("anna", AFTER)
    assert len(replaced.listens.remembered("anna", repeat_after=None).events) == 2


def test_a_verdict_replaces_the_one_on_the_old_encoding(replaced):
    """The like of the old file is the like of the new one."""
    take_over(replaced)
    of = NewListen(names=(AFTER,), at=NOON)
    replaced.listens.judge("anna", NewListen(names=(AFTER,), kind=EventKind.DISLIKE, at=NOON), of)

    counts = replaced.listens.counts("anna").by_kind
    assert (counts[EventKind.LIKE], counts[EventKind.DISLIKE]) == (0, 1)


def test_listens_that_are_sent_again_are_duplicates(replaced):
    """A scrobbler may repeat its listens after the file was replaced."""
    take_over(replaced)
    sent = [NewListen(names=(name,), at=NOON) for name in (BEFORE, AFTER)]
    recorded = replaced.listens.add("anna", sent)

    assert [(each.is_new, each.track_id) for each in recorded] == [(False, AFTER)] * 2
    assert replaced.listens.count("anna") == 2


def test_a_playlist_keeps_its_entry(replaced):
    """It names the track that is there, and the old one again when its file comes back."""
    playlist = replaced.playlists.create("List", [BEFORE, THIRD], owner="anna").id
    take_over(replaced)

    assert [entry.track_id for entry in replaced.playlists.entries(playlist)] == [AFTER, THIRD]
    contents = replaced.playlists.contents([playlist])[playlist]
    assert contents == Contents(tracks=2, missing=0, duration_ms=401_000, cover_tracks=(AFTER,))

    with limited_to(None):
        replaced.library.register(BEFORE, tags(), stamp(OLD))
    assert [entry.track_id for entry in replaced.playlists.entries(playlist)] == [BEFORE, THIRD]


def test_a_radio_session_continues(replaced):
    """Its directions, exclusions, events and tracks name the track that is there; a bar holds."""
    session = RadioSession(
        id="session",
        terms=Question(exclude=Exclusion(tracks=(BEFORE,))),
        directions=(Direction(1, ((BEFORE, 1.0), (THIRD, 0.5)), waypoint=BEFORE),),
        created_at=NOON,
        touched_at=datetime.now(UTC),
    )
    tracks = {
        BEFORE: SessionTrack(track_id=BEFORE, position=1, barred=True),
        AFTER: SessionTrack(track_id=AFTER, position=2),
    }
    events = (SessionEvent(1, ListenEvent(BEFORE, at=NOON)),)
    replaced.radio.create(SessionState(session, tracks, events))
    take_over(replaced)

    found = replaced.radio.load("session")

    assert found.session.directions == (Direction(1, ((AFTER, 1.0), (THIRD, 0.5)), waypoint=AFTER),)
    assert found.session.terms.exclude.tracks == (AFTER,)
    assert found.tracks == {AFTER: SessionTrack(track_id=AFTER, position=2, barred=True)}
    assert [each.event.track_id for each in found.events] == [AFTER]
