"""A model upgrade with real weights, workers and an API process, while clients ask and a scan runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import numpy as np
import pytest

from models.checkpoint import DEFAULT_VERSION
from services.domain.errors import InvalidRequest
from services.domain.spaces import SpaceRole
from services.domain.vector_index import TRACKS
from tests.fakes.checkpoints import write_rotated
from tests.fakes.installation import Api, Installation, installation, wait_until, write_songs

NEXT = "rotated-1"
SONGS = 8
CLIENTS = 2
# Between two tracks whose vectors are of one space each, the cosine is off by about 0.8.
TOLERANCE = 0.01


@pytest.fixture
def here(tmp_path) -> Iterator[Installation]:
    with installation(tmp_path / "data") as made:
        yield made


class Clients:
    """Threads that ask for similar tracks, and keep what was answered."""

    def __init__(self, url: str, tracks: list[str]) -> None:
        self.answers: list[tuple[str, int, dict[str, float]]] = []
        self.enough = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(url, tracks)) for _ in range(CLIENTS)]

    def _ask(self, url: str, tracks: list[str]) -> None:
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            while not self.enough.is_set():
                for track in tracks:
                    answer = client.get(f"/v1/tracks/{track}/similar", params={"limit": 20})
                    found = answer.json().get("tracks", [])
                    self.answers.append((track, answer.status_code, {each["id"]: each["score"] for each in found}))

    @contextmanager
    def asking(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self.enough.set()
            for thread in self._threads:
                thread.join()


def vectors(here: Installation, space: str) -> dict[str, np.ndarray]:
    changes = [change for batch in here.catalogue.queue_of(TRACKS, space).ready() for change in batch]
    return {change.id: change.point.vector for change in changes}


def scan(here: Installation, api: Api, folder) -> None:
    assert api.http.post("/v1/scans", json={"path": str(folder)}).status_code == httpx.codes.ACCEPTED


def is_complete(here: Installation, count: int) -> bool:
    here.catalogue.spaces.refresh()
    found = next((each for each in here.catalogue.space_store.all() if each.model_version == NEXT), None)
    return found is not None and found.can_serve and found.ready == count and found.comparison is not None


def test_an_upgrade_under_load(here, tmp_path):
    """Nothing fails and nothing mixes while a space fills, is served, settles, and is left again."""
    weights = write_rotated(tmp_path / "weights", NEXT)
    write_songs(tmp_path / "music", SONGS)
    store = here.catalogue.space_store
    with here.api() as api:
        with here.worker():
            scan(here, api, tmp_path / "music")
            wait_until(lambda: api.points() == SONGS)
        tracks = sorted(vectors(here, DEFAULT_VERSION))
        clients = Clients(api.url, tracks)
        here.environment["SEGUE_NEXT_MODEL"] = str(weights)
        with clients.asking(), here.worker():
            write_songs(tmp_path / "more", SONGS + 3)
            scan(here, api, tmp_path / "more")
            wait_until(lambda: is_complete(here, SONGS + 3))
            both = vectors(here, DEFAULT_VERSION), vectors(here, NEXT)
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
    assert {status for _, status, _ in clients.answers} == {httpx.codes.OK}
    wrong = [
        (track, found, score)
        for track, _, answer in clients.answers
        for found, score in answer.items()
        if abs(score - float(first[track] @ first[found])) > TOLERANCE
    ]
    assert wrong == []
    comparison = next(each for each in store.all() if each.role == SpaceRole.PREVIOUS).comparison
    assert comparison["overlap"] > 0.9
