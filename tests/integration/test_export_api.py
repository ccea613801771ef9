"""Tables over HTTP, as streams."""

import json
import socket

import httpx
import pyarrow as pa
import pytest

from services.api.v1.export import ARROW, NDJSON
from services.catalog import Catalogue
from services.catalog.exports import Snapshot
from services.domain.access import Scope
from services.domain.errors import CatalogueUnavailable
from services.export.tables import TABLES
from services.settings import Settings
from tests.fakes.library import track_id, write_library
from tests.fakes.listens import listens
from tests.fakes.serving import LIBRARY_SIZE, api_process, free_port


@pytest.fixture(autouse=True, scope="module")
def heard(services):
    """Two listeners."""
    for number, listener in enumerate(("ann", "bob")):
        services.catalogue.listens.add(listener, listens(number))


def lines(answer):
    assert answer.status_code == 200, answer.text
    assert answer.content_type == NDJSON
    return [json.loads(line) for line in answer.text.splitlines()]


def key(services, scopes, **bound):
    return {"X-API-Key": services.catalogue.keys.create("key", scopes, **bound).text}


@pytest.mark.parametrize("table", TABLES)
def test_each_table_is_sent_as_json_lines_and_as_arrow(api, table):
    """With the same columns and number of rows."""
    text = lines(api.get(f"/v1/export/{table}"))
    binary = api.get(f"/v1/export/{table}", headers={"Accept": ARROW})
    read = pa.ipc.open_stream(binary.data).read_all()

    assert binary.content_type == ARROW
    assert read.num_rows == len(text)
    assert read.column_names == [column.name for column in TABLES[table].columns]
    assert all(list(row) == read.column_names for row in text)


def test_tracks_and_embeddings_are_complete(api):
    """Every track of the library, in one order."""
    tracks = {row["track_id"]: row for row in lines(api.get("/v1/export/tracks"))}
    vectors = {row["track_id"]: row["embedding"] for row in lines(api.get("/v1/export/embeddings"))}

    assert tracks.keys() == vectors.keys() == {track_id(number) for number in range(LIBRARY_SIZE)}
    assert all(len(vector) == 128 for vector in vectors.values())


def test_a_key_of_one_listener_gets_its_own_rows(api, services):
    """A key of all listeners needs `admin`, and failures need `ingest`."""
    own = key(services, [Scope.LISTEN], listeners=["ann"])
    assert {row["listener"] for row in lines(api.get("/v1/export/listens", headers=own))} == {"ann"}
    assert {row["listener"] for row in lines(api.get("/v1/export/verdicts", headers=own))} == {"ann"}

    everybody = key(services, [Scope.LISTEN])
    assert api.get("/v1/export/listens", headers=everybody).status_code == 403
    admin = key(services, [Scope.ADMIN])
    assert {row["listener"] for row in lines(api.get("/v1/export/listens", headers=admin))} == {"ann", "bob"}
    assert api.get("/v1/export/tracks", headers=own).status_code == 403
    assert api.get("/v1/export/failures", headers=key(services, [Scope.READ])).status_code == 403


@pytest.mark.parametrize("table", TABLES)
def test_a_key_of_a_library_gets_the_rows_of_its_library(api, services, library_dir, table):
    """Nothing if the library has no files, and all if it has all."""
    services.catalogue.libraries.put("empty", ["/nowhere"], [])
    services.catalogue.libraries.put("whole", [str(library_dir)], ["ann", "bob"])
    count = len(lines(api.get(f"/v1/export/{table}")))
    scopes = [Scope.READ, Scope.LISTEN, Scope.INGEST]
    for library, expected in (("empty", 0), ("whole", count)):
        bound = key(services, scopes, listeners=["ann", "bob"], libraries=[library])
        assert len(lines(api.get(f"/v1/export/{table}", headers=bound))) == expected
    services.catalogue.libraries.remove("empty")
    services.catalogue.libraries.remove("whole")


def test_pseudonyms_and_since_are_options(api):
    """As of the command."""
    found = lines(api.get("/v1/export/listens?pseudonymise=true&since=2026-10-03T00:00:00Z"))

    assert 0 < len(found) < 40
    assert {"ann", "bob"}.isdisjoint(row["listener"] for row in found)


def test_what_cannot_be_sent_is_said(api):
    """An unknown table, an unknown format."""
    assert "The tables are: tracks" in api.get("/v1/export/songs").json["detail"]
    refused = api.get("/v1/export/tracks", headers={"Accept": "text/html"})
    assert (refused.status_code, NDJSON in refused.json["detail"]) == (406, True)


def test_one_export_runs_at_a_time(api):
    """Another one is told to come back; the end of the first one lets the next one in."""
    first = api.get("/v1/export/tracks", buffered=False)
    busy = api.get("/v1/export/tracks")
    assert (busy.status_code, "Retry-After" in busy.headers) == (503, True)

    first.close()
    assert len(lines(api.get("/v1/export/tracks"))) == LIBRARY_SIZE


def test_the_end_of_a_stream_is_marked(tmp_path, broker_url):
    """By the last chunk, which is missing if the service dies; clients report that as an error."""
    catalogue = Catalogue.open(Settings(data_dir=tmp_path).catalogue_url)
    write_library(catalogue, tmp_path / "music", LIBRARY_SIZE)
    catalogue.close()
    port = free_port()
    with api_process(tmp_path, broker_url, port):
        whole = httpx.get(f"http://127.0.0.1:{port}/v1/export/embeddings", trust_env=False)
        assert whole.headers["Transfer-Encoding"] == "chunked"
        assert len(whole.text.splitlines()) == LIBRARY_SIZE
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /v1/export/embeddings HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            received = b"".join(iter(lambda: client.recv(65536), b""))
        assert received.endswith(b"\r\n0\r\n\r\n")


def test_an_error_before_the_first_row_is_a_problem(api, monkeypatch):
    """Not a stream that breaks."""

    def fails(_snapshot, _statement):
        raise CatalogueUnavailable("The catalogue does not respond.")

    monkeypatch.setattr(Snapshot, "_batches", fails)
    answer = api.get("/v1/export/tracks")
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
