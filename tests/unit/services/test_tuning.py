"""The options of the ranking that experiments and replays change."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from services.domain.errors import InvalidRequest
from services.domain.listening import EventKind, ListenEvent
from services.domain.question import Question
from services.domain.tuning import Tuning
from services.recommend.rank import RankingContext, RankingOptions, query_vectors, rank
from services.recommend.taste import profile_of, weights_of
from tests.unit.services.test_rank import HEARD, POOL, embedded

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_tuning_is_read_from_a_mapping():
    """Options that are missing have their defaults."""
    assert Tuning.parse({"diversity": 0.5, "play_weight": 1}) == Tuning(diversity=0.5, play_weight=1.0)
    assert Tuning.parse({}) == Tuning()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"divresity": 0.5}, "Unknown option 'divresity'. Options are diversity, "),
        ({"diversity": 1.5}, "'diversity' must be at most 1"),
        ({"half_life_days": 0}, "'half_life_days' must be greater than 0"),
        ({"exploration": 0.3}, "'exploration' must be at most 0.2"),
        ({"play_weight": -0.1}, "'play_weight' must be at least 0"),
        ({"skip_weight": True}, "'skip_weight' must be a number"),
        ({"skip_weight": "1"}, "'skip_weight' must be a number"),
        ({"profile_weight": float("nan")}, "'profile_weight' must be a number"),
    ],
)
def test_a_wrong_option_is_named(values, message):
    """The error names the option and what is allowed."""
    with pytest.raises(InvalidRequest, match=message):
        Tuning.parse(values)


def test_every_option_has_bounds_and_a_description():
    """Files and documentation derive from the metadata; each default is within its bounds."""
    for option in fields(Tuning):
        assert {"le", "description"} <= option.metadata.keys()
        assert option.metadata.keys() & {"ge", "gt"}
    defaults = {option.name: option.default for option in fields(Tuning) if option.default is not None}
    assert Tuning.parse(defaults) == Tuning()


def test_the_changes_of_a_tuning_are_the_options_without_their_default():
    """They are what a report shows of a variant."""
    assert Tuning().changes() == {}
    assert Tuning(diversity=0.5, skip_weight=1.0).changes() == {"diversity": 0.5}


def test_a_tuning_replaces_defaults_only():
    """What a request says explicitly stays."""
    tuning = Tuning(diversity=0.7, half_life_days=3.0, play_weight=0.9)
    question = Question(diversity=0.1)

    assert question.tuned(tuning) == replace(question, diversity=0.7, half_life_days=3.0, tuning=tuning)
    assert question.tuned(tuning, {"diversity", "limit"}) == replace(question, half_life_days=3.0, tuning=tuning)
    assert question.tuned(Tuning()) == question


def test_the_profile_weight_draws_tastes_together():
    """With all of it, every taste has the same query vector."""
    profile = profile_of({"h0": 1.0, "h1": 1.0}, HEARD)
    apart, together = (query_vectors(profile, weight) for weight in (0.0, 1.0))

    assert apart[0] @ apart[1] == pytest.approx(profile.tastes[0].vector @ profile.tastes[1].vector, abs=1e-6)
    assert together[0] @ together[1] == pytest.approx(1)


def test_the_weights_of_a_tuning_change_the_ranking():
    """The weight of single plays, and the penalty of what resembles rejected tracks."""
    heard = HEARD | {"no": embedded("no", POOL[0].vector, ""), **{track.id: track for track in POOL[1:4]}}
    profile = profile_of({"h0": 1.0, "h1": 0.7, "no": -0.4, **{track.id: 1.0 for track in POOL[1:4]}}, heard)

    def ranked(**options):
        chosen = rank(POOL, profile, heard, RankingOptions(limit=120, tuning=Tuning(**options)), RankingContext())
        return [choice.candidate.id for choice in chosen]

    assert ranked(play_weight=1.0) != ranked()
    assert ranked(rejection_penalty=2.0).index(POOL[0].id) > ranked(rejection_penalty=0.0).index(POOL[0].id)


def test_the_skip_weight_changes_skips_and_short_plays_only():
    """Likes, dislikes and whole plays keep their weight."""
    events = [
        ListenEvent("skipped", EventKind.SKIP, NOW),
        ListenEvent("short", EventKind.PLAY, NOW, played_ms=1),
        ListenEvent("played", EventKind.PLAY, NOW),
        ListenEvent("disliked", EventKind.DISLIKE, NOW - timedelta(0)),
    ]
    durations = dict.fromkeys(("skipped", "short", "played", "disliked"), 100_000)

    def weights(skip_weight):
        return weights_of(events, durations, now=NOW, half_life_days=30, skip_weight=skip_weight)

    before, after = weights(1.0), weights(2.0)
    assert after["skipped"] == 2 * before["skipped"] < 0
    assert after["short"] == 2 * before["short"] < 0
    assert (after["played"], after["disliked"]) == (before["played"], before["disliked"])
    assert weights(0.0)["skipped"] == 0
