"""The map: place each track when it is analysed, and fit the map again when the library has grown.

A fit runs in a process of its own with a low priority (`models.layout`). One fit runs at a time, under a lease of
the broker. If the worker dies, the process ends with it, the lease expires, and the next pass fits again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import structlog
from numpy.typing import NDArray

from models.arrays import Float32Array, Float64Array
from models.layout.fit import PCA, best_method
from models.layout.messages import Order
from models.layout.placement import place
from services.catalog import Catalogue
from services.catalog.database import ROWS_PER_STATEMENT
from services.domain.errors import SegueError
from services.domain.filters import TAG_THRESHOLD
from services.domain.map import MapState, MapTrack, Placed, Region, is_due
from services.domain.track import Analysis
from services.recommend.explain import IGNORED_TAGS
from services.tasks.queue import ANALYSE_TASK, TaskQueue
from workers.map_process import fit_in_process

# The lease is renewed about every second; after a crash the next fit waits this long.
LEASE_SECONDS = 30.0

log = structlog.get_logger()


def place_analysed(catalogue: Catalogue, queue: TaskQueue, track_id: str, analyses: Sequence[Analysis]) -> None:
    """Place a track that has just been analysed, in the space of the map.

    A failure is logged, because `place_missing` repeats it.
    """
    try:
        state = catalogue.map.state()
        if state is not None:
            fitting = (each for each in analyses if each.model_version == state.model_version)
            place_tracks(catalogue, state, [MapTrack(track_id, each.embedding, each.tags) for each in fitting])
        if fit_is_due(catalogue, state, busy=True):
            queue.fit_map()
    except SegueError as error:
        log.warning("track_not_placed", track_id=track_id, reason=error.detail)


def place_missing(catalogue: Catalogue) -> None:
    """Place the ready tracks that have no point, and remove the points of tracks that are not ready."""
    state = catalogue.map.state()
    if state is None:
        return
    catalogue.map.remove_gone(state.version)
    while (tracks := catalogue.map.unplaced(state.version)) and place_tracks(catalogue, state, tracks):
        pass


def place_tracks(catalogue: Catalogue, state: MapState, tracks: list[MapTrack]) -> int:
    """Place tracks on a map beside their nearest neighbours, and return their number; 0 if the map has none."""
    vectors, points = _landmarks(catalogue, state.version, state.model_version)
    if not len(vectors) or not tracks:
        return 0
    placed = place(np.array([track.vector for track in tracks]), vectors, points)
    catalogue.map.place(
        state.version,
        [
            Placed(track.id, x, y, strongest(heard_tags(track.tags)))
            for track, (x, y) in zip(tracks, placed.tolist(), strict=True)
        ],
    )
    return len(tracks)


@lru_cache(maxsize=1)
def _landmarks(catalogue: Catalogue, version: int, model_version: str) -> tuple[Float32Array, Float64Array]:
    return catalogue.map.landmarks(version, model_version)


def fit_is_due(catalogue: Catalogue, state: MapState | None, *, busy: bool) -> bool:
    """Return whether the map must be fitted; see `services.domain.map.is_due`."""
    ready, model_version = catalogue.map.ready()
    return is_due(state, ready, model_version, requested=catalogue.map.is_requested(), busy=busy)


def fit_map(catalogue: Catalogue, queue: TaskQueue) -> None:
    """Fit the map if it is due and no other process fits it, then place tracks that came meanwhile.

    Raises:
        BrokerUnavailable: the lease was lost; the next pass fits again.
    """
    with queue.lease("map", LEASE_SECONDS) as lease:
        if lease is None:
            return
        busy = queue.count_waiting(ANALYSE_TASK) > 0
        if fit_is_due(catalogue, catalogue.map.state(), busy=busy):
            _fit_and_publish(catalogue, lease.renew)
    place_missing(catalogue)


@dataclass(frozen=True, slots=True)
class _Library:
    order: Order
    ids: list[str]
    strongest: list[str | None]


def _fit_and_publish(catalogue: Catalogue, renew: Callable[[], None]) -> None:
    _, model_version = catalogue.map.ready()
    library = _read(catalogue, renew)
    method = best_method(len(library.ids))
    fitted = fit_in_process(library.order, method, renew)
    if fitted is None and method != PCA:
        method = PCA
        fitted = fit_in_process(library.order, method, renew)
    if fitted is None or model_version is None:
        return

    def placed() -> Iterator[Placed]:
        for number, (track_id, (x, y)) in enumerate(zip(library.ids, fitted.points.tolist(), strict=True)):
            if number % ROWS_PER_STATEMENT == 0:
                renew()  # the lease protects the version, which this task alone may write
            yield Placed(track_id, x, y, library.strongest[number])

    regions = [Region(each.level, each.x, each.y, each.tags, each.tracks) for each in fitted.regions]
    version = catalogue.map.publish(placed(), regions, method=method, model_version=model_version)
    log.info("map_fitted", version=version, method=method, tracks=len(library.ids))


def _read(catalogue: Catalogue, renew: Callable[[], None]) -> _Library:
    ids: list[str] = []
    vectors, points, strongest_tags, heard_of = [], [], [], []
    names: dict[str, int] = {}
    for batch in catalogue.map.tracks():
        renew()
        for track in batch:
            heard = heard_tags(track.tags)
            ids.append(track.id)
            vectors.append(track.vector)
            points.append(track.point or (np.nan, np.nan))
            strongest_tags.append(strongest(heard))
            heard_of.append([names.setdefault(name, len(names)) for name in heard])
    order = Order(np.array(vectors, dtype=np.float32), np.array(points), _matrix(heard_of, len(names)), tuple(names))
    return _Library(order, ids, strongest_tags)


def _matrix(heard_of: list[list[int]], count: int) -> NDArray[np.bool_]:
    matrix = np.zeros((len(heard_of), count), dtype=np.bool_)
    for row, columns in zip(matrix, heard_of, strict=True):
        row[columns] = True
    return matrix


def heard_tags(tags: Mapping[str, float]) -> dict[str, float]:
    """Return the tags that are heard in a track and say something about it, with their strength."""
    heard: dict[str, float] = {}
    for full_name, strength in tags.items():
        name = full_name.casefold().split(":")[-1]
        if strength >= TAG_THRESHOLD and name not in IGNORED_TAGS:
            heard[name] = max(strength, heard.get(name, 0.0))
    return heard


def strongest(heard: Mapping[str, float]) -> str | None:
    """Return the strongest of some tags; None if there are none."""
    return max(heard, key=heard.__getitem__, default=None)
