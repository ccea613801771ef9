"""Ranking: chooses the tracks of an answer from the candidates, one by one."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import log
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from services.domain.listening import Profile, Taste
from services.domain.question import AnswerOptions, Question, options_of
from services.domain.track import Embedded, Vector
from services.domain.tuning import Tuning
from services.recommend.duplicates import Recordings
from services.recommend.penalties import Sample, avoidance_penalty, hub_penalty, rejection_penalty, target_penalty
from services.recommend.steering import Steering
from services.telemetry.stages import Part, recommendation_part

PLAYS_PER_TASTE = 12
"""Heaviest plays of a taste that candidates are compared with."""

RANKING_VERSION = 1
"""Kept with each logged answer. Raise it with every change after which the same question has another answer."""

TURN_PENALTY = 0.15
"""Penalty, in cosine, of the heaviest play each time it has led to a track, so that the plays take turns."""

ARTIST_GAP_PENALTY = 0.3
"""Penalty, in cosine, of a track whose artist was played just before; it falls to 0 over `artist_gap` tracks."""

NOISE_SCALE = 0.15
"""Scale of the random noise at full variety, in cosine."""

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingOptions(AnswerOptions):
    """Options of a ranking: those of an answer, and what the recommender adds.

    Attributes:
        artist_gap: Desired number of tracks by others between two of one artist. 0: no gap. Two tracks of one artist
            follow each other only if all that is left is by this artist, and are nearer than the gap only if the
            second fits much better than the alternatives.
        targets: Values to aim for, by the names of `RANGE_FIELDS`.
        penalties: Penalties of single candidates, in cosine, by track id.
        tuning: Of the ranking.
    """

    artist_gap: int = 0
    targets: Mapping[str, float] = field(default_factory=dict)
    penalties: Mapping[str, float] = field(default_factory=dict)
    tuning: Tuning = field(default_factory=Tuning)

    @classmethod
    def of(cls, question: Question, **changes: Any) -> Self:  # noqa: ANN401  values of any option
        """Return the options of a question, with some of them changed."""
        added = {"targets": question.targets, "tuning": question.tuning}
        return cls(**options_of(question, AnswerOptions) | added | changes)


@dataclass(frozen=True, slots=True)
class RankingContext:
    """The library, and the tracks that an answer continues.

    Attributes:
        sample: Of the library, to recognise hubs; without it there is no hub penalty.
        previous: The latest tracks, in order. They count for maxima and gaps, and new tracks should differ from them.
        shares_served: Number of recent tracks of each taste, decayed; empty for none.
    """

    sample: Sample = field(default_factory=Sample)
    previous: Sequence[Embedded] = ()
    shares_served: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen candidate, its cosine to the taste it was chosen for, the taste's index, and what it was chosen by.

    `propensity` is the probability with which exploration chose it for its place.
    """

    candidate: Embedded
    score: float
    taste: int
    rank_score: float = 0.0
    propensity: float = 1.0


def query_vectors(profile: Profile, profile_weight: float) -> list[Vector]:
    """Return a unit vector for each taste to query the index with, shifted towards the whole profile by its weight."""
    whole = np.sum([taste.weight * taste.vector for taste in profile.tastes], axis=0)
    length = float(np.linalg.norm(whole))
    centre = whole / length if length > 0 else 0.0 * whole
    shifted = [(1 - profile_weight) * taste.vector + profile_weight * centre for taste in profile.tastes]
    return [(vector / np.linalg.norm(vector)).astype(np.float32) for vector in shifted]


@recommendation_part(Part.RANK)
def rank(
    candidates: Sequence[Embedded],
    profile: Profile,
    plays: Mapping[str, Embedded],
    options: RankingOptions,
    context: RankingContext,
) -> list[Choice]:
    """Choose tracks one by one.

    The D'Hondt method gives each next place to a taste. The place goes to the candidate with the best score: its
    similarity to the taste, to one of its plays and to the vectors of words and pictures, less the penalties and, as in
    maximal marginal relevance (MMR; Carbonell & Goldstein, 1998), less its similarity to the tracks that were chosen
    already.

    Args:
        candidates: In any order.
        profile: Of the listener.
        plays: The tracks of the tastes' plays, by id.
        options: Of the answer.
        context: The library and the previous tracks.

    Returns:
        At most `options.limit`, in the order to play.
    """
    if not candidates:
        return []
    ranking = _Ranking(sorted(candidates, key=lambda candidate: candidate.id), profile, plays, options, context)
    choices: list[Choice] = []
    while len(choices) < options.limit and (choice := ranking.choose()) is not None:
        choices.append(choice)
    return choices


class _Ranking:
    """The state of one ranking: the candidates left, and what was chosen so far."""

    def __init__(
        self,
        candidates: Sequence[Embedded],
        profile: Profile,
        plays: Mapping[str, Embedded],
        options: RankingOptions,
        context: RankingContext,
    ) -> None:
        self._candidates = candidates
        self._options = options
        self._tastes = profile.tastes
        self._vectors = np.stack([candidate.vector for candidate in candidates]).astype(np.float64)
        self._scores = self._score(profile, plays, context.sample)
        self._turns = [np.zeros((len(scores), 1)) for scores in self._scores]
        self._turn_penalties = [_turn_penalties(taste) for taste in self._tastes]
        self._served = list(context.shares_served) or [0.0] * len(self._tastes)
        self._recordings = Recordings.of(candidates)
        self._left = np.ones(len(candidates), dtype=bool)
        self._similarity = np.zeros(len(candidates))  # to the most similar track that was chosen
        self._artists = [candidate.performer for candidate in candidates]
        self._latest_artists: list[str | None] = []
        self._artist_cap = _Cap([_artist(candidate) for candidate in candidates], options.max_per_artist)
        self._album_cap = _Cap([_album(candidate) for candidate in candidates], options.max_per_album)
        self._genre_cap = _Cap([candidate.genres for candidate in candidates], options.max_per_genre)
        self._slack = 0
        for track in context.previous:
            self._count(track, self._vectors @ track.vector)

    def _score(self, profile: Profile, plays: Mapping[str, Embedded], sample: Sample) -> list[Array]:
        """Return for each taste (plays, candidates): the scores before anything was chosen."""
        candidates, options, tuning = self._candidates, self._options, self._options.tuning
        penalties = rejection_penalty(self._vectors, profile.negatives, tuning.rejection_penalty)
        penalties += target_penalty(candidates, options.targets)
        penalties += hub_penalty(candidates, sample)
        penalties += np.array([options.penalties.get(candidate.id, 0.0) for candidate in candidates])
        noise = options.variety * NOISE_SCALE * random_noise(candidates, options.seed) if options.variety else 0.0
        steering = Steering(profile.vectors, sample, profile.tastes)
        steered = steering.scores(self._vectors) - penalties + noise
        queries = np.stack(query_vectors(profile, tuning.profile_weight)).astype(np.float64)
        to_tastes = (1 - tuning.play_weight) * self._vectors @ queries.T  # (candidates, tastes)
        centres = [taste.vector for taste in profile.tastes]
        to_tastes -= avoidance_penalty(self._vectors, centres, profile.avoided)[:, None]
        return [
            (1 - steering.share) * (to_tastes[:, index] + tuning.play_weight * self._to_plays(taste, plays)) + steered
            for index, taste in enumerate(self._tastes)
        ]

    def choose(self) -> Choice | None:
        """Choose the next track; None if no candidate is left."""
        allowed = self._allowed()
        if allowed is None:
            return None
        # D'Hondt: the next place goes to the largest quotient of weight and places so far plus one.
        taste = max(range(len(self._tastes)), key=lambda i: self._tastes[i].weight / (self._served[i] + 1))
        values = self._scores[taste] - self._turns[taste] - self._options.diversity * self._similarity
        values -= self._artist_gap_penalties()
        play, winner = divmod(int(np.where(allowed, values, -np.inf).argmax()), len(self._candidates))
        rank_score = float(values[play, winner])
        self._turns[taste][play] += self._turn_penalties[taste][play]
        self._served[taste] += 1
        self._take(winner)
        chosen = self._candidates[winner]
        cosine = max(-1.0, min(1.0, float(chosen.vector @ self._tastes[taste].vector)))
        return Choice(chosen, cosine, taste, rank_score)

    def _to_plays(self, taste: Taste, plays: Mapping[str, Embedded]) -> Array:
        """Return (plays, candidates): cosines. A taste without plays is compared as its own play."""
        vectors = [plays[track_id].vector for track_id, _ in taste.plays[:PLAYS_PER_TASTE]] or [taste.vector]
        cosines: Array = np.stack(vectors).astype(np.float64) @ self._vectors.T
        return cosines

    def _allowed(self) -> Mask | None:
        """Return which candidates may be chosen; maxima rise by one at a time when nothing else is left."""
        if not self._left.any():
            return None
        left = self._by_other_artists()
        while True:
            allowed = left & self._artist_cap.has_room(self._slack) & self._album_cap.has_room(self._slack)
            if allowed.any():
                return self._within_genres(allowed)
            self._slack += 1

    def _within_genres(self, allowed: Mask) -> Mask:
        """Return the allowed candidates whose genres have room; this maximum rises before the others do."""
        slack = 0
        while not (within := allowed & self._genre_cap.has_room(slack)).any():
            slack += 1
        return within

    def _by_other_artists(self) -> Mask:
        """Return the candidates left that are not by the latest artist, if a gap is desired and there are any."""
        if self._options.artist_gap and self._latest_artists and (latest := self._latest_artists[-1]) is not None:
            others: Mask = self._left & np.array([artist != latest for artist in self._artists])
            if others.any():
                return others
        return self._left

    def _artist_gap_penalties(self) -> Array | float:
        """Return (n,): the penalty of each candidate whose artist is among the latest; 0 without an artist gap."""
        gap = self._options.artist_gap
        latest = self._latest_artists[-gap:] if gap else []
        if not latest:
            return 0.0
        penalties = {
            artist: ARTIST_GAP_PENALTY * (gap - ago) / gap for ago, artist in enumerate(reversed(latest)) if artist
        }
        return np.array([penalties.get(artist, 0.0) if artist else 0.0 for artist in self._artists])

    def _take(self, winner: int) -> None:
        chosen = self._candidates[winner]
        cosines = self._vectors @ self._vectors[winner]
        self._left[winner] = False
        self._left[self._recordings.copies_of(winner, cosines)] = False
        self._count(chosen, cosines)

    def _count(self, chosen: Embedded, cosines: Array) -> None:
        self._similarity = np.maximum(self._similarity, cosines)
        self._latest_artists.append(chosen.performer)
        self._artist_cap.count(_artist(chosen))
        self._album_cap.count(_album(chosen))
        self._genre_cap.count(chosen.genres)


class _Cap:
    """Counts the chosen tracks of each group (an artist, an album, a genre) against a maximum.

    A track may be in several groups, such as two genres, or in none.
    """

    def __init__(self, groups: Sequence[Sequence[str]], maximum: int | None) -> None:
        self._maximum = maximum
        if maximum is None:
            groups = ()
        self._numbers = {name: number for number, name in enumerate(dict.fromkeys(chain.from_iterable(groups)))}
        pairs = [(place, self._numbers[name]) for place, names in enumerate(groups) for name in names]
        self._places, self._groups = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
        self._candidates = len(groups)
        self._counts = np.zeros(len(self._numbers))

    def has_room(self, slack: int) -> Mask | bool:
        """Return (n,): which candidates may be chosen if the maximum rises by `slack`; True for all of them."""
        if self._maximum is None:
            return True
        room = np.ones(self._candidates, dtype=bool)
        room[self._places[(self._counts >= self._maximum + slack)[self._groups]]] = False
        return room

    def count(self, names: Sequence[str]) -> None:
        """Count a chosen track of these groups."""
        for name in names:
            if name in self._numbers:
                self._counts[self._numbers[name]] += 1


def _turn_penalties(taste: Taste) -> Array:
    """Return (plays,): the penalty of each play per track that it has led to; lighter plays have a larger one."""
    weights = np.array([weight for _, weight in taste.plays[:PLAYS_PER_TASTE]] or [1.0])
    penalties: Array = TURN_PENALTY * weights.max() / weights
    return penalties


def random_noise(candidates: Sequence[Embedded], seed: int) -> Array:
    """Return (n,): Gumbel noise, so that the best of the noisy scores is a draw weighted by them (Gumbel-max trick).

    It depends on the seed and the track id only, so other candidates do not change it.
    """
    draws = (hashlib.blake2b(f"{seed}:{candidate.id}".encode(), digest_size=8).digest() for candidate in candidates)
    uniform = [(int.from_bytes(draw) + 1) / (2**64 + 1) for draw in draws]
    return np.array([-log(-log(draw)) for draw in uniform])


def _artist(candidate: Embedded) -> tuple[str, ...]:
    return (candidate.performer,) if candidate.performer else ()


def _album(candidate: Embedded) -> tuple[str, ...]:
    return (candidate.album_id,) if candidate.album_id else ()
