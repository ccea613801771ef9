"""A model upgrade with real weights, workers and an API process, while clients ask and a scan runs."""

from collections.abc import Iterator

import httpx
import pytest

from models.checkpoint import DEFAULT_VERSION
from services.domain.errors import InvalidRequest
from services.domain.spaces import SpaceRole
from tests.fakes.checkpoints import write_rotated
from tests.fakes.installation import Api, Installation, installation, wait_until, write_songs
from tests.fakes.library import MODEL, record, register
from tests.fakes.postgres import empty
from tests.fakes.upgrading import Clients, is_complete, vectors_in

NEXT = "rotated-1"
SONGS = 8
CLIENTS = 2


@pytest.fixture
def here(tmp_path) -> Iterator[Installation]:
    with installation(tmp_path / "data") as made:
        yield made


def scan(here: Installation, api: Api, folder) -> None:
    assert api.http.post("/v1/scans", json={"path": str(folder)}).status_code == httpx.codes.ACCEPTED


def switch(here: Installation, api: Api, clients: Clients, version: str) -> None:
    """Serve another space, move its analyses, and let the clients ask for each track in it."""
    here.catalogue.space_store.serve(version)
    wait_until(lambda: api.http.get("/v1/status").json()["model_version"] == version)
    while here.catalogue.space_store.settle():
        pass
    enough = len(clients.answers) + (CLIENTS + 1) * SONGS
    wait_until(lambda: len(clients.answers) > enough)


def test_an_upgrade_under_load(here, tmp_path):
    """Nothing fails and nothing mixes while a space fills, is served, settles, and is left again."""
    weights = write_rotated(tmp_path / "weights", NEXT)
    write_songs(tmp_path / "music", SONGS)
    store = here.catalogue.space_store
    with here.api() as api:
        with here.worker():
            scan(here, api, tmp_path / "music")
            wait_until(lambda: api.points() == SONGS)
        tracks = sorted(vectors_in(here.catalogue, DEFAULT_VERSION))
        clients = Clients(api.url, tracks, CLIENTS)
        here.environment["SEGUE_NEXT_MODEL"] = str(weights)
        with clients.asking(), here.worker():
            write_songs(tmp_path / "more", SONGS + 3)
            scan(here, api, tmp_path / "more")
            wait_until(lambda: is_complete(here.catalogue, NEXT, SONGS + 3))
            both = vectors_in(here.catalogue, DEFAULT_VERSION), vectors_in(here.catalogue, NEXT)
            switch(here, api, clients, NEXT)
            switch(here, api, clients, store.previous())
        with pytest.raises(InvalidRequest, match="a moment ago"):
            store.drop(NEXT)

    first, other = both
    assert first.keys() == other.keys()
    assert max(abs(float(first[track] @ other[track])) for track in first) < 0.5
    assert {answer.status for answer in clients.answers} == {httpx.codes.OK}
    assert clients.mixed(first) == []
    comparison = next(each for each in store.all() if each.role == SpaceRole.PREVIOUS).comparison
    assert comparison["overlap"] > 0.9


def test_an_upgrade_on_postgresql(postgres_url, tmp_path):
    """From a version whose weights no worker has: each answer is of one space, before and after a switch and back."""
    empty(postgres_url)
    weights = write_rotated(tmp_path / "weights", NEXT)
    with installation(tmp_path / "data", database_url=postgres_url) as here, here.api() as api:
        files = write_songs(tmp_path, SONGS)
        tracks = [register(here.catalogue, file, number) for number, file in enumerate(files)]
        for number, track in enumerate(tracks):
            record(here.catalogue, track, number)
        first = vectors_in(here.catalogue, MODEL)
        wait_until(lambda: api.points() == SONGS)
        clients = Clients(api.url, tracks, CLIENTS)
        here.environment["SEGUE_NEXT_MODEL"] = str(weights)
        with clients.asking(), here.worker():
            wait_until(lambda: is_complete(here.catalogue, NEXT, SONGS))
            other = vectors_in(here.catalogue, NEXT)
            switch(here, api, clients, NEXT)
            switch(here, api, clients, MODEL)

    assert here.settings.catalogue_url == postgres_url
    assert {answer.status for answer in clients.answers} == {httpx.codes.OK}
    assert clients.mixed(first, other) == []
    assert min(len(clients.mixed(first)), len(clients.mixed(other))) >= SONGS
