"""Tables of the Python client, from a real service."""

import socket
import threading
from contextlib import closing, contextmanager

import httpx
import numpy as np
import pyarrow as pa
import pytest
from segue_client import AsyncSegue, InvalidRequest, NotFound, Segue, ServiceUnreachable, models

from tests.fakes import asynchronous
from tests.fakes.library import track_id
from tests.fakes.serving import LIBRARY_SIZE


@pytest.fixture
def segue(url):
    with Segue(url) as client:
        yield client


@contextmanager
def cut_after(size: int, url: str):
    """The URL of a relay that passes on so many bytes of the first answer, and then closes the connection."""
    service = httpx.URL(url)

    def relay() -> None:
        browser, _ = listening.accept()
        with browser, socket.create_connection((service.host, service.port)) as target:
            target.sendall(browser.recv(65_536))
            left = size
            while left > 0 and (part := target.recv(min(left, 4096))):
                browser.sendall(part)
                left -= len(part)

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=relay)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def test_tables_are_arrow_tables_with_the_meaning_of_their_columns(segue):
    """One step converts them; the fields have units, ranges and meanings."""
    tracks, features = segue.tables.tracks(), segue.tables.features()

    assert set(tracks.to_pandas()["track_id"]) == {track.id for track in segue.tracks()}
    assert features.num_rows == LIBRARY_SIZE
    assert features.schema.field("tempo").metadata[b"unit"] == b"beats per minute"
    assert features.schema.field("energy").metadata[b"range"] == b"0 to 1"


def test_embeddings_are_the_vectors_of_the_tracks(segue):
    """A column of vectors of one length is one matrix without a copy."""
    table = segue.tables.embeddings()
    vectors = table["embedding"].combine_chunks().flatten().to_numpy().reshape(-1, 128)
    own = dict(zip(table["track_id"].to_pylist(), vectors, strict=True))

    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    for seed in list(own)[:3]:
        nearest = segue.similar(seed, limit=1).tracks[0]
        assert nearest.score == pytest.approx(float(own[nearest.id] @ own[seed]), abs=0.02)


def test_features_and_embeddings_of_some_tracks(segue):
    """Only those, and a single id instead of a list is refused."""
    wanted = list(segue.tables.features()["track_id"].to_pylist()[:2])

    assert segue.tables.features(wanted)["track_id"].to_pylist() == wanted
    assert set(segue.tables.tracks(wanted)["track_id"].to_pylist()) == set(wanted)
    assert set(segue.tables.embeddings(wanted)["track_id"].to_pylist()) == set(wanted)
    assert segue.tables.features([]).num_rows == 0
    with pytest.raises(InvalidRequest, match=r"ids=\['one'\]"):
        segue.tables.features("one")


def test_listens_come_with_pseudonyms_where_wanted(segue):
    """A listen is in the table at once; a pseudonym is no name."""
    segue.listen("ada", [models.ListenIn(track_id=track_id(0), event="play")])
    names = segue.tables.listens()["listener"].to_pylist()
    codes = segue.tables.listens(pseudonymise=True)["listener"].to_pylist()
    segue.forget("ada")

    assert names == ["ada"]
    assert len(codes) == 1
    assert codes != names


def test_other_tables_are_exported_by_name(segue):
    """An unknown one is refused with the list of those that exist."""
    assert isinstance(segue.tables.export("playlists"), pa.Table)
    with pytest.raises(NotFound, match="The tables are: tracks"):
        segue.tables.export("songs")


@pytest.mark.parametrize("size", [400, 8_000])
def test_a_connection_that_breaks_is_an_error(url, size):
    """No part of a table looks like a whole one, wherever the cut is."""
    with cut_after(size, url) as broken, Segue(broken) as segue, pytest.raises(ServiceUnreachable):
        segue.tables.embeddings()


def test_the_asynchronous_client_has_the_same_tables(url):
    """Each is awaited."""

    async def read() -> pa.Table:
        async with AsyncSegue(url) as segue:
            return await segue.tables.tracks()

    assert asynchronous.run(read()).num_rows == LIBRARY_SIZE
