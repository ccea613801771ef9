"""The report of an experiment, from a planted recommendation log, on SQLite and on PostgreSQL."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from services.domain.experiments import Experiment, Variant
from services.domain.listening import EventKind, NewListen
from services.domain.recommendation_log import AnswerKind, LoggedAnswer, LoggedTrack
from services.domain.tuning import Tuning
from services.experiments.observations import Metric
from services.experiments.report import report_on
from tests.fakes.library import SECONDS, track_id, write_library

TRACKS, EACH = 12, 12
BEGUN = datetime(2026, 3, 1, 12, tzinfo=UTC)
EXPERIMENT = Experiment(
    name="one", salt="one", variants=(Variant(name="as-now"), Variant(name="other", tuning=Tuning(diversity=0.5)))
)


@pytest.fixture(autouse=True)
def library(catalogue, tmp_path):
    """A library of twelve tracks by four artists; tracks 0, 4 and 8 are by the first one."""
    write_library(catalogue, tmp_path / "music", TRACKS)


@pytest.fixture
def plant(catalogue):
    """Store an answer for a listener, and the listens that followed its tracks."""

    def planting(listener, variant, listened, *, day=0, numbers=(0, 1, 2, 3)):
        at, answer_id = BEGUN + timedelta(days=day), str(uuid.uuid4())
        tracks = tuple(LoggedTrack(track_id(number), rank, 0.5) for rank, number in enumerate(numbers, start=1))
        answer = LoggedAnswer(
            id=answer_id,
            at=at,
            kind=AnswerKind.RECOMMENDATIONS,
            listener=listener,
            question={},
            model_version="m",
            ranking_version=1,
            experiment="one",
            variant=variant,
            tracks=tracks,
        )
        catalogue.recommendation_log.add([answer])
        listens = [
            NewListen(
                names=(track_id(number),),
                kind=event,
                at=at + timedelta(minutes=minute),
                played_ms=int(share * SECONDS * 1000),
                recommendation_id=answer_id,
            )
            for minute, (number, event, share) in enumerate(listened, start=1)
        ]
        catalogue.listens.add(listener, listens)

    return planting


def plant_all(plant, *, skipped):
    """Plant twelve listeners of each variant, who play four tracks and skip some of them, by the number of skips."""
    for variant, skips in zip(("as-now", "other"), skipped, strict=True):
        for number in range(EACH):
            count = skips + number % 2
            listened = [(n, EventKind.SKIP, 0.25) if n < count else (n, EventKind.PLAY, 1.0) for n in range(4)]
            plant(f"{variant} {number}", variant, listened)


def test_the_metrics_are_those_of_the_log(catalogue, plant):
    """Means, differences to the first variant, and intervals that contain them."""
    plant_all(plant, skipped=(2, 0))
    first, other = report_on(catalogue, EXPERIMENT).variants

    assert [(each.listeners, each.answers, each.listens, each.tracks) for each in (first, other)] == [
        (12, 12, 48, 4)
    ] * 2
    assert first.metrics[Metric.SKIP_RATE].value.mean == 30 / 48
    assert first.metrics[Metric.SKIP_RATE].compared is None
    skips = other.metrics[Metric.SKIP_RATE]
    assert (skips.value.mean, skips.compared.fixed.mean, skips.compared.sequence.mean) == (6 / 48, -0.5, -0.5)
    assert skips.compared.fixed.low < -0.5 < skips.compared.fixed.high < 0
    assert skips.compared.sequence.low < skips.compared.fixed.low
    assert other.metrics[Metric.COMPLETION].value.mean == pytest.approx((42 + 6 * 0.25) / 48)
    assert other.metrics[Metric.COVERAGE].value.mean == pytest.approx(4 / TRACKS)
    assert other.metrics[Metric.SESSION_MINUTES].value.mean == pytest.approx((42 + 6 * 0.25) * SECONDS / 60 / 12)


def test_the_report_is_the_same_each_time(catalogue, plant):
    """The bootstrap has a fixed seed."""
    plant_all(plant, skipped=(2, 1))

    assert report_on(catalogue, EXPERIMENT) == report_on(catalogue, EXPERIMENT)


def test_an_artist_is_new_until_the_listener_hears_it(catalogue, plant):
    """Tracks 0 and 4 are by one artist: the second recommendation comes after a listen, so it is not new."""
    plant("ada", "as-now", [(0, EventKind.PLAY, 1.0)], numbers=(0, 1))
    plant("ada", "as-now", [], day=1, numbers=(4, 5, 2))
    plant("ben", "as-now", [], numbers=(0, 1))
    found = report_on(catalogue, EXPERIMENT).variants[0].metrics[Metric.NEW_ARTISTS]

    # Ada: 0, 1, 5 and 2 of five tracks; Ben: both.
    assert found.value.mean == pytest.approx(6 / 7)


def test_few_listeners_get_a_warning_instead_of_an_interval(catalogue, plant):
    """Nothing is said about variants with fewer than ten listeners."""
    plant("ada", "as-now", [(0, EventKind.PLAY, 1.0)])
    plant("ben", "other", [(0, EventKind.SKIP, 0.1)])
    found = report_on(catalogue, EXPERIMENT)
    compared = found.variants[1].metrics[Metric.SKIP_RATE].compared

    assert compared.fixed.mean == 1
    assert not compared.fixed.excludes_zero
    assert not compared.sequence.excludes_zero
    assert compared.needed is None
    assert found.warnings == (
        "'as-now' has 1 of 10 listeners with listens, so no difference has intervals.",
        "'other' has 1 of 10 listeners with listens, so its difference has no intervals.",
    )


def test_a_small_sample_gets_the_number_of_listeners_that_it_needs(catalogue, plant):
    """Twelve listeners are too few for a difference of a tenth of the skip rate."""
    plant_all(plant, skipped=(1, 1))
    found = report_on(catalogue, EXPERIMENT)
    [warning], needed = found.warnings, found.variants[1].metrics[Metric.SKIP_RATE].compared.needed

    # Two standard deviations of .1306 each, 10 % of .375, and (1.960 + .842)² = 7.849.
    assert needed == pytest.approx(2 * 0.1306**2 * 7.849 / 0.0375**2, abs=1)
    assert warning.startswith(
        "'as-now' and 'other' have too few listeners: to find a difference of 10 % of the skip rate"
    )
    assert warning.endswith(f"each needs {needed} with listens. The smaller one has 12.")


def test_listeners_of_several_variants_are_left_out(catalogue, plant):
    """Somebody changed the weights: what those listeners did belongs to no variant."""
    plant_all(plant, skipped=(1, 1))
    plant("other 0", "as-now", [(0, EventKind.PLAY, 1.0)], day=1)
    found = report_on(catalogue, EXPERIMENT)

    assert [each.listeners for each in found.variants] == [12, 11]
    assert any(each.startswith("Listeners who saw several variants are left out (1).") for each in found.warnings)


def test_unequal_numbers_of_listeners_are_no_coincidence(catalogue, plant):
    """30 and 3 listeners of two equal variants have a probability of less than one in 1,000."""
    for number in range(33):
        plant(f"listener {number}", "other" if number < 3 else "as-now", [(0, EventKind.PLAY, 1.0)])
    warnings = report_on(catalogue, EXPERIMENT).warnings

    assert any("'as-now' has 30 listeners where 16 are expected." in each for each in warnings)
    assert any("'other' has 3 listeners where 16 are expected." in each for each in warnings)


def test_a_renamed_variant_is_named(catalogue, plant):
    """The log has its old name: this is no reason to doubt how listeners were divided."""
    for number in range(33):
        plant(f"listener {number}", "old name" if number % 2 else "as-now", [(0, EventKind.PLAY, 1.0)])
    warnings = report_on(catalogue, EXPERIMENT).warnings

    assert any(each.startswith("The file has no variant 'old name', so the answers with it") for each in warnings)
    assert not any("no coincidence" in each for each in warnings)


def test_an_experiment_without_answers_has_an_empty_report(catalogue):
    """It has just been written into the file."""
    found = report_on(catalogue, EXPERIMENT)

    assert [(each.listeners, each.metrics) for each in found.variants] == [(0, {}), (0, {})]
