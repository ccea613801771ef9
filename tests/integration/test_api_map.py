"""The map over HTTP: arrays in one order, conditional and compressed."""

import gzip
import json

import pytest
from sqlalchemy import delete

from services.api.schemas.map import WIDTH
from services.catalog.tables import MapRow
from services.domain.map import Placed, Region
from services.tasks.queue import FIT_MAP_TASK
from tests.fakes.library import MODEL, track_id

IDS = sorted(track_id(number) for number in range(5))
COMPRESSED = {"Accept-Encoding": "gzip"}


@pytest.fixture
def version(services):
    """The version of a map with five tracks."""
    tracks = [Placed(each, number / 4, 0.5, "piano") for number, each in enumerate(IDS)]
    regions = [Region(0, 0.5, 0.25, ("jazz", "piano"), 5)]
    return services.catalogue.map.publish(iter(tracks), regions, method="pca", model_version=MODEL)


def test_without_a_map_all_answers_are_empty(api, services):
    """Before the first fit there is no version and there are no points, values or regions."""
    with services.catalogue.database.write() as session:
        session.execute(delete(MapRow))

    state = api.get("/v1/map").json
    assert (state["version"], state["count"], state["method"]) == (None, 0, None)
    assert api.get("/v1/map/points").json == {"version": None, "revision": 0, "ids": [], "x": [], "y": []}
    assert api.get("/v1/map/values?by=energy").json["values"] == []
    assert api.get("/v1/map/regions").json == {"version": None, "regions": []}


def test_points_are_whole_numbers_in_the_order_of_ids(api, version):
    """The first track lies at the left side, the last at the right side."""
    found = api.get("/v1/map/points").json

    assert found["ids"] == IDS
    assert (found["x"][0], found["x"][-1]) == (0, WIDTH)
    assert found["y"] == [round(WIDTH / 2)] * 5
    assert api.get("/v1/map").json == {
        "version": version,
        "revision": 0,
        "fitted_at": api.get("/v1/map").json["fitted_at"],
        "method": "pca",
        "count": 5,
        "width": WIDTH,
        "requested": False,
    }


def test_points_are_sent_once(api, services, version):
    """A client that has the points gets 304 until a track is placed."""
    first = api.get("/v1/map/points")
    again = {"If-None-Match": first.headers["ETag"]}

    assert api.get("/v1/map/points", headers=again).status_code == 304
    services.catalogue.map.place(version, [Placed(track_id(9), 0.5, 0.5, None)])
    changed = api.get("/v1/map/points", headers=again)
    assert changed.status_code == 200
    assert changed.json["revision"] == 1
    assert len(changed.json["ids"]) == 6


def test_points_are_compressed_for_clients_that_ask(api, version):
    """With `Accept-Encoding: gzip` the same points come compressed."""
    packed = api.get("/v1/map/points", headers=COMPRESSED)

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert json.loads(gzip.decompress(packed.data)) == api.get("/v1/map/points").json


def test_values_are_numbers_or_indexes_of_names(api, version):
    """An attribute gives numbers, an album the index of its name; both in the order of the points."""
    energy = api.get("/v1/map/values?by=energy").json
    album = api.get("/v1/map/values?by=album").json
    of_tracks = [api.get(f"/v1/tracks/{each}").json for each in IDS]

    assert energy["names"] is None
    assert energy["values"] == [track["attributes"]["energy"] for track in of_tracks]
    assert [album["names"][value] for value in album["values"]] == [track["album"] for track in of_tracks]
    assert api.get("/v1/map/values?by=liveness").json["values"] == [None] * 5
    assert api.get("/v1/map/values?by=colour").status_code == 422


def test_regions_have_a_label(api, version):
    """The label joins the tags of a region."""
    (region,) = api.get("/v1/map/regions").json["regions"]

    assert region["label"] == "jazz · piano"
    assert (region["x"], region["y"]) == (round(WIDTH / 2), round(WIDTH / 4))


def test_a_new_map_can_be_requested(api, services, version):
    """The request is kept and sent to the workers."""
    waiting = services.queue.count_waiting(FIT_MAP_TASK)
    answer = api.post("/v1/map/refit")

    assert answer.status_code == 202
    assert answer.json["requested"] is True
    assert services.catalogue.map.is_requested()
    assert services.queue.count_waiting(FIT_MAP_TASK) == waiting + 1
