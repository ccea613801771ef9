"""Compare a full space with the served one: neighbours, albums and latency; and fit the maps between the two."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

import numpy as np
import structlog

from services.catalog import Catalogue
from services.catalog.database import now
from services.domain.spaces import CARRIED_COSINE, fit_mapping
from services.domain.vector_index import PICTURES, Query, VectorSearch
from services.words.towers import has_tower

QUERIES = 200
"""Tracks whose neighbours are compared: the share of common ones is then known to about ± 0.03."""
NEIGHBOURS = 10
PAIRED = 5_000
"""Tracks that the maps between two spaces are fitted on and judged by."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a space differs from the served one.

    Attributes:
        with_space: The served space.
        compared_at: When, as ISO 8601.
        tracks: Number of tracks whose neighbours were compared.
        overlap: Mean share of the ten nearest tracks that both spaces have in common; None without tracks.
        album_share: By space, the mean share of the ten nearest tracks that are of the same album.
        milliseconds: By space, the median time of a query for ten tracks.
        mapping_cosine: How well vectors of the text tower are carried into the space: 1 if it is the tower's own, None
            without a map.
        carries_words: Whether that is good enough to use texts and pictures.
    """

    with_space: str
    compared_at: str
    tracks: int
    overlap: float | None
    album_share: dict[str, float | None]
    milliseconds: dict[str, float | None]
    mapping_cosine: float | None
    carries_words: bool


def compare(catalogue: Catalogue, served: str, space: str, indexes: Mapping[str, VectorSearch]) -> Comparison:
    """Compare a space with the served one, fit the maps between them, and store both.

    Raises:
        CatalogueUnavailable, IndexUnavailable: nothing is stored.
    """
    cosine = _fit_maps(catalogue, served, space)
    pictures = catalogue.queue_of(PICTURES, space)
    pictures.mark(list(pictures.ready_ids()))  # the index of the space was built before there was a map
    asked, *vectors = catalogue.space_mappings.pairs(served, space, QUERIES)
    found = {name: _neighbours(indexes[name], asked, own) for name, own in zip((served, space), vectors, strict=True)}
    album_of = _albums(catalogue, [*asked, *(each for lists, _ in found.values() for hits in lists for each in hits)])
    comparison = Comparison(
        with_space=served,
        compared_at=now().isoformat(),
        tracks=len(asked),
        overlap=_overlap(found[served][0], found[space][0]),
        album_share={name: _album_share(asked, lists, album_of) for name, (lists, _) in found.items()},
        milliseconds={name: 1000 * median(times) if times else None for name, (_, times) in found.items()},
        mapping_cosine=cosine,
        carries_words=cosine is not None and cosine >= CARRIED_COSINE,
    )
    catalogue.space_store.compared(space, asdict(comparison))
    _log.info("spaces_compared", space=space, **asdict(comparison))
    return comparison


def _fit_maps(catalogue: Catalogue, served: str, space: str) -> float | None:
    """Fit and store the maps between two spaces, and from that of the text tower; return the `mapping_cosine`."""
    from models.text.tower import DEFAULT_VERSION as TOWER  # noqa: PLC0415  an API that compares nothing does without

    cosines = {space: 1.0}
    # A release whose text tower is of the new space needs the map back.
    for source, target in {(served, space), (space, served), (TOWER, space)} - {(space, space)}:
        fitted = fit_mapping(*catalogue.space_mappings.pairs(source, target, PAIRED)[1:])
        if fitted is not None:
            catalogue.space_mappings.store(source, target, fitted)
            if target == space:
                cosines[source] = fitted.cosine
    return 1.0 if has_tower(space) else cosines.get(TOWER)


def _neighbours(index: VectorSearch, ids: Sequence[str], vectors: "np.ndarray") -> tuple[list[list[str]], list[float]]:
    """Return the nearest other tracks of each track, and the seconds of each query."""
    lists, times = [], []
    for track_id, vector in zip(ids, vectors, strict=True):
        begun = time.perf_counter()
        [hits] = index.query([Query(vector, NEIGHBOURS + 1)])
        times.append(time.perf_counter() - begun)
        lists.append([hit.id for hit in hits if hit.id != track_id][:NEIGHBOURS])
    return lists, times


def _overlap(first: Sequence[Sequence[str]], second: Sequence[Sequence[str]]) -> float | None:
    shares = [
        len(set(one) & set(other)) / max(1, min(len(one), len(other))) for one, other in zip(first, second, strict=True)
    ]
    return float(np.mean(shares)) if shares else None


def _albums(catalogue: Catalogue, ids: Sequence[str]) -> dict[str, str]:
    found = catalogue.tracks.embedded(list(dict.fromkeys(ids)))
    return {name: track.album_id for name, track in found.items() if track.album_id is not None}


def _album_share(ids: Sequence[str], lists: Sequence[Sequence[str]], album_of: Mapping[str, str]) -> float | None:
    """Return the share of neighbours of the same album, over the tracks that have an album."""
    shares = [
        sum(album_of.get(other) == album for other in hits) / max(1, len(hits))
        for track_id, hits in zip(ids, lists, strict=True)
        if (album := album_of.get(track_id)) is not None
    ]
    return float(np.mean(shares)) if shares else None
