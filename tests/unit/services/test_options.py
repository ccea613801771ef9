"""Requests, query strings, stored sessions and rankings derive from one definition of the options."""

from dataclasses import fields, replace

import pytest
from pydantic import ValidationError

from services.api.schemas.radio import RadioRequest
from services.api.schemas.recommendations import ListenerQuery, RecommendationRequest
from services.catalog.questions import terms_as_json, terms_of
from services.domain.filters import Filters, Range
from services.domain.listening import EventKind, ListenEvent
from services.domain.question import AnswerOptions, Exclusion, Order, Question, SessionOptions
from services.recommend.rank import RankingOptions

QUESTION = Question(
    history=(ListenEvent("a", EventKind.LIKE, played_ms=5),),
    filters=Filters({"tempo": Range(90, None)}, {"genre": ("folk",)}),
    targets={"energy": 0.5},
    exclude=Exclusion(tracks=("x",), artists=("y",), seed_artists=True),
    diversity=0.1,
    variety=0.3,
    seed=2**62,
    order=Order.FLOW,
    half_life_days=3.5,
    limit=7,
    max_per_artist=None,
    max_per_album=4,
    max_per_genre=5,
    explain=False,
)


@pytest.mark.parametrize(
    ("model", "kind"),
    [(RecommendationRequest, AnswerOptions), (ListenerQuery, AnswerOptions), (RadioRequest, SessionOptions)],
)
def test_a_request_has_every_option_with_its_default_and_description(model, kind):
    """A radio request has its own variety, seed and order."""
    own = {"variety", "seed", "order"} if model is RadioRequest else set()
    for option in fields(kind):
        field = model.model_fields[option.name]

        assert field.description
        if option.name not in own:
            assert (field.default, field.description) == (option.default, option.metadata["description"])


def test_a_request_refuses_values_out_of_bounds():
    """The bounds are those of the option."""
    for name, wrong in {"diversity": 2, "limit": 0, "max_per_genre": 0, "seed": -1, "half_life_days": 0}.items():
        with pytest.raises(ValidationError, match=name):
            RecommendationRequest(history=[], **{name: wrong})


def test_stored_terms_are_read_as_they_were_written():
    """Terms are stored without the history; options that an older document lacks have their defaults."""
    document = terms_as_json(QUESTION)
    older = {name: value for name, value in document.items() if name != "max_per_genre"}

    assert terms_of(document) == replace(QUESTION, history=())
    assert terms_of(older) == replace(QUESTION, history=(), max_per_genre=None)


def test_a_ranking_has_the_options_of_its_question():
    """Options can be overridden for a ranking."""
    options = RankingOptions.of(QUESTION, limit=3, artist_gap=2)

    assert (options.limit, options.artist_gap, options.max_per_genre) == (3, 2, 5)
    assert options.targets == QUESTION.targets
