"""Examples of the map."""

from collections.abc import Mapping

from services.api.openapi.examples.values import AWAKENING, COHERENCE, PLAYED_AT, Example

_REVISION = {"version": 3, "revision": 2}
_STATE = {**_REVISION, "fitted_at": PLAYED_AT, "method": "umap", "count": 46, "width": 65_535, "requested": False}

MAP: Mapping[str, Example] = {
    "getMap": Example(response=_STATE),
    "getMapPoints": Example(
        response={**_REVISION, "ids": [COHERENCE, AWAKENING], "x": [40_102, 41_877], "y": [12_290, 11_034]}
    ),
    "getMapValues": Example(
        {"by": "genre"},
        response={**_REVISION, "by": "genre", "names": ["ambient", "piano"], "values": [0, 0]},
    ),
    "getMapRegions": Example(
        response={
            "version": 3,
            "regions": [
                {"level": 0, "x": 40_900, "y": 12_001, "label": "ambient · piano", "tags": ["ambient", "piano"]}
                | {"tracks": 21}
            ],
        }
    ),
    "refitMap": Example(response={**_STATE, "requested": True}),
}
