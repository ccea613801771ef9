"""Orders of an answer, targets, labels of tastes, and copies."""

import numpy as np
import pytest

from services.domain.filters import Filters, Range
from services.domain.question import Order
from services.domain.track import Description, Embedded
from services.recommend.duplicates import without_copies
from services.recommend.explain import label_of
from services.recommend.order import in_order
from services.recommend.penalties import near_targets, target_distance
from services.recommend.rank import Choice
from tests.fakes.music import embedded

UNIT = np.eye(128, dtype=np.float32)


def track(name: str, axis: int = 0, **measured: float) -> Embedded:
    return embedded(name, UNIT[axis], name, measured=measured)


def named(choices: list[Choice]) -> str:
    return "".join(choice.candidate.id for choice in choices)


def choices(*tracks: Embedded) -> list[Choice]:
    return [Choice(candidate, 0.5, 0) for candidate in tracks]


def test_flow_continues_from_the_last_play_by_sound_tempo_and_energy():
    """The nearest track is next; a double tempo has the same pulse, half an octave is the largest distance."""
    start = track("s", tempo=100, energy=0.2)
    far, jump, same, pulse = (
        track("f", axis=1, tempo=100, energy=0.2),
        track("j", tempo=141, energy=0.2),
        track("a", tempo=100, energy=0.2),
        track("p", tempo=200, energy=0.25),
    )

    assert named(in_order(choices(far, jump, pulse, same), Order.FLOW, start)) == "apjf"


def test_flow_without_a_start_begins_with_the_best():
    """The best choice is played first."""
    assert named(in_order(choices(track("b", 1), track("a", 0), track("c", 1)), Order.FLOW, None)) == "bca"


def test_unknown_energy_is_in_the_middle_and_equal_energies_keep_their_order():
    """Tracks without energy come between calm and energetic ones, best first."""
    found = choices(track("x"), track("h", energy=0.9), track("y"), track("l", energy=0.1))

    assert named(in_order(found, Order.ENERGY_UP, None)) == "lxyh"
    assert named(in_order(found, Order.ENERGY_DOWN, None)) == "hxyl"


@pytest.mark.parametrize(
    ("measured", "targets", "expected"),
    [
        ({"energy": 0.5}, {"energy": 0.5}, 0.0),
        ({"energy": 0.5}, {"energy": 0.75, "valence": 0.5}, (0.25 + 1) / 2),
        ({"key": 11}, {"key": 0}, 1 / 6),
        ({"tempo": 400}, {"tempo": 100}, 1.0),
    ],
)
def test_distance_to_targets(measured, targets, expected):
    """The distance is the mean over the targets; B is next to C, and an unknown value has distance 1, the largest."""
    assert target_distance(track("t", **measured), targets) == pytest.approx(expected)


def test_filters_are_narrowed_around_targets():
    """The result is None if targets and filters exclude each other."""
    filters = Filters({"tempo": Range(min=95)}, {"genre": ("rock",)})

    assert near_targets(filters, {"tempo": 100}) == Filters({"tempo": Range(95, 110)}, {"genre": ("rock",)})
    assert near_targets(filters, {"tempo": 60}) is None


def test_the_label_of_a_taste_comes_from_its_plays():
    """Attributes first, then tags without their data set, then the tempo; heavier plays count more."""
    one = Description({"energy": 0.1, "tempo": 70}, {"mtt:piano": 0.6, "msd:Piano": 0.2, "mtt:slow": 0.9})
    other = Description({"energy": 0.4, "tempo": 95}, {"mtt:piano": 0.3, "msd:rock": 0.1})

    assert label_of([(one, 1.0), (other, 0.2)]) == "calm, piano, slow"
    assert label_of([(other, 1.0)]) == "piano"
    assert label_of([]) == "something different"
    assert label_of([(Description({"energy": 0.5}, {}), 1.0)]) == "mixed"


def test_copies_of_known_tracks_are_left_out():
    """The same sound and duration is the same recording; another duration is another one."""
    heard = embedded("h", UNIT[0], "Song", "Artist", duration_ms=100_000)
    copy = embedded("c", UNIT[0], "x", None, duration_ms=100_500)
    longer = embedded("l", UNIT[0], "Song", "Artist", duration_ms=150_000)

    assert without_copies([copy, longer], [heard]) == [longer]
    assert without_copies([], [heard]) == []
    assert without_copies([copy], []) == [copy]
