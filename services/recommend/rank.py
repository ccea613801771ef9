"""From candidates to an answer: every taste its share, nothing twice, not too much of one thing."""

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, log
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from services.domain.listening import Negative, Profile, Taste
from services.domain.question import AnswerOptions, Question, options_of
from services.domain.track import Embedded, Vector
from services.recommend.duplicates import copies, lengths
from services.recommend.sample import Sample, crowding
from services.recommend.targets import pull
from services.recommend.taste import concern

COMMON_GROUND = 0.4
"""How far a taste's question leans towards the whole history: what fits both is the better find."""

PLAY = 0.3
"""Share of a score that is nearness to one play of the taste rather than to the taste itself."""

PLAYS_SERVED = 12
"""A taste's heaviest plays take turns in leading to its tracks."""

TURN_TAKEN = 0.15
"""What a play that has led to a track yields to one that has not."""

PENALTY = 0.6
"""What is taken off a track that lies where a rejected one lies."""

SO_SOON = 0.3
"""What a track loses whose artist was heard just before, less the longer ago; see `RankingOptions.artist_gap`."""

VARIETY = 0.15
"""Spread of the noise at full variety, in cosines."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingOptions(AnswerOptions):
    """Options of a ranking: those of an answer, and what the recommender adds.

    Attributes:
        artist_gap: Number of tracks by others wished for between two of one artist. 0: no gap. An artist follows
            themselves only if nobody else is left, and comes nearer than this only if their track fits much better.
        targets: Values to aim for, by the names of `RANGE_FIELDS`.
        penalties: Penalties of single candidates, in cosine, by track id.
    """

    artist_gap: int = 0
    targets: Mapping[str, float] = field(default_factory=dict)
    penalties: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, question: Question, **changes: Any) -> Self:  # noqa: ANN401  values of any option
        """Return the options of a question, with some of them changed."""
        return cls(**options_of(question, AnswerOptions) | {"targets": question.targets} | changes)


@dataclass(frozen=True, slots=True)
class Setting:
    """What an answer is given in: a library, and what was answered before where it goes on from that.

    Attributes:
        sample: Of the library, which tells hubs; without any there is no correction.
        tracks: The latest, in the order answered: they count for caps, for gaps and as what not to resemble.
        seats: What each taste was given of late.
    """

    sample: Sample = field(default_factory=Sample)
    tracks: Sequence[Embedded] = ()
    seats: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate that was chosen, its cosine to the taste it serves, and which taste that is."""

    candidate: Embedded
    score: float
    taste: int


def questions(profile: Profile) -> list[Vector]:
    """What to ask the index: a unit vector for each taste, leaning towards the whole."""
    whole = np.sum([taste.weight * taste.vector for taste in profile.tastes], axis=0)
    length = float(np.linalg.norm(whole))
    ground = whole / length if length > 0 else 0.0 * whole
    leaning = [(1 - COMMON_GROUND) * taste.vector + COMMON_GROUND * ground for taste in profile.tastes]
    return [(vector / np.linalg.norm(vector)).astype(np.float32) for vector in leaning]


def rank(
    candidates: Sequence[Embedded],
    profile: Profile,
    heard: Mapping[str, Embedded],
    options: RankingOptions,
    setting: Setting,
) -> list[Choice]:
    """Choose tracks one by one.

    The next seat goes to a taste by D'Hondt's rule, and there to the candidate that lies nearest to the taste and to
    one of its plays, less what resembles rejected or chosen tracks.

    Args:
        candidates: In any order.
        profile: Of the listener.
        heard: The plays of its tastes.
        options: Of the answer.
        setting: What the answer is given in.

    Returns:
        At most `options.limit`, in the order to play.
    """
    if not candidates:
        return []
    round_ = _Round(sorted(candidates, key=lambda candidate: candidate.id), profile, heard, options, setting)
    choices: list[Choice] = []
    while len(choices) < options.limit and (choice := round_.choose()) is not None:
        choices.append(choice)
    return choices


class _Round:
    """The state of one ranking: what is left, who had how many turns."""

    def __init__(
        self,
        candidates: Sequence[Embedded],
        profile: Profile,
        heard: Mapping[str, Embedded],
        options: RankingOptions,
        setting: Setting,
    ) -> None:
        self._candidates = candidates
        self._options = options
        self._tastes = profile.tastes
        self._vectors = np.stack([candidate.vector for candidate in candidates]).astype(np.float64)
        plain = _penalty(self._vectors, profile.negatives) + pull(candidates, options.targets)
        plain += crowding(candidates, setting.sample)
        plain += np.array([options.penalties.get(candidate.id, 0.0) for candidate in candidates])
        noise = options.variety * VARIETY * _noise(candidates, options.seed) if options.variety else 0.0
        asked = np.stack(questions(profile)).astype(np.float64)
        fits = (1 - PLAY) * self._vectors @ asked.T  # (candidates, tastes)
        self._scores = [
            fits[:, index] + PLAY * self._near(taste, heard) - plain + noise for index, taste in enumerate(self._tastes)
        ]  # each (plays, candidates)
        self._turns = [np.zeros((len(scores), 1)) for scores in self._scores]
        self._steps = [_turn_taken(taste) for taste in self._tastes]
        self._seats = list(setting.seats) or [0.0] * len(self._tastes)
        self._lengths = lengths(candidates)
        self._left = np.ones(len(candidates), dtype=bool)
        self._alike = np.zeros(len(candidates))
        self._artist_of = [candidate.performer for candidate in candidates]
        self._latest: list[str | None] = []
        self._artists = _Cap(self._artist_of, options.max_per_artist)
        self._albums = _Cap([_album(candidate) for candidate in candidates], options.max_per_album)
        self._genres = _Cap([_genre(candidate) for candidate in candidates], options.max_per_genre)
        self._slack = 0
        for track in setting.tracks:
            self._count(track, self._vectors @ track.vector)

    def choose(self) -> Choice | None:
        """The next track; None when nothing is left."""
        open_ = self._open()
        if open_ is None:
            return None
        taste = max(range(len(self._tastes)), key=lambda i: self._tastes[i].weight / (self._seats[i] + 1))
        values = self._scores[taste] - self._turns[taste] - self._options.diversity * self._alike - self._so_soon()
        play, winner = divmod(int(np.where(open_, values, -np.inf).argmax()), len(self._candidates))
        self._turns[taste][play] += self._steps[taste][play]
        self._seats[taste] += 1
        self._take(winner)
        chosen = self._candidates[winner]
        return Choice(chosen, float(np.clip(chosen.vector @ self._tastes[taste].vector, -1, 1)), taste)

    def _near(self, taste: Taste, heard: Mapping[str, Embedded]) -> Array:
        """(plays, candidates): cosines; a taste without plays is its own."""
        plays = [heard[track_id].vector for track_id, _ in taste.plays[:PLAYS_SERVED]] or [taste.vector]
        near: Array = np.stack(plays).astype(np.float64) @ self._vectors.T
        return near

    def _open(self) -> NDArray[np.bool_] | None:
        """Which candidates may be taken; caps give way one by one when nothing else is left."""
        if not self._left.any():
            return None
        apart = self._apart()
        while True:
            open_ = apart & self._artists.has_room(self._slack) & self._albums.has_room(self._slack)
            if open_.any():
                return self._within_genres(open_)
            self._slack += 1

    def _within_genres(self, open_: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The open candidates whose genres have the most room left; this cap gives way before the others do."""
        slack = 0
        while not (within := open_ & self._genres.has_room(slack)).any():
            slack += 1
        return within

    def _apart(self) -> NDArray[np.bool_]:
        """Which of those that are left are not by whom was heard just before."""
        if self._options.artist_gap and self._latest and (last := self._latest[-1]) is not None:
            apart: NDArray[np.bool_] = self._left & np.array([artist != last for artist in self._artist_of])
            if apart.any():
                return apart
        return self._left

    def _so_soon(self) -> Array | float:
        """(n,): what each candidate loses because its artist was heard a few tracks ago; 0 where no gap is wished."""
        gap = self._options.artist_gap
        latest = self._latest[-gap:] if gap else []
        if not latest:
            return 0.0
        losses = {artist: SO_SOON * (gap - ago) / gap for ago, artist in enumerate(reversed(latest)) if artist}
        return np.array([losses.get(artist, 0.0) if artist else 0.0 for artist in self._artist_of])

    def _take(self, winner: int) -> None:
        chosen = self._candidates[winner]
        cosines = self._vectors @ self._vectors[winner]
        self._left[winner] = False
        self._left[copies(chosen, self._candidates, cosines, self._lengths)] = False
        self._count(chosen, cosines)

    def _count(self, chosen: Embedded, cosines: Array) -> None:
        self._alike = np.maximum(self._alike, cosines)
        artist = chosen.performer
        self._latest.append(artist)
        self._artists.count(artist)
        self._albums.count(_album(chosen))
        self._genres.count(_genre(chosen))


class _Cap:
    """How many tracks of each artist, or album, were taken, and how many may be."""

    def __init__(self, names: Sequence[Hashable | None], most: int | None) -> None:
        self._numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        self._groups = np.array([self._numbers[name] for name in names])
        self._taken = np.zeros(len(self._numbers))
        self._most = inf if most is None else most

    def has_room(self, slack: int) -> NDArray[np.bool_]:
        """(n,): which candidates may be taken if the cap gives way by so many."""
        room: NDArray[np.bool_] = (self._taken < self._most + slack)[self._groups]
        return room

    def count(self, name: Hashable | None) -> None:
        """A track by this name was taken; those without a name are no group."""
        if name is not None and name in self._numbers:
            self._taken[self._numbers[name]] += 1


def _turn_taken(taste: Taste) -> Array:
    """(plays,): what each play yields once more whenever it has led to a track, the lighter ones more."""
    weights = np.array([weight for _, weight in taste.plays[:PLAYS_SERVED]] or [1.0])
    steps: Array = TURN_TAKEN * weights.max() / weights
    return steps


def _penalty(vectors: Array, negatives: Sequence[Negative]) -> Array:
    """(n,): strongest of the rejected tracks that each vector lies near."""
    if not negatives:
        return np.zeros(len(vectors))
    near = vectors @ np.stack([negative.vector for negative in negatives]).astype(np.float64).T
    strength = np.array([negative.strength for negative in negatives])
    penalty: Array = PENALTY * (strength * concern(near)).max(1)
    return penalty


def _noise(candidates: Sequence[Embedded], seed: int) -> Array:
    """(n,): Gumbel noise that depends on seed and id alone, whatever else is a candidate."""
    draws = (hashlib.blake2b(f"{seed}:{candidate.id}".encode(), digest_size=8).digest() for candidate in candidates)
    uniform = [(int.from_bytes(draw) + 1) / (2**64 + 1) for draw in draws]
    return np.array([-log(-log(draw)) for draw in uniform])


def _album(candidate: Embedded) -> tuple[str, str] | None:
    return (candidate.album.casefold(), candidate.performer or "") if candidate.album else None


def _genre(candidate: Embedded) -> str | None:
    return candidate.genre.casefold() if candidate.genre else None
