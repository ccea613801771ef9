"""Listens in ListenBrainz's format: what is read, what is refused, and what is returned."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from services.api.compat.listenbrainz.listens import (
    BadSubmission,
    Feedback,
    moment_of,
    msid_of,
    read_feedback,
    read_submission,
    scrobbles,
    uuid_of,
)
from services.api.request_limits import NAMED_MAX, PLAYED_MS_MAX
from services.domain.listening import Description, EventKind, Listen, NewListen
from services.domain.track import Track, TrackStatus

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON = int(NOW.timestamp()) - 86_400
MBID = "4a0a6d1e-3c11-4f0c-8d4b-1f0f3a6f5b1d"
OTHER = "00000000-0000-4000-8000-000000000000"


def sent(at: object = NOON, **metadata: object) -> dict[str, object]:
    return {"listened_at": at, "track_metadata": {"artist_name": "A", "track_name": "T", **metadata}}


def submission(*payload: object, kind: str = "import") -> bytes:
    return json.dumps({"listen_type": kind, "payload": payload}).encode()


def read_one(**info: object) -> NewListen:
    [listen] = read_submission(submission(sent(additional_info=info)), NOW).listens
    return listen


def test_a_listen_is_read():
    """Names, length and time are those of the listen; a play without a time happened now."""
    body = submission(sent(release_name="R", additional_info={"duration_ms": 2000}), kind="single")
    playing = submission({"track_metadata": {"artist_name": "A", "track_name": "T"}}, kind="playing_now")

    [listen] = read_submission(body, NOW).listens
    assert listen.described == Description(artist="A", title="T", album="R", duration_ms=2000)
    assert (listen.kind, listen.at, listen.names) == (EventKind.PLAY, datetime.fromtimestamp(NOON, UTC), ())
    assert [each.at for each in read_submission(playing, NOW).listens] == [NOW]


def test_names_are_cleaned():
    """They lose NUL and surrounding spaces, and are cut to the length of the catalogue's columns."""
    [listen] = read_submission(submission(sent(artist_name=" A\0B ", track_name="x" * 600)), NOW).listens

    assert (listen.described.artist, listen.described.title) == ("AB", "x" * NAMED_MAX)


@pytest.mark.parametrize(
    ("info", "names"),
    [
        ({"recording_mbid": MBID.upper()}, (f"mbid:{MBID}",)),
        ({"track_mbid": MBID}, (f"mbid:{MBID}",)),
        ({"recording_mbid": MBID, "track_mbid": OTHER, "isrc": "X1"}, (f"mbid:{MBID}", f"mbid:{OTHER}", "isrc:X1")),
        ({"isrc": " us-rc1-76-07839\0 "}, ("isrc:USRC17607839",)),
        ({"isrc": ["a", "a", 5, "", "-"]}, ("isrc:A",)),
        ({"isrc": [f"X{number}" for number in range(11)]}, tuple(f"isrc:X{number}" for number in range(10))),
        ({"recording_mbid": "no id", "isrc": "x" * 256}, ()),
    ],
)
def test_ids_are_normalised(info, names):
    """MBIDs come before ISRCs, and invalid ids are ignored."""
    assert read_one(**info).names == names


@pytest.mark.parametrize(
    ("info", "length"),
    [
        ({"duration_ms": 1500.4}, 1500),
        ({"duration": "3"}, 3000),
        ({"duration_ms": "long", "duration": 2}, 2000),
        ({"duration_ms": 0}, None),
        ({"duration_ms": PLAYED_MS_MAX + 1}, None),
        ({"duration_ms": 1e400}, None),
        ({"duration_ms": [1]}, None),
    ],
)
def test_an_invalid_length_is_ignored(info, length):
    """`duration_ms` has priority over `duration`, which is in seconds."""
    assert read_one(**info).described.duration_ms == length


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "Cannot parse JSON document"),
        (b'"\\ud800"', "Cannot parse JSON document"),
        (b"[]", "Invalid JSON document"),
        (submission(sent(), kind="other"), "valid listen_type"),
        (submission(), "does not contain any listens"),
        (b'{"listen_type": "import"}', "does not contain any listens"),
        (submission(sent(), sent(), kind="single"), "more than one listen"),
        (submission(*[sent()] * 1001), "no more than 1000"),
        (submission(sent(note="x" * 10_300)), "10240 bytes"),
        (submission(sent(), 5), "must be an object"),
        (submission({"track_metadata": {}}), "listened_at"),
        (submission(sent(at="noon")), "int value for listened_at"),
        (submission(sent(at=None)), "int value for listened_at"),
        (submission(sent(at=10**30)), "int value for listened_at"),
        (submission(sent(at=NOON + 2 * 86_400)), "too high"),
        *((submission(sent(at=at)), "too low: it must not be before 1970") for at in (-5, "-5", -5.5)),
        (submission({"listened_at": NOON}), "track_name"),
        (submission(sent(track_name="")), "track_metadata.track_name"),
        (submission(sent(artist_name="\0")), "track_metadata.artist_name"),
        (submission(sent(artist_name=["A"])), "artist_name must be a single string"),
    ],
)
def test_an_invalid_submission_is_refused(body, message):
    """With ListenBrainz's message."""
    with pytest.raises(BadSubmission, match=message):
        read_submission(body, NOW)


def test_a_clock_may_be_an_hour_fast():
    """ListenBrainz allows it too."""
    at = NOW + timedelta(minutes=59)

    assert read_submission(submission(sent(at=int(at.timestamp()))), NOW).listens[0].at == at


@pytest.mark.parametrize(("value", "at"), [(0, 0), ("60", 60), (61.9, 61)])
def test_times_are_whole_seconds_since_1970(value, at):
    """Numbers as text are accepted."""
    assert moment_of(value) == datetime.fromtimestamp(at, UTC)


def test_feedback_is_read():
    """By either id, in its canonical form."""
    body = json.dumps({"recording_mbid": MBID.upper(), "score": -1}).encode()

    assert read_feedback(body) == Feedback(mbid=MBID, msid=None, score=-1)


@pytest.mark.parametrize(
    "feedback",
    [
        {},
        {"recording_mbid": MBID},
        {"score": 1},
        {"recording_mbid": "x", "score": 1},
        *({"recording_mbid": MBID, "score": score} for score in (2, "1", True, None)),
    ],
)
def test_invalid_feedback_is_refused(feedback):
    """It needs a UUID and a score of −1, 0 or 1."""
    with pytest.raises(BadSubmission):
        read_feedback(json.dumps(feedback).encode())


def test_other_texts_are_not_uuids():
    """Neither are other types."""
    assert [uuid_of(value) for value in ("x", "", 5, None)] == [None] * 4


def kept(**changes: object) -> Listen:
    values: dict[str, object] = {
        "id": 1,
        "track_id": None,
        "names": (),
        "described": None,
        "kind": EventKind.PLAY,
        "at": NOW,
        **dict.fromkeys(("played_ms", "key")),
    }
    return Listen(**{**values, **changes})


TRACK = Track(
    "a", "Title", "Artist", "Album", None, None, 2000, None, TrackStatus.READY, None, {}, {}, "test-1", {"isrc": "X1"}
)


def test_plays_have_the_metadata_that_was_sent():
    """Names that were sent have priority over those of the library."""
    described = Description(artist="A", title="T", album="R", duration_ms=3000)
    [shown] = scrobbles("ada", [kept(track_id="a", names=(f"mbid:{MBID}",), described=described)], {"a": TRACK})

    metadata, info = shown.track_metadata, shown.track_metadata.additional_info
    assert (shown.listened_at, shown.user_name) == (int(NOW.timestamp()), "ada")
    assert (metadata.artist_name, metadata.track_name, metadata.release_name) == ("A", "T", "R")
    assert (info.recording_mbid, info.isrc, info.segue_track_id, info.duration_ms) == (MBID, "X1", "a", 3000)


def test_plays_without_names_have_those_of_the_library():
    """An unknown track has its id as title."""
    known, unknown = scrobbles("ada", [kept(track_id="a"), kept(names=("x:1",))], {"a": TRACK})

    assert (known.track_metadata.artist_name, known.track_metadata.track_name) == ("Artist", "Title")
    assert (unknown.track_metadata.artist_name, unknown.track_metadata.track_name) == ("[unknown]", "x:1")


def test_plays_of_a_recording_share_its_msid():
    """Names are compared without regard to case; without names, the track or the first id counts."""
    one, same = (kept(described=Description(artist=name, title="T")) for name in ("Choir", "CHOIR"))

    assert msid_of(one) == msid_of(same) == uuid_of(msid_of(one))
    assert msid_of(kept(track_id="a")) != msid_of(kept(names=("x:1",)))
