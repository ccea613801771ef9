"""Blind comparisons: which pairs are chosen, and how answers are stored."""

from collections import Counter
from datetime import timedelta
from random import Random

import numpy as np
import pytest
from sqlalchemy import update

from services.catalog.comparisons import ANSWER_WITHIN, ComparisonNotFound
from services.catalog.database import now
from services.catalog.library import FileStamp
from services.catalog.space_analyses import store_beside
from services.catalog.tables import ComparisonRow
from services.domain.comparison import Baseline, Choice, Contest, Pair, Preferred, Tally
from services.domain.errors import InvalidRequest
from services.domain.filters import Filters
from services.domain.track import EMBEDDING_DIM, Analysis, Tags
from services.domain.vector_index import TRACKS
from services.index.exact import ExactIndex
from services.index.spaced import SpacedIndex
from services.recommend.comparisons import Comparer
from services.recommend.recommender import Recommender
from tests.fakes.library import track_id
from tests.fakes.spaces import complete_space

GENRES = ("Ambient", "Folk", "Industrial")
ARTISTS = 5
COUNT = 60
SERVED, NEXT = "m1", "m2"

PAIR = Pair(
    track_id=track_id(1),
    segue_id=track_id(2),
    baseline_id=track_id(3),
    baseline=Baseline.GENRE,
    segue_first=True,
    model_version=SERVED,
)


def genre_of(number: int) -> int:
    return number % len(GENRES)


def artist_of(number: int) -> str:
    return f"Artist {genre_of(number)} {number // len(GENRES) % ARTISTS}"


def analysis(number: int, version: str) -> Analysis:
    random = np.random.default_rng([number, len(version)] if version == SERVED else [number, 99])
    centre = np.random.default_rng(genre_of(number)).normal(size=EMBEDDING_DIM)
    vector = centre + 0.5 * random.normal(size=EMBEDDING_DIM)
    return Analysis((vector / np.linalg.norm(vector)).astype(np.float32), 0.1, {}, {}, {}, version)


@pytest.fixture
def library(catalogue):
    """Tracks of three genres that sound alike, each by five artists."""
    for number in range(COUNT):
        tags = Tags(f"Title {number}", (artist_of(number),), genres=(GENRES[genre_of(number)],), duration_ms=200_000)
        catalogue.library.register(track_id(number), tags, FileStamp(f"/music/{number}.mp3", "/music", number, 1))
        catalogue.analyses.record(track_id(number), analysis(number, SERVED))
    catalogue.spaces.adopt(SERVED)
    return catalogue


def comparer(catalogue, seed=0):
    index = SpacedIndex(lambda: ExactIndex(catalogue.queue_of(TRACKS, catalogue.spaces.view().served)))
    return Comparer(catalogue, Recommender(catalogue.tracks, index, half_life_days=30), Random(seed))  # noqa: S311  no secret


def add_space(catalogue):
    """Analyse every track with another model version too."""
    catalogue.spaces.begin(NEXT)
    with catalogue.database.write() as session:
        for number in range(COUNT):
            store_beside(session, track_id(number), analysis(number, NEXT))
    complete_space(catalogue, NEXT)


def test_a_pair_is_of_three_artists(library):
    """Segue's track is its nearest by another artist; the other one is of the same genre. Sides are random."""
    numbers = {track_id(number): number for number in range(COUNT)}
    choosing = comparer(library)
    pairs = [choosing.pair(Filters()) for _ in range(30)]

    for pair in pairs:
        track, segue, other = (numbers[each] for each in (pair.track_id, pair.segue_id, pair.baseline_id))
        assert len({artist_of(each) for each in (track, segue, other)}) == 3
        assert genre_of(other) == genre_of(track)
        ranked = sorted(
            range(COUNT), key=lambda each: -analysis(track, SERVED).embedding @ analysis(each, SERVED).embedding
        )
        assert segue == next(each for each in ranked if artist_of(each) != artist_of(track))
        assert (pair.baseline, pair.model_version, pair.other_version) == (Baseline.GENRE, SERVED, None)
    assert set(Counter(pair.segue_first for pair in pairs)) == {True, False}


def test_another_model_version_is_a_baseline(library):
    """Both arms are the nearest tracks that the versions do not agree on."""
    add_space(library)
    choosing = comparer(library)
    found = [choosing.pair(Filters()) for _ in range(20)]
    by_model = [pair for pair in found if pair.baseline == Baseline.MODEL]

    assert {pair.baseline for pair in found} == set(Baseline)
    assert {(pair.model_version, pair.other_version) for pair in by_model} == {(SERVED, NEXT)}
    assert all(pair.segue_id != pair.baseline_id for pair in by_model)
    assert library.spaces.view().served == SERVED


def test_filters_hold_for_all_three(library):
    """As the libraries of a listener do."""
    folk = Filters(any_of={"genre": ("folk",)})
    pair = comparer(library).pair(folk)

    assert len(library.browsing.meeting([pair.track_id, *pair.shown], folk)) == 3


def test_a_library_without_pairs_says_so(library):
    """With one artist, the names would tell which track Segue chose."""
    with pytest.raises(InvalidRequest, match="too few analysed tracks by different artists"):
        comparer(library).pair(Filters(any_of={"artist": ("Artist 0 0",)}))


def test_the_first_answer_counts(catalogue):
    """The names are known after it. Comparisons of others cannot be answered."""
    made = catalogue.comparisons.add("ada", PAIR)
    for choice in (Choice.FIRST, Choice.SECOND):
        answered = catalogue.comparisons.answer("ada", made.id, choice)
        assert (answered.preferred, answered.pair) == (Preferred.SEGUE, PAIR)

    assert catalogue.comparisons.count("ada") == 1
    for listener, comparison_id in (("bob", made.id), ("ada", track_id(9)), ("ada", "no id")):
        with pytest.raises(ComparisonNotFound):
            catalogue.comparisons.answer(listener, comparison_id, Choice.FIRST)


def test_answers_are_counted_by_contest_and_person(catalogue):
    """Without those that wait for an answer."""
    choices = {"ada": (Choice.FIRST, Choice.SECOND, Choice.SAME), "bob": (Choice.SECOND,)}
    for listener, given in choices.items():
        for choice in given:
            catalogue.comparisons.answer(listener, catalogue.comparisons.add(listener, PAIR).id, choice)
    catalogue.comparisons.add("cyd", PAIR)

    assert catalogue.comparisons.tallies() == {
        Contest(Baseline.GENRE, SERVED, None): [Tally("ada", 1, 1, 1), Tally("bob", 0, 1, 0)]
    }


def test_a_comparison_without_an_answer_is_deleted(catalogue):
    """After a day; an answered one stays."""
    old, kept = (catalogue.comparisons.add("ada", PAIR) for _ in range(2))
    catalogue.comparisons.answer("ada", kept.id, Choice.FIRST)
    with catalogue.database.write() as session:
        session.execute(update(ComparisonRow).values(shown_at=now() - ANSWER_WITHIN - timedelta(minutes=1)))
    catalogue.comparisons.add("bob", PAIR)

    with pytest.raises(ComparisonNotFound):
        catalogue.comparisons.answer("ada", old.id, Choice.FIRST)
    assert catalogue.comparisons.count("ada") == 1
