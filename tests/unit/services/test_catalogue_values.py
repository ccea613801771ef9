"""Values that the catalogue computes without a database: batches, cursors, names, claims and identities of listens."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from services.catalog.analyses import Claimant
from services.catalog.database import batched, decode_cursor, encode_cursor
from services.catalog.library import FileStamp, KnownFile
from services.catalog.matching import identity_of
from services.catalog.track_names import canonical_id, own_and_external
from services.catalog.tracks import clear_tags, measured_of, readable, vector_of, vectors_of
from services.domain.access import ApiKey, Principal, Scope, matches, new_secret, split
from services.domain.errors import InvalidCursor
from services.domain.listening import Description, EventKind, ListenEvent, NewListen, plays
from services.domain.track import TrackStatus

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TRACK = "0f2d7d0c-6d7c-5d0e-8e7a-7b1f4b2c9a10"


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (3, [3]), (4, [3, 1]), (6, [3, 3])])
def test_batches_are_full_except_the_last(count, sizes):
    """Batches contain all items in order, none twice."""
    items = list(range(count))
    found = [list(batch) for batch in batched(items, 3)]

    assert [len(batch) for batch in found] == sizes
    assert [item for batch in found for item in batch] == items


def test_a_cursor_returns_the_position_it_was_made_from():
    """Any text and number can be encoded and decoded."""
    assert decode_cursor(encode_cursor("björk\x1f“", 7), str, int) == ["björk\x1f“", 7]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "ä",
        encode_cursor("a"),
        encode_cursor("a", 1),
        encode_cursor(1, "a"),
        encode_cursor("a", "b", "c"),
        encode_cursor("a\0", "b"),
        encode_cursor("a", "\ud800"),
        "W" * 4000,
    ],
)
def test_an_invalid_cursor_is_refused(cursor):
    """A cursor of another kind of page, or with text that a database refuses, raises InvalidCursor."""
    with pytest.raises(InvalidCursor):
        decode_cursor(cursor, str, str)


def test_names_are_track_ids_or_external_ids():
    """A track id may have any form of a UUID; other names without a colon are ignored."""
    other_form = "{" + TRACK.upper() + "}"
    own, external = own_and_external([TRACK, other_form, "isrc:X", "isrc:X", "nothing"])

    assert own == {TRACK: TRACK, other_form: TRACK}
    assert external == ["isrc:X"]
    assert canonical_id("isrc:X") is None


def test_measured_values_have_the_names_of_filter_fields():
    """Unknown values are absent; if the key is unknown, so is the mode."""
    found = measured_of({"tempo": 120.0, "key": -1, "mode": 1, "energy": None, "year": 1999, "duration": 2.0})

    assert found == {"tempo": 120.0, "year": 1999}
    assert measured_of({}) == {}


def test_only_clear_tags_are_filterable():
    """Names are case-folded and lose the prefix of their data set."""
    tags = {"mtt:Guitar": 0.3, "msd:guitar": 0.9, "Piano": 0.2, "drums": 0.19}

    assert clear_tags(tags) == {"guitar": 0.9, "piano": 0.2}
    assert clear_tags(None) == {}


@pytest.mark.parametrize("embedding", [None, b"", bytes(511), bytes(513)])
def test_a_damaged_embedding_is_an_error(embedding):
    """The error states the length of the damaged embedding."""
    with pytest.raises(ValueError, match=f"has {len(embedding or b'')} bytes"):
        vector_of(embedding)
    with pytest.raises(ValueError, match=f"has {len(embedding or b'')} bytes instead of 512"):
        vectors_of([bytes(512), embedding])


def test_an_embedding_is_stored_as_little_endian_float32():
    """The same bytes give the same numbers on every machine."""
    vector = np.arange(128, dtype="<f4")

    assert np.array_equal(vector_of(vector.tobytes()), vector)


def test_a_path_that_is_not_utf8_can_be_shown():
    """The displayed path is valid Unicode, so every JSON reader accepts it."""
    assert readable("caf\udce9/ä.mp3") == "caf\ufffd/ä.mp3"


def test_a_file_is_unchanged_if_size_and_time_are():
    """Moving a library root changes neither size nor time."""
    known = KnownFile(FileStamp("/a/x.mp3", "/a", 5, 7), TRACK, TrackStatus.READY, 0, None)

    assert known.is_unchanged(FileStamp("/b/x.mp3", "/b", 5, 7))
    assert not known.is_unchanged(FileStamp("/a/x.mp3", "/a", 6, 7))
    assert not known.is_unchanged(FileStamp("/a/x.mp3", "/a", 5, 8))


def test_a_claimant_may_take_over_its_own_claims_and_those_it_replaces():
    """These are a redelivered message, a dead task of the same worker, and an attempt that the task continues."""
    assert Claimant("w", "1").may_take_over == ("w/1",)
    assert Claimant("w", "2", replaces_task="1").may_take_over == ("w/2", "w/1")
    assert Claimant("w", "2", continues_attempt="v/9").may_take_over == ("w/2", "v/9")


def listen(**values):
    return NewListen(**{"names": ("isrc:X",), "at": NOON} | values)


def test_listens_with_the_same_client_key_are_the_same():
    """With equal keys, no other field is compared."""
    assert identity_of(listen(key="k"), None) == identity_of(listen(key="k", at=NOON + timedelta(1)), TRACK)
    assert identity_of(listen(key="k"), None) != identity_of(listen(key="l"), None)


def test_listens_without_a_key_are_compared_by_track_kind_and_time():
    """The played time and the name of the track are not compared."""
    first = identity_of(listen(), TRACK)

    assert identity_of(listen(names=("mbid:Y",), played_ms=5), TRACK) == first
    assert identity_of(listen(kind=EventKind.SKIP), TRACK) != first
    assert identity_of(listen(at=NOON + timedelta(seconds=1)), TRACK) != first
    assert identity_of(listen(), None) != first


def test_described_tracks_are_compared_without_case():
    """Two players that write an artist differently report the same listen."""
    one, other = (
        identity_of(listen(names=(), described=Description(artist=artist, title="T")), None)
        for artist in ("Björk", " BJÖRK ")
    )

    assert one == other


def test_events_without_a_time_come_last():
    """Events without a time count as now."""
    now, past = ListenEvent("a"), ListenEvent("b", at=NOON)

    assert sorted([now, past], key=lambda event: event.moment) == [past, now]
    assert plays(["a", "b"]) == (ListenEvent("a"), ListenEvent("b"))


def test_a_key_is_recognised_and_its_secret_matches():
    """Text in another form is not a key, and no secret matches a missing digest."""
    made = new_secret()
    key_id, secret = split(made.text)

    assert key_id == made.id
    assert matches(secret, made.digest)
    assert not matches(secret + "x", made.digest)
    assert not matches(secret, None)
    for text in ("", "segue", "segue__x", f"other_{made.id}_{secret}", f"segue_{made.id}_", f"segue_{made.id[1:]}_x"):
        assert split(text) is None


def test_a_key_becomes_a_principal():
    """The principal has the scopes and listeners of the key."""
    key = ApiKey("k", "phone", frozenset({Scope.LISTEN}), frozenset({"ada"}), NOON, None, None)

    assert key.principal == Principal("k", frozenset({Scope.LISTEN}), frozenset({"ada"}))
    assert (key.principal.name, key.principal.listener) == ("k", "ada")
