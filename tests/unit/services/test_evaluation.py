"""The recommender's evaluation: its measures on known answers, its listeners, and the figures that must not fall."""

from pathlib import Path

import numpy as np
import pytest

from models import checkpoint
from services.evaluation import methods, report, trials
from services.evaluation.__main__ import DEFAULT_MATERIAL, evaluate
from services.evaluation.material import PLAYS, SKIPS, after_skips, before_skips, listeners, read, with_noise

FEW = 12
WAYS = (methods.random, methods.mean, methods.best_score, methods.log_sum_exp, methods.informed)


@pytest.fixture(scope="module")
def material():
    return read(DEFAULT_MATERIAL)


def test_ndcg_is_one_when_all_that_is_wanted_comes_first_and_discounts_what_comes_late():
    """Two wanted tracks at places 1 and 2, at 1 and 4, nowhere."""
    wanted = np.array([7, 8])

    assert trials.ndcg(np.array([8, 7, 1]), wanted) == 1
    assert trials.ndcg(np.array([7, 1, 2, 8]), wanted) == pytest.approx((1 + 1 / np.log2(5)) / (1 + 1 / np.log2(3)))
    assert trials.ndcg(np.array([1, 2]), wanted) == 0


def test_coverage_counts_interests_not_tracks():
    """Three tracks of one interest and none of the other cover half."""
    assert trials.coverage(np.array([1, 2, 3]), [np.array([1, 2, 3]), np.array([4])]) == 0.5


def test_diversity_of_orthogonal_tracks_is_one_and_of_equal_ones_none():
    """Mean cosine distance of pairs."""
    assert trials.diversity(np.array([0, 1, 2]), np.eye(3)) == 1
    assert trials.diversity(np.array([0, 0]), np.eye(3)) == 0


def test_gini_of_even_counts_is_zero_and_of_one_that_has_all_nearly_one():
    """The coefficient of four equal counts, and of one track that takes everything."""
    assert trials.gini(np.array([5, 5, 5, 5])) == 0
    assert trials.gini(np.array([0, 0, 0, 8])) == 0.75


def test_listeners_hear_some_tracks_of_their_interests_and_want_exactly_the_others(material):
    """Plays and wanted tracks are disjoint, of the interests, and all there are; the same seed draws the same."""
    drawn = list(listeners(material, 2, FEW))

    for listener in drawn:
        for interest, plays, hidden in zip(listener.interests, listener.plays, listener.hidden, strict=True):
            assert len(plays) == PLAYS
            assert sorted([*plays, *hidden]) == np.flatnonzero(material.soundtracks == interest).tolist()
    again = listeners(material, 2, FEW)
    assert [one.wanted.tolist() for one in drawn] == [one.wanted.tolist() for one in again]


def test_noise_is_of_no_interest(material):
    """What is played as noise belongs to other soundtracks."""
    for listener in listeners(material, 1, FEW):
        assert not set(material.soundtracks[with_noise(material, listener, 1).noise]) & set(listener.interests)


def test_before_and_after_skips_the_same_tracks_are_offered(material):
    """Only what is known of the listener differs."""
    [listener] = listeners(material, 2, 1)
    before, after = before_skips(listener, 0), after_skips(listener, 0)

    assert sorted(before.left_out) == sorted(after.left_out)
    assert before.wanted.tolist() == after.wanted.tolist()
    assert (len(before.skipped), len(after.skipped)) == (0, SKIPS)


def test_baselines_never_answer_what_was_played(material):
    """Each answers 20 different tracks, none of them heard."""
    ways = [make(material) for make in WAYS]
    for listener in listeners(material, 3, FEW):
        for way in ways:
            answer = way(listener).tolist()

            assert len(set(answer)) == len(answer) == methods.DEPTH
            assert not set(answer) & set(listener.left_out.tolist())


def test_the_material_was_heard_by_the_encoder_that_is_shipped(material):
    """Else the figures would be another encoder's: run `python -m models.evaluation.export`."""
    assert material.model_version == checkpoint.read_card().version


@pytest.fixture(scope="module")
def judged(material, tmp_path_factory):
    """A small run: enough listeners to tell Segue from the mean, too few for the published figures."""
    return evaluate(material, tmp_path_factory.mktemp("evaluation"), FEW)


def test_segue_beats_the_mean_where_there_are_several_interests(judged):
    """It covers more of the interests, ranks at least as well, and varies more."""
    for interests in (2, 3):
        mine, mean = judged.of(interests, report.SEGUE), judged.of(interests, report.MEAN)

        assert mine.coverage > mean.coverage
        assert mine.ndcg > mean.ndcg
        assert mine.diversity > mean.diversity


def test_three_skips_turn_the_answer_away_and_the_others_gain(judged):
    """The skipped interest loses more than half of its share; nothing is taken from the others."""
    for found in judged.skips.values():
        assert found.fall > 0.5
        assert found.loss < 0


def test_today_outweighs_sixty_days_ago_the_more_the_shorter_the_half_life(judged):
    """The share of today's interest falls as the half-life grows, and stays above one half."""
    assert list(judged.recency) == sorted(judged.recency, reverse=True)
    assert judged.recency[-1] > 0.5


def test_answers_survive_a_restart(judged):
    """A catalogue and an index opened anew answer the same."""
    assert judged.same_after_restart


def test_the_page_names_every_demand_and_its_verdict(judged):
    """What a reader sees is what was judged."""
    page = report.page(judged)

    for verdict in report.verdicts(judged):
        assert verdict.test in page
    assert page.count("| reached ") + page.count("**not reached**") == len(list(report.verdicts(judged)))
    assert len(judged.recency) == len(trials.HALF_LIVES)


def test_the_published_page_was_written_by_this_report(judged):
    """`docs/evaluation/recommendations.md` has the demands of the code as it is."""
    published = Path("docs/evaluation/recommendations.md").read_text(encoding="utf-8")

    for verdict in report.verdicts(judged):
        assert verdict.test in published
