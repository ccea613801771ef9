"""A model upgrade with real weights, workers and an API process, while clients ask and a scan runs."""

from collections.abc import Iterator

import httpx
import pytest

from models.checkpoint import DEFAULT_VERSION
from services.domain.errors import InvalidRequest
from services.domain.spaces import SpaceRole
from tests.fakes.checkpoints import write_rotated
from tests.fakes.installation import Api, Installation, installation, wait_until, write_songs
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
            store.serve(NEXT)
            wait_until(lambda: api.http.get("/v1/status").json()["model_version"] == NEXT)
            while store.settle():
                pass
            so_far = len(clients.answers)
            wait_until(lambda: len(clients.answers) > so_far + 2 * len(tracks))
            store.serve(store.previous())
            so_far = len(clients.answers)
            wait_until(lambda: len(clients.answers) > so_far + 2 * len(tracks))
        with pytest.raises(InvalidRequest, match="a moment ago"):
            store.drop(NEXT)

    first, other = both
    assert first.keys() == other.keys()
    assert max(abs(float(first[track] @ other[track])) for track in first) < 0.5
    assert {answer.status for answer in clients.answers} == {httpx.codes.OK}
    assert clients.mixed(first) == []
    comparison = next(each for each in store.all() if each.role == SpaceRole.PREVIOUS).comparison
    assert comparison["overlap"] > 0.9
