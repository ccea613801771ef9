"""What feels like one track, over HTTP, in a library that holds recordings in several encodings."""

import numpy as np
import pytest

from services.domain.track import Analysis
from tests.fakes.library import MODEL, register, track_id, write_tone
from tests.fakes.serving import LIBRARY_SIZE, wait_until_indexed

COPIES = range(LIBRARY_SIZE, LIBRARY_SIZE + 15)
"""Of track 0: more than are looked at at once beyond what is wanted."""

TWIN = COPIES.stop
"""Another encoding of track 4, which feels like track 0."""


@pytest.fixture(scope="module", autouse=True)
def copies(services, library_dir):
    vectors = services.catalogue.tracks.embedded([track_id(0), track_id(4)])
    for number in (*COPIES, TWIN):
        register(services.catalogue, write_tone(library_dir / "music" / f"{number}.wav", 200 + number), number)
        vector = vectors[track_id(4 if number == TWIN else 0)].vector
        hiss = 0.005 * np.random.default_rng(number).normal(size=len(vector))
        embedding = ((vector + hiss) / np.linalg.norm(vector + hiss)).astype(np.float32)
        services.catalogue.analyses.record(track_id(number), Analysis(embedding, 0.1, {}, {"duration": 2.0}, {}, MODEL))
    wait_until_indexed(services)


def similar(api, limit):
    answer = api.get(f"/v1/tracks/{track_id(0)}/similar?limit={limit}")
    assert answer.status_code == 200, answer.json
    return answer.json["tracks"]


def test_other_encodings_of_the_track_are_no_answer(api):
    """However many there are, the nearest other recording comes first, and as many as are wanted."""
    [nearest] = similar(api, 1)
    few = similar(api, 5)
    copied = {track_id(number) for number in COPIES}

    assert {track["id"] for track in few}.isdisjoint({track_id(0), *copied})
    assert (few[0]["id"], len(few)) == (nearest["id"], 5)
    assert nearest["genre"] == "Ambient"
    assert [track["score"] for track in few] == sorted((track["score"] for track in few), reverse=True)


def test_a_recording_is_answered_once(api):
    """Of two encodings of one recording the nearer one comes; every other recording of the library does, too."""
    found = [track["id"] for track in similar(api, 100)]

    assert len({track_id(4), track_id(TWIN)} & set(found)) == 1
    assert len(found) == len(set(found)) == LIBRARY_SIZE - 1


def test_opensubsonic_players_get_no_copies_either(api):
    """`getSonicSimilarTracks` answers what the native endpoint does."""
    asked = {"u": "x", "p": "y", "v": "1.16.1", "c": "test", "f": "json", "id": track_id(0), "count": 5}
    envelope = api.get("/rest/getSonicSimilarTracks", query_string=asked).json["subsonic-response"]

    found = [match["entry"]["id"] for match in envelope["sonicMatch"]]

    assert found == [track["id"] for track in similar(api, 5)]
    assert set(found).isdisjoint(track_id(number) for number in COPIES)


def test_copies_of_what_is_excluded_are_left_out(services):
    """A player that has played a track wants no other encoding of it."""
    found = services.recommender.similar(track_id(0), limit=100, exclude=["test:4"])

    assert {each.track_id for each in found}.isdisjoint({track_id(4), track_id(TWIN)})
    assert len(found) == LIBRARY_SIZE - 2
