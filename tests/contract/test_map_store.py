"""The map in the catalogue, on SQLite and on PostgreSQL."""

import numpy as np
import pytest
from sqlalchemy import insert

from services.catalog.library import FileStamp
from services.catalog.tables import MapPointRow
from services.domain.map import MapState, Placed, Region, is_due
from services.domain.track import Analysis, Tags

UNIT = np.eye(128, dtype=np.float32)
REGION = Region(0, 0.5, 0.25, ("jazz", "piano"), 3)


def track_id(number):
    return f"00000000-0000-5000-8000-{number:012d}"


def placed(number, x=0.5, tag=None):
    return Placed(track_id(number), x, 0.25, tag)


def publish(catalogue, *tracks):
    return catalogue.map.publish(iter(tracks), [REGION], method="umap", model_version="m1")


def add(catalogue, number, genre=None, **changes):
    """A ready track."""
    stamp = FileStamp(f"/music/{number}.mp3", "/music", 1, 1)
    catalogue.library.register(
        track_id(number),
        Tags(f"Title {number}", ("A",), f"Album {number % 2}", year=1990, genres=(genre,) if genre else ()),
        stamp,
    )
    values = {"attributes": {"energy": number / 10, "liveness": None}, "descriptors": {"tempo": 100.0}, "tags": {}}
    made = Analysis(embedding=UNIT[number], dispersion=0.1, **({"model_version": "m1"} | values | changes))
    catalogue.analyses.record(track_id(number), made)


@pytest.fixture
def library(catalogue):
    """A catalogue with four ready tracks; one has a genre."""
    for number in range(4):
        add(catalogue, number, genre="Jazz" if number == 2 else None, tags={"mtt:piano": 0.4})
    return catalogue


def test_before_the_first_fit_there_is_no_map(library):
    """Every ready track is offered to the first fit, without a point."""
    (batch,) = library.map.tracks()

    assert library.map.state() is None
    assert library.map.ready() == (4, "m1")
    assert [(track.id, track.point) for track in batch] == [(track_id(number), None) for number in range(4)]
    assert batch[3].tags == {"mtt:piano": 0.4}
    assert np.array_equal(batch[3].vector, UNIT[3])


def test_a_published_map_is_read_as_it_was_written(library):
    """State, regions and points are those of the fit; tracks that were deleted meanwhile are left out."""
    version = publish(library, placed(0), placed(1, 0.75), placed(9))
    state = library.map.state()
    points = library.map.points(version)

    assert (state.version, state.revision, state.method, state.model_version, state.fitted) == (1, 0, "umap", "m1", 3)
    assert state.regions == (REGION,)
    assert points.ids == [track_id(0), track_id(1)]
    assert points.points.tolist() == [[0.5, 0.25], [0.75, 0.25]]
    assert [track.point for batch in library.map.tracks() for track in batch] == [(0.5, 0.25), (0.75, 0.25), None, None]


def test_a_new_map_replaces_the_old_one(library):
    """Only the points of the current map are kept, also after a fit that ended before it was published."""
    publish(library, placed(0), placed(1))
    with library.database.write() as session:
        session.execute(insert(MapPointRow).values(track_id=track_id(0), version=2, x=0.1, y=0.1))

    assert library.map.state().version == 1
    assert publish(library, placed(0, 0.9)) == 3
    assert library.map.points(3).points.tolist() == [[0.9, 0.25]]
    assert library.map.count(1) == library.map.count(2) == 0


def test_tracks_come_and_go(library):
    """A new track is offered until it is placed, and placed once; a track that is not ready any more is removed."""
    version = publish(library, placed(0), placed(1))

    assert {track.id for track in library.map.unplaced(version)} == {track_id(2), track_id(3)}
    library.map.place(version, [placed(2), placed(3)])
    library.map.place(version, [placed(3, 0.9)])
    assert library.map.unplaced(version) == []
    assert library.map.points(version).points[:, 0].tolist() == [0.5] * 4
    assert library.map.state().revision == 2

    library.library.forget_files(["/music/1.mp3"])
    assert library.map.remove_gone(version) == 1
    assert library.map.remove_gone(version) == 0
    assert track_id(1) not in library.map.points(version).ids
    assert library.map.state().revision == 3


def test_tracks_of_another_model_are_not_placed(library):
    """Embeddings of two models have no distance: such a track is no landmark and gets no point."""
    add(library, 5, tags={})
    version = library.map.publish(iter([placed(0)]), [], method="pca", model_version="m0")

    assert library.map.unplaced(version) == []
    assert library.map.landmarks(version, "m0")[0].shape[0] == 0
    vectors, points = library.map.landmarks(version, "m1")
    assert np.array_equal(vectors, UNIT[:1])
    assert points.tolist() == [[0.5, 0.25]]


def test_tracks_of_another_model_do_not_hide_others(catalogue):
    """The limit counts the tracks that can be placed."""
    add(catalogue, 0, model_version="m0")
    add(catalogue, 1)

    assert [track.id for track in catalogue.map.unplaced(publish(catalogue), limit=1)] == [track_id(1)]


def test_values_have_the_order_of_the_points(library):
    """Attributes, descriptors and tags of files come in the order of the points; unknown ones are None."""
    version = publish(library, placed(3, tag="piano"), placed(0), placed(2, tag="piano"))

    assert library.map.values(version, "energy") == pytest.approx([0.0, 0.2, 0.3])
    assert library.map.values(version, "liveness") == [None] * 3
    assert library.map.values(version, "tempo") == [100.0] * 3
    assert library.map.values(version, "year") == [1990] * 3
    assert library.map.values(version, "album") == ["Album 0", "Album 0", "Album 1"]
    assert library.map.values(version, "genre") == [None, "Jazz", "piano"]


def test_a_request_lasts_until_the_next_map(library):
    """A request is kept, also twice, until a map is published."""
    assert not library.map.is_requested()
    library.map.request()
    library.map.request()
    assert library.map.is_requested()
    publish(library, placed(0))
    assert not library.map.is_requested()


def state_of(**changes):
    values = {"version": 1, "revision": 0, "method": "umap", "model_version": "m1", "fitted": 100, "fitted_at": None}
    return MapState(**values | {"regions": ()} | changes)


@pytest.mark.parametrize(
    ("state", "ready", "options", "due"),
    [
        (None, 2, {}, False),
        (None, 3, {"busy": True}, True),
        (state_of(), 100, {}, False),
        (state_of(revision=9), 109, {}, False),
        (state_of(revision=10), 110, {}, True),
        (state_of(), 90, {}, True),
        (state_of(revision=10), 100, {}, True),
        (state_of(revision=10), 110, {"busy": True}, False),
        (state_of(revision=100), 200, {"busy": True}, True),
        (state_of(), 100, {"requested": True, "busy": True}, True),
        (state_of(model_version="m0"), 3, {"busy": True}, True),
    ],
)
def test_when_a_map_is_fitted(state, ready, options, due):
    """At a change of a tenth; while tracks wait for their analysis, at a doubling; at once for a request or a model."""
    assert is_due(state, ready, "m1", **{"requested": False, "busy": False} | options) is due
