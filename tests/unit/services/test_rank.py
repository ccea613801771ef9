"""Ranking: shares of tastes, duplicates, maxima that rise when no other track is left, and seeded variety."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.track import Embedded
from services.recommend.rank import RankingContext, RankingOptions, query_vectors, rank
from services.recommend.taste import profile_of
from tests.fakes.music import embedded

UNIT = np.eye(128, dtype=np.float32)
RANDOM = np.random.default_rng(7)


def around(axis: int, share: float = 0.8) -> np.ndarray:
    noise = RANDOM.normal(size=128).astype(np.float32)
    vector = UNIT[axis] + share * noise / np.linalg.norm(noise)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def library(axis: int, number: int, **tags: object) -> list[Embedded]:
    return [embedded(f"{axis}-{index:03}", around(axis), f"{axis} {index}", **tags) for index in range(number)]


HEARD = {f"h{axis}": embedded(f"h{axis}", UNIT[axis], "") for axis in range(4)}
POOL = [*library(0, 40), *library(1, 40), *library(2, 40)]


def chosen(options: RankingOptions, pool: list[Embedded] | None = None, **weights: float) -> list[str]:
    choices = rank(POOL if pool is None else pool, profile_of(weights, HEARD), HEARD, options, RankingContext())
    return [choice.candidate.id for choice in choices]


def shares(ids: list[str]) -> Counter[str]:
    return Counter(name.partition("-")[0] for name in ids)


def test_tastes_share_the_answer_by_weight():
    """Places are shared by the D'Hondt method: two to one for twice the weight."""
    assert shares(chosen(RankingOptions(limit=9), h0=1.0, h1=0.5)) == {"0": 6, "1": 3}


def test_tracks_near_rejected_ones_rank_lower():
    """A rejection near a candidate moves it down."""
    rejected = POOL[0]
    heard = HEARD | {"no": embedded("no", rejected.vector, "")}
    before = rank(POOL, profile_of({"h0": 1.0}, heard), heard, RankingOptions(limit=40), RankingContext())
    after = rank(POOL, profile_of({"h0": 1.0, "no": -0.3}, heard), heard, RankingOptions(limit=40), RankingContext())

    def place(choices):
        return [choice.candidate.id for choice in choices].index(rejected.id)

    assert place(after) > place(before)


def test_query_vectors_are_unit_vectors_shifted_towards_the_profile():
    """There is one vector for each taste."""
    asked = query_vectors(profile_of({"h0": 1.0, "h1": 1.0}, HEARD), 0.4)

    assert len(asked) == 2
    assert [float(np.linalg.norm(vector)) for vector in asked] == pytest.approx([1, 1])
    assert 0 < asked[0] @ asked[1] < 1


def test_an_artist_has_at_most_its_maximum_while_others_are_left():
    """At most three tracks of one artist and two of one album are chosen, without regard to case."""
    pool = [*library(0, 20, artist="One", album="Hits"), *library(0, 20, artist="ONE"), *library(3, 20)]
    pool = [
        embedded(str(index), *[getattr(each, name) for name in ("vector", "title", "artist", "album")])
        for index, each in enumerate(pool)
    ]

    ids = chosen(RankingOptions(limit=10), pool, h0=1.0)

    assert sum(int(name) < 40 for name in ids) == 3
    assert sum(int(name) < 20 for name in ids) <= 2


def test_maxima_rise_when_nothing_else_is_left():
    """A library of one artist still fills the answer."""
    assert len(chosen(RankingOptions(limit=20), library(0, 20, artist="One", album="Hits"), h0=1.0)) == 20


@pytest.mark.parametrize(("max_per_genre", "folk"), [(None, 9), (3, 3), (1, 1)])
def test_a_genre_has_at_most_its_share(max_per_genre, folk):
    """Each genre of a track counts, tracks without one are not limited, and without a maximum the best tracks win."""
    pool = [
        *(
            replace(track, genres=("rock", "folk") if place % 2 else ("folk",))
            for place, track in enumerate(library(0, 9))
        ),
        *(replace(track, genres=("jazz",)) for track in library(1, 3)),
        *library(2, 9),
    ]
    genres_of = {track.id: track.genres for track in pool}
    options = RankingOptions(limit=9, diversity=0, max_per_genre=max_per_genre)

    ids = chosen(options, pool, h0=1.0)
    counts = Counter(genre for name in ids for genre in genres_of[name])

    assert len(ids) == 9
    assert counts["folk"] == folk
    assert counts["jazz"] <= folk


def test_the_maximum_of_a_genre_rises_before_that_of_an_artist():
    """In a library of one genre the answer is full, and no artist has more tracks than it may."""
    pool = [
        replace(track, genres=("folk",), artist=f"Artist {place % 3}", performer=f"artist {place % 3}")
        for place, track in enumerate(library(0, 12))
    ]
    artist_of = {track.id: track.artist for track in pool}
    ids = chosen(RankingOptions(limit=9, max_per_artist=3, max_per_genre=1), pool, h0=1.0)

    assert Counter(artist_of[name] for name in ids) == {"Artist 0": 3, "Artist 1": 3, "Artist 2": 3}


def test_copies_of_a_recording_are_recommended_once():
    """A remaster on another release is the same recording."""
    original = embedded("1", around(0), "Song", "Ann", "Album", 200_000)
    copy = embedded("2", original.vector, "Song (Remastered 2011)", "Ann", "Best of", 201_000)

    assert len(chosen(RankingOptions(limit=10), [original, copy], h0=1.0)) == 1


def test_diversity_lowers_the_similarity_of_an_answer():
    """The mean cosine between recommended tracks decreases."""

    def likeness(diversity: float) -> float:
        vectors = {each.id: each.vector for each in POOL}
        answer = np.stack([vectors[name] for name in chosen(RankingOptions(limit=10, diversity=diversity), h0=1.0)])
        return float((answer @ answer.T).mean())

    assert likeness(1.0) < likeness(0.3) < likeness(0.0)


def test_variety_follows_its_seed():
    """The same seed gives the same answer in any order of candidates; without variety, the seed has no effect."""
    plain = chosen(RankingOptions(limit=10), h0=1.0)
    first, again = (chosen(RankingOptions(limit=10, variety=1.0, seed=1), pool, h0=1.0) for pool in (POOL, POOL[::-1]))

    assert first == again
    assert first != chosen(RankingOptions(limit=10, variety=1.0, seed=2), h0=1.0)
    assert plain == chosen(RankingOptions(limit=10, seed=5), h0=1.0)
    assert first != plain


@given(
    st.dictionaries(st.sampled_from(sorted(HEARD)), st.sampled_from([-2.0, -0.5, 0.3, 1.0]), min_size=1),
    st.integers(1, 60),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_the_limit_is_reached_without_duplicates(weights, limit, diversity, variety):
    """This holds for every history and all options."""
    ids = chosen(RankingOptions(limit=limit, diversity=diversity, variety=variety), POOL[::3], **weights)

    assert len(ids) == len(set(ids)) == min(limit, len(POOL[::3]))
