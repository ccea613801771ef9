"""Similar tracks over HTTP, in a library that has recordings in several encodings."""

import numpy as np
import pytest

from services.domain.track import Analysis
from tests.fakes.library import MODEL, register, track_id, write_tone
from tests.fakes.serving import LIBRARY_SIZE, wait_until_indexed

COPIES = range(LIBRARY_SIZE, LIBRARY_SIZE + 15)
"""Encodings of track 0: more than the additional candidates of a query."""

TWIN = COPIES.stop
"""Another encoding of track 4, which is similar to track 0."""


@pytest.fixture(scope="module", autouse=True)
def copies(services, library_dir):
    vectors = services.catalogue.tracks.embedded([track_id(0), track_id(4)])
    for number in (*COPIES, TWIN):
        original = 4 if number == TWIN else 0
        tone = write_tone(library_dir / "music" / f"{number}.wav", 200 + number)
        register(services.catalogue, tone, number, copy_of=original)
        vector = vectors[track_id(original)].vector
        hiss = 0.005 * np.random.default_rng(number).normal(size=len(vector))
        embedding = ((vector + hiss) / np.linalg.norm(vector + hiss)).astype(np.float32)
        services.catalogue.analyses.record(track_id(number), Analysis(embedding, 0.1, {}, {"duration": 2.0}, {}, MODEL))
    wait_until_indexed(services)


def similar(api, limit):
    answer = api.get(f"/v1/tracks/{track_id(0)}/similar?limit={limit}")
    assert answer.status_code == 200, answer.json
    return answer.json["tracks"]


def test_other_encodings_of_the_track_are_left_out(api):
    """However many there are, the response has the requested number of other recordings, nearest first."""
    [nearest] = similar(api, 1)
    few = similar(api, 5)
    copied = {track_id(number) for number in COPIES}

    assert {track["id"] for track in few}.isdisjoint({track_id(0), *copied})
    assert (few[0]["id"], len(few)) == (nearest["id"], 5)
    assert nearest["genre"] == "Ambient"
    assert [track["score"] for track in few] == sorted((track["score"] for track in few), reverse=True)


def test_each_recording_is_returned_once(api):
    """The nearer one of two encodings is returned, and every other recording of the library."""
    found = [track["id"] for track in similar(api, 100)]

    assert len({track_id(4), track_id(TWIN)} & set(found)) == 1
    assert len(found) == len(set(found)) == LIBRARY_SIZE - 1


def test_opensubsonic_clients_get_the_same_tracks(api):
    """`getSonicSimilarTracks` leaves out other encodings too."""
    parameters = {"u": "x", "p": "y", "v": "1.16.1", "c": "test", "f": "json", "id": track_id(0), "count": 5}
    envelope = api.get("/rest/getSonicSimilarTracks", query_string=parameters).json["subsonic-response"]

    found = [match["entry"]["id"] for match in envelope["sonicMatch"]]

    assert found == [track["id"] for track in similar(api, 5)]
    assert set(found).isdisjoint(track_id(number) for number in COPIES)


def test_other_encodings_of_excluded_tracks_are_left_out(services):
    """Excluding one encoding of a recording excludes all of them."""
    found = services.recommender.similar(track_id(0), limit=100, exclude=["test:4"])

    assert {each.track_id for each in found}.isdisjoint({track_id(4), track_id(TWIN)})
    assert len(found) == LIBRARY_SIZE - 2
