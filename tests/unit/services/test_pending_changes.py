"""The age of changes that the vector index does not have."""

from services.api.http.collectors import PendingChanges


def ages(*reads):
    """Return the age after each read; a read takes place every 10 s."""
    pending = list(reads)
    times = iter(range(0, 10 * len(reads), 10))
    followed = PendingChanges(lambda: pending.pop(0), lambda: float(next(times)))
    return [followed.oldest_seconds() for _ in reads]


def test_a_change_ages_until_it_is_indexed():
    """The age begins when the change is first seen."""
    assert ages([("a", 1)], [("a", 1), ("b", 1)], [("b", 1)], []) == [0, 10, 10, 0]


def test_a_newer_change_of_a_track_has_an_age_of_its_own():
    """The indexer has written the older one, or will never write it."""
    assert ages([("a", 1)], [("a", 1)], [("a", 2)]) == [0, 10, 0]
