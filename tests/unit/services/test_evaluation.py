"""The recommender's evaluation: measures on known answers, simulated listeners, and figures of a small run."""

from pathlib import Path

import numpy as np
import pytest

from models import checkpoint
from services.evaluation import report, trials
from services.evaluation.__main__ import DEFAULT_MATERIAL, evaluate
from services.evaluation.material import PLAYS, SKIPS, after_skips, before_skips, listeners, read, with_noise

FEW = 12
WAYS = (trials.random, trials.mean, trials.best_score, trials.log_sum_exp, trials.informed)


@pytest.fixture(scope="module")
def material():
    return read(DEFAULT_MATERIAL)


def test_ndcg_is_one_if_the_wanted_tracks_come_first_and_discounts_later_places():
    """The figures are those of two wanted tracks at places 1 and 2, at 1 and 4, and not in the answer."""
    wanted = np.array([7, 8])

    assert trials.ndcg(np.array([8, 7, 1]), wanted) == 1
    assert trials.ndcg(np.array([7, 1, 2, 8]), wanted) == pytest.approx((1 + 1 / np.log2(5)) / (1 + 1 / np.log2(3)))
    assert trials.ndcg(np.array([1, 2]), wanted) == 0


def test_coverage_counts_interests_not_tracks():
    """Three tracks of one of two interests are a coverage of one half."""
    assert trials.coverage(np.array([1, 2, 3]), [np.array([1, 2, 3]), np.array([4])]) == 0.5


def test_diversity_of_orthogonal_tracks_is_one_and_of_equal_ones_zero():
    """Diversity is the mean cosine distance of pairs."""
    assert trials.diversity(np.array([0, 1, 2]), np.eye(3)) == 1
    assert trials.diversity(np.array([0, 0]), np.eye(3)) == 0


def test_gini_of_equal_counts_is_zero():
    """It is 0.75, the maximum, for four tracks of which one has all counts."""
    assert trials.gini(np.array([5, 5, 5, 5])) == 0
    assert trials.gini(np.array([0, 0, 0, 8])) == 0.75


def test_the_wanted_tracks_are_those_of_the_interests_that_were_not_played(material):
    """Wanted and played tracks together are all tracks of the interests; the same seed gives the same listeners."""
    drawn = list(listeners(material, 2, FEW))

    for listener in drawn:
        for interest, plays, hidden in zip(listener.interests, listener.plays, listener.hidden, strict=True):
            assert len(plays) == PLAYS
            assert sorted([*plays, *hidden]) == np.flatnonzero(material.soundtracks == interest).tolist()
    again = listeners(material, 2, FEW)
    assert [one.wanted.tolist() for one in drawn] == [one.wanted.tolist() for one in again]


def test_noise_is_outside_of_the_interests(material):
    """Noise consists of tracks of other soundtracks."""
    for listener in listeners(material, 1, FEW):
        assert not set(material.soundtracks[with_noise(material, listener, 1).noise]) & set(listener.interests)


def test_before_and_after_skips_the_same_tracks_are_offered(material):
    """Only the history differs."""
    [listener] = listeners(material, 2, 1)
    before, after = before_skips(listener, 0), after_skips(listener, 0)

    assert sorted(before.left_out) == sorted(after.left_out)
    assert before.wanted.tolist() == after.wanted.tolist()
    assert (len(before.skipped), len(after.skipped)) == (0, SKIPS)


def test_baselines_never_return_played_tracks(material):
    """Each returns 20 different tracks that were not heard."""
    ways = [make(material) for make in WAYS]
    for listener in listeners(material, 3, FEW):
        for way in ways:
            answer = way(listener).tolist()

            assert len(set(answer)) == len(answer) == trials.DEPTH
            assert not set(answer) & set(listener.left_out.tolist())


def test_the_material_has_the_embeddings_of_the_shipped_encoder(material):
    """If this test fails, run `python -m models.evaluation.export`."""
    assert material.model_version == checkpoint.read_card().version


@pytest.fixture(scope="module")
def small_run(material, tmp_path_factory):
    """A small run: enough listeners to distinguish Segue from the mean, too few for the published figures."""
    return evaluate(material, tmp_path_factory.mktemp("evaluation"), FEW)


def test_segue_beats_the_mean_with_several_interests(small_run):
    """Segue is better in coverage, ranking quality and diversity."""
    for interests in (2, 3):
        mine, mean = small_run.of(interests, report.SEGUE), small_run.of(interests, report.MEAN)

        assert mine.coverage > mean.coverage
        assert mine.ndcg > mean.ndcg
        assert mine.diversity > mean.diversity


def test_three_skips_lower_the_share_of_an_interest(small_run):
    """The interest loses more than half of its share; the ranking quality of the others increases."""
    for found in small_run.skips.values():
        assert found.fall > 0.5
        assert found.loss < 0


def test_a_dismissed_taste_keeps_at_most_a_tenth_of_its_share(small_run):
    """The other interests do not suffer, and later plays of its kind hardly bring it back."""
    for found in small_run.dismissals.values():
        assert found.share_before > 0.3
        assert found.left <= 0.1
        assert found.share_later < found.share_before / 3
        assert found.loss < 0


def test_the_share_of_todays_interest_decreases_with_the_half_life(small_run):
    """The share stays above one half."""
    assert list(small_run.recency) == sorted(small_run.recency, reverse=True)
    assert small_run.recency[-1] > 0.5


def test_answers_are_the_same_after_a_restart(small_run):
    """A reopened catalogue and index give the same answers."""
    assert small_run.same_after_restart


def test_the_page_shows_every_figure_and_its_result(small_run):
    """The page has a row for each figure."""
    page = report.page(small_run)

    for figure in report.figures(small_run):
        assert figure.test in page
    assert page.count("| reached ") + page.count("**not reached**") == len(list(report.figures(small_run)))
    assert len(small_run.recency) == len(trials.HALF_LIVES)


def test_the_published_page_was_written_by_this_report(small_run):
    """`docs/evaluation/recommendations.md` has the rows of the current code."""
    published = Path("docs/evaluation/recommendations.md").read_text(encoding="utf-8")

    for figure in report.figures(small_run):
        assert figure.test in published
