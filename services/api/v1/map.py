"""The map: its state, its points as compact arrays, values to colour them by, and its regions."""

import gzip
import time
import zlib
from collections import Counter
from collections.abc import Callable
from functools import lru_cache, partial
from hashlib import sha256
from http import HTTPStatus

import numpy as np
import structlog
from flask import Blueprint, Response, request
from pydantic import BaseModel

from services.api.context import services
from services.api.http.operation import operation
from services.api.schemas.map import (
    WIDTH,
    Colouring,
    MapPoints,
    MapRegion,
    MapRegions,
    MapState,
    MapValues,
    MapValuesQuery,
)
from services.api.security.permissions import needs
from services.catalog import tenancy
from services.catalog.map import NAMES, MapStore
from services.domain import map as domain
from services.domain.access import Scope
from services.domain.errors import BrokerUnavailable, InvalidRequest
from services.domain.libraries import Libraries

music_map = Blueprint("map", __name__, url_prefix="/v1")

NOT_MODIFIED = {304: {"description": "The client's copy is current"}}

# Ids are random, and matches among them cost more than they save: this strategy of zlib looks for few.
GZIP_FORMAT, MEMORY_MAX, LEVEL = 31, 9, 6

VALUES_SECONDS = 60
"""Values may be so old after a change of tags: at 100,000 tracks the catalogue needs a second to read them."""

DIGITS = 4
"""Significant digits of values; a colour needs fewer."""

log = structlog.get_logger(__name__)


@music_map.get("/map")
@operation("getMap", "Get the state of the map", returns=MapState)
@needs(Scope.READ)
def get_map() -> MapState:
    """Get the version of the map, which the other operations of the map refer to.

    A worker fits the map and aligns it to the previous one. New tracks get points beside their nearest neighbours at
    once. The map is fitted again when a tenth of its tracks has come or gone.
    """
    return _state()


def _state() -> MapState:
    store = services().catalogue.map
    state = store.state()
    return MapState(
        version=state and state.version,
        revision=0 if state is None else state.revision,
        fitted_at=state and state.fitted_at,
        method=state and state.method,
        count=0 if state is None else store.count(state.version),
        width=WIDTH,
        requested=store.is_requested(),
    )


@music_map.get("/map/points")
@operation("getMapPoints", "Get all points of the map", returns=MapPoints, responses=NOT_MODIFIED)
@needs(Scope.READ)
def get_points() -> Response:
    """Get the points as arrays. The request may be conditional (`If-None-Match`), and compressed with gzip."""
    store = services().catalogue.map
    state = store.state()
    number, revision = (None, 0) if state is None else (state.version, state.revision)
    limit = tenancy.libraries()
    packed = partial(_points, store, number, revision, limit)
    # The points of some libraries change without a new revision, when a folder changes hands.
    return _conditional(f"{number}-{revision}" if limit is None else sha256(packed()).hexdigest(), packed)


@music_map.get("/map/values")
@operation("getMapValues", "Get a value of each point", query=MapValuesQuery, returns=MapValues, responses=NOT_MODIFIED)
@needs(Scope.READ)
def get_values(query: MapValuesQuery) -> Response:
    """Get a value of each track on the map, to colour the points by.

    The values have the order of the points if `version` and `revision` are the same. The request may be conditional
    (`If-None-Match`), and compressed with gzip.
    """
    store = services().catalogue.map
    state = store.state()
    number, revision = (None, 0) if state is None else (state.version, state.revision)
    period = int(time.monotonic() // VALUES_SECONDS)
    packed = _values(store, number, revision, query.by, period, tenancy.libraries())
    # Values change with the tags of files, which the revision does not count.
    return _conditional(sha256(packed).hexdigest(), lambda: packed)


@music_map.get("/map/regions")
@operation("getMapRegions", "Get the regions of the map", returns=MapRegions)
@needs(Scope.READ)
def get_regions() -> MapRegions:
    """Get the regions at two zoom levels, each with the tags that set it apart from the rest of the library."""
    store = services().catalogue.map
    state = store.state()
    found = () if state is None else state.regions
    if state is not None and tenancy.libraries() is not None:
        found = domain.regions_near(found, store.points(state.version).points)
    return MapRegions(version=state and state.version, regions=[MapRegion.of(region) for region in found])


@music_map.post("/map/refit")
@operation(
    "refitMap",
    "Fit the map again",
    returns=MapState,
    status=HTTPStatus.ACCEPTED,
    meaning="The fit is requested. `version` increases when it is done.",
    problems=(HTTPStatus.UNPROCESSABLE_ENTITY,),
)
@needs(Scope.INGEST, expensive=True, installation=True)
def refit() -> MapState:
    """Request a new map. A worker fits it within a minute, also while tracks wait for their analysis."""
    current = services()
    ready, _ = current.catalogue.map.ready()
    if ready < domain.TRACKS_MIN:
        raise InvalidRequest(f"A map needs at least {domain.TRACKS_MIN} analysed tracks; the library has {ready}.")
    current.catalogue.map.request()
    try:
        current.queue.fit_map()
    except BrokerUnavailable as error:
        log.warning("fit_not_sent", reason=error.detail)  # the scheduler sends it within a minute
    return _state()


@lru_cache(maxsize=2)
def _points(store: MapStore, version: int | None, revision: int, limit: Libraries) -> bytes:
    del limit  # of the statements
    found = MapPoints(version=version, revision=revision, ids=[], x=[], y=[])
    if version is not None:
        stored = store.points(version)
        x, y = np.rint(stored.points * WIDTH).astype(int).T
        found = found.model_copy(update={"ids": stored.ids, "x": x.tolist(), "y": y.tolist()})
    return _packed(found)


@lru_cache(maxsize=4)
def _values(  # noqa: PLR0913, PLR0917  the key of the cache
    store: MapStore, version: int | None, revision: int, by: Colouring, period: int, limit: Libraries
) -> bytes:
    del limit  # of the statements
    del period  # older values are forgotten
    values = [] if version is None else store.values(version, by)
    if by not in NAMES:
        rounded = [value if value is None else float(f"{value:.{DIGITS}g}") for value in values]
        return _packed(MapValues(version=version, revision=revision, by=by, names=None, values=rounded))
    counts = Counter(value for value in values if value is not None)
    names = [name for name, _ in counts.most_common()]
    numbers = {name: number for number, name in enumerate(names)}
    indexes = [numbers.get(value) for value in values]
    return _packed(MapValues(version=version, revision=revision, by=by, names=names, values=indexes))


def _packed(answer: BaseModel) -> bytes:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP_FORMAT, MEMORY_MAX, zlib.Z_FILTERED)
    return packer.compress(answer.model_dump_json().encode()) + packer.flush()


def _conditional(tag: str, packed: Callable[[], bytes]) -> Response:
    """Send a compressed answer; nothing if the client has it, and without the compression if it knows none."""
    response = Response(content_type="application/json", headers={"Cache-Control": "private, no-cache"})
    response.vary.add("Accept-Encoding")
    response.set_etag(tag, weak=True)
    response.make_conditional(request)
    if response.status_code == HTTPStatus.NOT_MODIFIED:
        return response
    if request.accept_encodings.quality("gzip") > 0:
        response.content_encoding = "gzip"
        response.set_data(packed())
    else:
        response.set_data(gzip.decompress(packed()))
    return response
