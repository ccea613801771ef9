"""The measures of a replay, on rankings, outcomes and logs with known answers."""

import numpy as np
import pytest

from services.evaluation.propensities import Places, difference, estimate
from services.evaluation.rankings import overlap, rank_biased_overlap
from services.evaluation.skips import OUTCOMES_MIN, auc, fit


def test_overlap_is_the_share_of_the_longer_ranking():
    """The order does not count."""
    assert overlap("abc", "cba") == 1
    assert overlap("abcd", "ab") == 0.5
    assert overlap("", "") == 1
    assert overlap("ab", "") == 0


def test_rank_biased_overlap_of_the_same_and_of_disjoint_rankings():
    """They are the ends of the scale; two empty rankings are the same."""
    assert rank_biased_overlap("abcdefg", "abcdefg") == pytest.approx(1)
    assert rank_biased_overlap("abc", "def") == 0
    assert rank_biased_overlap("", "") == 1
    assert rank_biased_overlap("a", "") == 0


def test_rank_biased_overlap_weighs_the_first_places_most():
    """A swap of the first two tracks costs more than one of the last two."""
    assert rank_biased_overlap("abcdef", "bacdef") < rank_biased_overlap("abcdef", "abcdfe") < 1


def test_rank_biased_overlap_follows_the_published_formula():
    """Computed by hand from equation 32 of Webber et al. for p = 0.9, of equal and of unequal lengths."""
    p = 0.9
    equal = (1 - p) / p * (0 * p + 2 / 2 * p**2 + 2 / 3 * p**3) + 2 / 3 * p**3
    assert rank_biased_overlap("abc", "bad", p) == pytest.approx(equal)

    # The ranking of two has one track in common at depth 2; the longer one has the second at depth 3.
    total = 1 * p + 1 / 2 * p**2 + (2 / 3 + 1 * (3 - 2) / (2 * 3)) * p**3
    unequal = (1 - p) / p * total + ((2 - 1) / 3 + 1 / 2) * p**3
    assert rank_biased_overlap("ax", "abx", p) == pytest.approx(unequal)
    assert rank_biased_overlap("abx", "ax", p) == pytest.approx(unequal)


TRACKS, TAIL, POOL, EXPLORATION = 10, 5, 20, 0.2


def log(seed, answers=4_000, listeners=80):
    """Return a log of a ranking 0…9 whose last five places are swapped with candidates 10…29, and its qualities."""
    random = np.random.default_rng(seed)
    qualities = random.uniform(0.1, 0.9, TRACKS + POOL)
    tracks = np.tile(np.arange(TRACKS), (answers, 1))
    propensities = np.ones((answers, TRACKS))
    propensities[:, TAIL:] = 1 - EXPLORATION
    swapped = random.random((answers, TRACKS - TAIL)) < EXPLORATION
    tracks[:, TAIL:][swapped] = random.integers(TRACKS, TRACKS + POOL, swapped.sum())
    propensities[:, TAIL:][swapped] = EXPLORATION / POOL
    rewards = (random.random(tracks.shape) < qualities[tracks]).astype(float)
    groups = np.repeat(random.integers(listeners, size=answers), TRACKS)
    return tracks, Places(rewards.ravel(), propensities.ravel(), groups), qualities


def same_as(tracks, arm):
    return (tracks == np.asarray(arm)).ravel()


@pytest.mark.parametrize("seed", range(3))
def test_the_estimate_is_what_a_direct_run_earns(seed):
    """Of an arm with other tracks at the last two places, the interval contains the true mean of its qualities."""
    tracks, places, qualities = log(seed)
    arm = [*range(8), 12, 15]

    found = estimate(places, same_as(tracks, arm))
    assert found.value.low <= qualities[arm].mean() <= found.value.high
    assert found.value.high - found.value.low < 0.2
    assert found.support == 1


def test_the_difference_of_an_arm_to_itself_is_zero_and_to_a_better_one_positive():
    """The better arm has the best candidates at the last places; the interval contains the true difference."""
    tracks, places, qualities = log(5)
    own = list(range(TRACKS))
    better = [*range(TAIL), *(TRACKS + np.argsort(-qualities[TRACKS:])[:5])]
    itself = difference(places, same_as(tracks, own), same_as(tracks, own))
    assert (itself.mean, itself.low, itself.high) == (0, 0, 0)

    lead = difference(places, same_as(tracks, own), same_as(tracks, better))
    truth = qualities[better].mean() - qualities[own].mean()
    assert lead.low <= truth <= lead.high


def test_a_log_without_exploration_cannot_tell_of_other_tracks():
    """Nothing is estimated for an arm that recommends what was never recommended at its place."""
    tracks, places, _ = log(1)
    certain = Places(places.rewards, np.ones_like(places.propensities), places.groups)

    found = estimate(certain, same_as(tracks, [*range(5), 9, 8, 7, 6, 5]))
    assert found.value is None
    assert found.support < 0.6


def test_few_effective_places_cannot_tell():
    """A few answers with large weights have a small effective sample, whatever their number of places."""
    tracks, places, _ = log(2, answers=12)

    found = estimate(places, same_as(tracks, [*range(8), 12, 15]))
    assert found.value is None
    assert 0 < found.effective < 100


def test_skips_that_depend_on_the_score_are_predicted():
    """The coefficient has the right sign, the prediction the right mean, and it ranks held-out listeners' skips."""
    random = np.random.default_rng(3)
    features = random.normal(size=(3_000, 2))
    truth = 1 / (1 + np.exp(1 + 2 * features[:, 0]))
    skipped = random.random(3_000) < truth

    model = fit(features, skipped, random.integers(30, size=3_000))
    assert model.auc > 0.75
    assert model.coefficients[1] < -1
    assert abs(model.coefficients[2]) < 0.2
    assert np.abs(model.probabilities(features) - truth).mean() < 0.03


def test_skips_at_random_are_not_predicted():
    """On listeners it was not fitted on, the model is no better than chance; few outcomes give no model."""
    random = np.random.default_rng(4)
    features, skipped = random.normal(size=(2_000, 3)), random.random(2_000) < 0.3
    groups = random.integers(40, size=2_000)

    assert abs(fit(features, skipped, groups).auc - 0.5) < 0.05
    few = np.arange(2_000) < OUTCOMES_MIN - 1
    assert fit(features, few, groups) is None


def test_auc_counts_ties_as_a_half():
    """Equal scores tell nothing."""
    positive = np.array([True, True, False, False])
    assert auc(np.array([3.0, 2.0, 1.0, 0.0]), positive) == 1
    assert auc(np.ones(4), positive) == 0.5
