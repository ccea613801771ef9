"""A question to the recommender: a history, words, filters, and options.

Each option is stated once, here: its name, type and default, and in the field's metadata its bounds and its
description. The metadata use the keywords of pydantic's `Field`; the HTTP schemas, the stored radio sessions, the
client and the ranking derive from these dataclasses.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Self

from services.domain.filters import Filters
from services.domain.listening import ListenEvent, Remembered
from services.domain.tuning import HALF_LIFE_DAYS_MAX, Tuning
from services.domain.words import WeightedText, WeightedVector

RESULTS_DEFAULT, RESULTS_MAX = 10, 100
"""Tracks in one answer; the maximum is more than a player queues."""

SEED_MAX = 2**63 - 1
"""The largest signed 64-bit integer, which databases and most languages can store."""

INCLUDE_FRAGMENTS = "Whether intros, skits, applause, spoken word and silence may be in the answer, too."


class Order(StrEnum):
    """The order in which the tracks of an answer are to be played."""

    RELEVANCE = "relevance"
    """Best first; tastes alternate."""
    FLOW = "flow"
    """Each track next to those that resemble it in sound, tempo and energy, starting from the last play."""
    ENERGY_UP = "energy_up"
    ENERGY_DOWN = "energy_down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Tracks and artists to leave out.

    Attributes:
        tracks: Track ids or external ids.
        artists: Names, compared without regard to case.
        seed_artists: Whether to leave out the artists of the history, too.
    """

    tracks: tuple[str, ...] = ()
    artists: tuple[str, ...] = ()
    seed_artists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """Options of a single answer and of a whole radio session."""

    diversity: float = field(
        default=0.2,
        metadata={
            "ge": 0,
            "le": 1,
            "description": "How much the tracks differ from each other: 0 (best matches only) to 1 (as different as "
            "possible).",
        },
    )
    variety: float = field(
        default=0.0,
        metadata={
            "ge": 0,
            "le": 1,
            "description": "Random variation between answers: 0 (none: the same answer every time) to 1 (much).",
        },
    )
    seed: int = field(
        default=0,
        metadata={
            "ge": 0,
            "le": SEED_MAX,
            "description": "Seed of the random variation. The same seed gives the same answer.",
        },
    )
    order: Order = field(
        default=Order.RELEVANCE,
        metadata={
            "description": "`relevance`: best first. `flow`: each track next to those that resemble it in sound, tempo "
            "and energy, starting from the last play. `energy_up`, `energy_down`: sorted by energy."
        },
    )
    half_life_days: float | None = field(
        default=None,
        metadata={
            "gt": 0,
            "le": HALF_LIFE_DAYS_MAX,
            "description": "Age in days at which an event has half its weight. Default: the service's setting.",
        },
    )
    include_fragments: bool = field(
        default=False,
        metadata={"description": INCLUDE_FRAGMENTS},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOptions(SessionOptions):
    """Options of a single answer."""

    limit: int = field(
        default=RESULTS_DEFAULT,
        metadata={"ge": 1, "le": RESULTS_MAX, "description": "Maximum number of tracks to return."},
    )
    max_per_artist: int | None = field(
        default=3,
        metadata={
            "ge": 1,
            "le": RESULTS_MAX,
            "description": "Maximum number of tracks per artist, as long as others are left. Null: no maximum.",
        },
    )
    max_per_album: int | None = field(
        default=2,
        metadata={
            "ge": 1,
            "le": RESULTS_MAX,
            "description": "Maximum number of tracks per album, as long as others are left. Null: no maximum.",
        },
    )
    max_per_genre: int | None = field(
        default=None,
        metadata={
            "ge": 1,
            "le": RESULTS_MAX,
            "description": "Maximum number of tracks per genre, as long as others are left; tracks without a genre are "
            "not limited. Null: no maximum.",
        },
    )
    explain: bool = field(
        default=True,
        metadata={"description": "Whether to explain the answer. If false, `tastes` and `because_of` are empty."},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(AnswerOptions):
    """One request for recommendations, or what holds for a whole radio session.

    Attributes:
        history: Events in any order. Their tracks are left out of the answer; tracks of `remembered` may be in it.
        remembered: The stored past of a listener; empty if the question is not about a stored listener.
        filters: Conditions that every track must meet.
        targets: Values to aim for, by the names of `RANGE_FIELDS`; tracks nearer to them rank higher.
        exclude: Tracks and artists to leave out.
        only: If given, no other track ids are in the answer.
        words: The texts as they were understood. Their filters and targets are part of `filters` and `targets`.
        vectors: Vectors of words and pictures; they change the score of every track.
        tuning: What an experiment changes of the ranking.
        exploration_seed: The same seed replaces the same tracks; None: no exploration, whatever the tuning says.
    """

    history: tuple[ListenEvent, ...] = ()
    remembered: Remembered = field(default_factory=Remembered)
    filters: Filters = field(default_factory=Filters)
    targets: Mapping[str, float] = field(default_factory=dict)
    exclude: Exclusion = field(default_factory=Exclusion)
    only: frozenset[str] | None = None
    words: tuple[WeightedText, ...] = ()
    vectors: tuple[WeightedVector, ...] = ()
    tuning: Tuning = field(default_factory=Tuning)
    exploration_seed: str | None = None

    def tuned(self, tuning: Tuning, given: Collection[str] = ()) -> Self:
        """Return the question with a tuning; `given` are the names of options whose values the tuning must not replace.

        A request gives its explicit options, so that a tuning replaces defaults only.
        """
        diversity = self.diversity if tuning.diversity is None or "diversity" in given else tuning.diversity
        half_life = tuning.half_life_days
        if half_life is None or "half_life_days" in given:
            half_life = self.half_life_days
        return replace(self, tuning=tuning, diversity=diversity, half_life_days=half_life)

    @property
    def explored_share(self) -> float:
        """The share of the tracks that exploration replaces."""
        return 0.0 if self.exploration_seed is None else self.tuning.exploration

    @property
    def is_blank(self) -> bool:
        """Whether the question has texts of which nothing was understood, and nothing else to choose tracks by."""
        past = self.remembered.events or self.remembered.start
        others = self.history or past or self.vectors or self.targets or self.filters != Filters()
        return bool(self.words) and not others and all(text.understood.is_empty for text in self.words)


def options_of(question: SessionOptions, kind: type[SessionOptions]) -> dict[str, Any]:
    """Return the options of a question that belong to a class of options, by name."""
    return {each.name: getattr(question, each.name) for each in fields(kind)}


@dataclass(frozen=True, slots=True)
class PathOptions:
    """How a path is chosen.

    Attributes:
        one_per_artist: Whether the path has at most one track of each artist; both ends count.
        variety: Random variation between paths, 0 (none: the same path every time) to 1 (much).
        seed: Of the random variation. The same seed gives the same path.
    """

    one_per_artist: bool = False
    variety: float = 0.0
    seed: int = 0
