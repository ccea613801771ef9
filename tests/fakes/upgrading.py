"""Clients that ask all the time during a model upgrade, and what their answers tell."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import httpx
import numpy as np

from services.catalog import Catalogue
from services.domain.vector_index import TRACKS

# Between two tracks whose vectors are of one space each, the cosine is off by about 0.8.
TOLERANCE = 0.01


class Answer(NamedTuple):
    """An answer to a question for similar tracks: its status, the scores of its tracks, and how long it took."""

    track: str
    status: int
    scores: dict[str, float]
    begun_at: float
    seconds: float


class Clients:
    """Threads that ask for similar tracks, and keep what was answered."""

    def __init__(self, url: str, tracks: Sequence[str], count: int) -> None:
        self.answers: list[Answer] = []
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(url, tracks)) for _ in range(count)]

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask until the context ends."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._enough.set()
            for thread in self._threads:
                thread.join()

    def mixed(self, *spaces: Mapping[str, np.ndarray]) -> list[Answer]:
        """Return the answers whose scores are the cosines of no single space, given the vectors of each."""
        return [answer for answer in self.answers if not any(_is_of(answer, vectors) for vectors in spaces)]

    def _ask(self, url: str, tracks: Sequence[str]) -> None:
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            while not self._enough.is_set():
                for track in tracks:
                    begun = time.perf_counter()
                    answer = client.get(f"/v1/tracks/{track}/similar", params={"limit": 20})
                    seconds = time.perf_counter() - begun
                    scores = {each["id"]: each["score"] for each in answer.json().get("tracks", [])}
                    self.answers.append(Answer(track, answer.status_code, scores, begun, seconds))


def _is_of(answer: Answer, vectors: Mapping[str, np.ndarray]) -> bool:
    own = vectors[answer.track]
    return all(abs(score - float(own @ vectors[found])) <= TOLERANCE for found, score in answer.scores.items())


def vectors_in(catalogue: Catalogue, space: str) -> dict[str, np.ndarray]:
    """Return the vectors of all ready tracks in a space."""
    changes = [change for batch in catalogue.queue_of(TRACKS, space).ready() for change in batch]
    return {change.id: change.point.vector for change in changes if change.point is not None}


def is_complete(catalogue: Catalogue, space: str, count: int) -> bool:
    """Return whether a space has this many tracks, its indexes, and a comparison."""
    catalogue.spaces.refresh()
    found = next((each for each in catalogue.space_store.all() if each.model_version == space), None)
    return found is not None and found.can_serve and found.ready == count and found.comparison is not None
