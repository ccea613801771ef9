"""The measures of a replay, on rankings, outcomes and logs with known answers."""

import numpy as np
import pytest

from services.evaluation.propensities import Arm, Places, difference, estimate, in_answer
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


TRACKS, TAIL, EXPLORATION = 10, 20, 0.2


def log(seed, *, answers=2_000, listeners=80, exploration=EXPLORATION):
    """Return a log of the ranking 0…29, of which ten are in an answer, and the probability that each track is played.

    Exploration swaps some of the later ones in, as `services.recommend.exploration` does.
    """
    random = np.random.default_rng(seed)
    qualities = random.uniform(0.1, 0.9, TRACKS + TAIL)
    listener = random.integers(listeners, size=answers)
    patience = random.uniform(0.6, 1.0, listeners)
    tracks, propensities = np.tile(np.arange(TRACKS), (answers, 1)), np.full((answers, TRACKS), 1 - exploration)
    for answer in range(answers):
        swaps = random.random(TRACKS) < exploration
        tracks[answer, swaps] = TRACKS + random.permutation(TAIL)[:TRACKS][swaps]
        propensities[answer, swaps] = exploration / TAIL
        propensities[answer] = in_answer(propensities[answer].tolist())
    rewards = random.random(tracks.shape) < qualities[tracks] * patience[listener][:, None]
    places = Places(rewards.ravel().astype(float), propensities.ravel(), np.repeat(listener, TRACKS))
    return tracks, places, qualities * patience[listener].mean()


def arm_of(tracks, chosen):
    return Arm(np.isin(tracks, chosen).ravel(), len(tracks) * len(chosen))


@pytest.mark.parametrize("seed", range(3))
def test_the_estimate_is_what_a_direct_run_earns(seed):
    """Of an arm with three tracks that only exploration shows, the interval contains what it truly earns."""
    tracks, places, qualities = log(seed)
    chosen = [*range(3, 10), 12, 15, 20]

    found = estimate(places, arm_of(tracks, chosen))
    assert found.value.low <= qualities[chosen].mean() <= found.value.high
    assert found.value.high - found.value.low < 0.15
    assert found.support > 0.95


def test_the_difference_of_an_arm_to_itself_is_zero_and_to_a_better_one_positive():
    """The better arm has the best tracks of all; the interval contains the true difference."""
    tracks, places, qualities = log(5)
    own, better = np.arange(TRACKS), np.argsort(-qualities)[:TRACKS]
    itself = difference(places, arm_of(tracks, own), arm_of(tracks, own))
    assert (itself.mean, itself.low, itself.high) == (0, 0, 0)

    lead = difference(places, arm_of(tracks, own), arm_of(tracks, better))
    assert 0 < lead.low <= qualities[better].mean() - qualities[own].mean() <= lead.high


def test_a_log_without_exploration_cannot_tell_of_other_tracks():
    """Nothing is estimated for an arm of which a third was never recommended; its order does not matter."""
    tracks, places, _ = log(1, exploration=0.0)

    assert estimate(places, arm_of(tracks, [*range(9, -1, -1)])).value is not None
    found = estimate(places, arm_of(tracks, [*range(6), 10, 11, 12]))
    assert found.value is None
    assert found.support == pytest.approx(2 / 3)


def test_few_effective_tracks_cannot_tell():
    """A few answers with large weights have a small effective sample, whatever their number of tracks."""
    tracks, places, _ = log(2, answers=12)

    found = estimate(places, arm_of(tracks, [*range(8), 12, 15]))
    assert found.value is None
    assert 0 < found.effective < 100


def test_the_probability_of_a_track_in_an_answer_adds_its_places():
    """A kept track is in the answer if it is kept at its place; a swapped one may come to any place."""
    assert in_answer([0.9, 0.9, 0.005, 1.0]) == [0.9, 0.9, 0.02, 1.0]


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
