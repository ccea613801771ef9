"""Writing points: selection, order, and repetition."""

import numpy as np
import pytest
from structlog.testing import capture_logs

from services.catalog.indexing import IndexChange
from services.domain.filters import Filters, Range
from services.domain.track import unit_vector
from services.domain.vector_index import Point, ordered
from services.index.indexer import BATCH, Difference, apply, reconcile, valid_points, write_until_stable
from services.index.qdrant_filters import build_filter

UNIT = np.eye(128, dtype=np.float32)


def change(track_id, revision=1, *, vector=UNIT[0]):
    return IndexChange(track_id, revision, Point(track_id, vector, {}))


def gone(track_id, revision=1):
    return IndexChange(track_id, revision, None)


class MemoryIndex:
    """An index in memory; it calls `during` in its first write."""

    def __init__(self, *held, during=lambda: None):
        self.points = dict.fromkeys(held)
        self.writes = []
        self._during = during

    def upsert(self, points):
        self._happen()
        self.writes.append(sorted(point.id for point in points))
        self.points |= {point.id: point for point in points}

    def delete(self, ids):
        self._happen()
        self.writes.append(sorted(ids))
        for track_id in ids:
            self.points.pop(track_id, None)

    def ids(self):
        return iter(sorted(self.points))

    def _happen(self):
        happening, self._during = self._during, lambda: None
        happening()


class Marks:
    """The marks of a catalogue, given by its current state."""

    def __init__(self, *current, pending=()):
        self.current = {each.id: each for each in current}
        self.pending = set(pending)
        self.to_index = []

    def changes(self, track_ids):
        return [self.current.get(track_id, gone(track_id, 0)) for track_id in track_ids]

    def ready_ids(self):
        return iter(sorted(each.id for each in self.current.values() if each.point is not None))

    def lacking(self, track_ids):
        return sorted(set(track_ids) - self.pending)

    def marked(self, track_ids):
        return self.pending & set(track_ids)

    def mark(self, track_ids):
        self.to_index += track_ids


def test_points_are_written_and_tracks_without_one_deleted():
    """A batch is one write and one deletion; the number of points written is returned."""
    index = MemoryIndex("b")

    assert apply([change("a"), gone("b"), change("c")], index) == 2
    assert index.writes == [["a", "c"], ["b"]]
    assert set(index.points) == {"a", "c"}


@pytest.mark.parametrize("vector", [np.zeros(128), np.full(128, np.nan), np.ones(128), np.ones(5)])
def test_an_invalid_point_is_logged_and_does_not_stop_the_others(vector):
    """A point that Qdrant must not store is left out, and the log names its track."""
    with capture_logs() as logs:
        kept = valid_points([Point("bad", vector, {}), None, Point("good", UNIT[1], {})])

    assert [point.id for point in kept] == ["good"]
    assert [(line["event"], line["id"]) for line in logs] == [("point_rejected", "bad")]


def test_an_invalid_point_replaces_nothing():
    """A track whose new point is invalid leaves the index."""
    index = MemoryIndex("a")

    assert apply([change("a", vector=np.zeros(128))], index) == 0
    assert not index.points


def test_a_track_that_changes_during_a_write_is_written_again():
    """Only tracks with a new revision are written again, until none has one."""
    queue = Marks(change("a"), change("b"))

    def update():
        queue.current |= {"a": gone("a", 2)}

    index = MemoryIndex(during=update)

    assert write_until_stable(queue, queue.changes(["a", "b"]), index) == 2
    assert index.writes == [["a", "b"], ["a"]]
    assert set(index.points) == {"b"}


def test_reconciling_marks_missing_points_and_deletes_orphans():
    """Pending tracks are left to the indexer, whether the index has them or not."""
    queue = Marks(change("a"), change("b"), change("late"), pending=("late", "leaving"))
    index = MemoryIndex("b", "leaving", "orphan")

    assert reconcile(queue, index) == Difference(missing=1, orphans=1)
    assert queue.to_index == ["a"]
    assert set(index.points) == {"b", "leaving"}


def test_an_orphan_that_becomes_ready_while_it_is_deleted_is_written():
    """The state after the deletion counts."""
    queue = Marks()

    def come_back():
        queue.current |= {"orphan": change("orphan", 2)}

    index = MemoryIndex("orphan", during=come_back)
    reconcile(queue, index)

    assert set(index.points) == {"orphan"}


def test_orphans_are_deleted_in_batches():
    """A large difference is split into several requests."""
    index = MemoryIndex(*(f"{number:04}" for number in range(BATCH + 1)))

    assert reconcile(Marks(), index) == Difference(missing=0, orphans=BATCH + 1)
    assert [len(write) for write in index.writes] == [BATCH, 1]


def test_reconciling_equal_contents_writes_nothing():
    """Comparing changes neither side."""
    queue, index = Marks(change("a")), MemoryIndex("a")

    assert reconcile(queue, index) == Difference(missing=0, orphans=0)
    assert (queue.to_index, index.writes) == ([], [])


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        (np.ones(5), r"^track 1 has a vector of shape \(5,\) instead of \(128,\)$"),
        (np.zeros(128), "^track 1 has a vector of length 0.0 instead of 1$"),
        (np.full(128, np.inf), "^track 1 has a vector of length inf instead of 1$"),
    ],
)
def test_a_vector_must_have_unit_length(vector, message):
    """The error names the owner of the vector and the problem."""
    with pytest.raises(ValueError, match=message):
        unit_vector(vector, "track 1", 128)


def test_a_rounded_unit_vector_is_accepted():
    """A unit vector in float64 becomes float32, whose length differs by rounding."""
    vector = np.full(128, 128**-0.5)

    checked = unit_vector(vector, "track 1")

    assert checked.dtype == np.float32
    np.testing.assert_allclose(checked, vector, atol=1e-7)


def test_no_condition_gives_no_filter():
    """An index searches without a filter faster than with an empty one."""
    assert build_filter(Filters()) is None


def wanted(field, value):
    return {"key": field, "match": {"any": [value]}}


def test_filters_have_required_and_excluded_values():
    """Ranges and wanted values must match, unwanted values and excluded ids must not; values are case-folded.

    A genre may be the file's or a heard tag.
    """
    filters = Filters({"tempo": Range(90, None)}, {"genre": ("Folk",)}, {"artist": ("ABBA",)})

    assert build_filter(filters, frozenset({"a"})).model_dump(exclude_none=True) == {
        "must": [
            {"key": "tempo", "range": {"gte": 90.0}},
            {"should": [wanted("genre", "folk"), wanted("tags", "folk")]},
        ],
        "must_not": [wanted("artist", "abba"), {"has_id": ["a"]}],
    }


def test_a_range_may_include_tracks_whose_value_is_unknown():
    """`or_unknown` turns a range into: inside, or empty."""
    filters = Filters({"year": Range(1990, 1999)}, or_unknown=frozenset({"year"}))

    assert build_filter(filters).model_dump(exclude_none=True) == {
        "must": [{"should": [{"key": "year", "range": {"gte": 1990.0, "lte": 1999.0}}, {"is_empty": {"key": "year"}}]}],
        "must_not": [],
    }


def test_hits_are_sorted_by_score_then_id_and_clipped():
    """Scores that rounding moves outside of −1 to 1 are clipped."""
    assert ordered([("b", 0.5), ("c", 1.0000001), ("a", 0.5), ("d", -1.0000001)]) == [
        ("c", 1.0),
        ("a", 0.5),
        ("b", 0.5),
        ("d", -1.0),
    ]


def test_an_unknown_filter_field_is_refused_by_name():
    """A misspelt field must not be ignored silently."""
    with pytest.raises(ValueError, match=r"Unknown filter fields: mood\."):
        Filters(any_of={"mood": ("happy",)})
