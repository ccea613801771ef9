"""What a listener asks for: a history, conditions, and what the answer should be like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from services.domain.filters import Filters
from services.domain.listening import ListenEvent, Remembered

DIVERSITY, MAX_PER_ARTIST, MAX_PER_ALBUM = 0.2, 3, 2
"""What an answer is like where nothing is said."""


class Order(StrEnum):
    """In what order an answer is to be played."""

    RELEVANCE = "relevance"
    """Best first, tastes taking turns."""
    FLOW = "flow"
    """Each next to what sounds like it, at a similar tempo and energy, starting from the last play."""
    ENERGY_UP = "energy_up"
    ENERGY_DOWN = "energy_down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """What must not be answered.

    Attributes:
        tracks: Ids, external ones included.
        artists: Names, without regard to case.
        seed_artists: Whether the artists of the history are left out, too.
    """

    tracks: tuple[str, ...] = ()
    artists: tuple[str, ...] = ()
    seed_artists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request for recommendations.

    Attributes:
        history: Events in any order; their tracks are never answered, those of `remembered` may be.
        remembered: What a stored listener did before; nothing where nobody is asked about.
        limit: Tracks wanted.
        filters: What every track must meet.
        targets: Values to aim for, by the names of `RANGE_FIELDS`; what is nearer to them ranks higher.
        exclude: What must not be answered.
        diversity: 0 (only what fits best) to 1 (as unlike each other as the candidates allow).
        max_per_artist: Tracks of one artist, as long as others are left; None is any number.
        max_per_album: Tracks of one album, likewise.
        variety: 0 (the same answer every time) to 1.
        seed: Of the variety: the same seed gives the same answer.
        order: In what order the answer is to be played.
        half_life_days: Age at which an event counts half; None is the service's setting.
        explain: Whether tastes are put into words, and plays named for each recommendation.
    """

    history: tuple[ListenEvent, ...] = ()
    remembered: Remembered = field(default_factory=Remembered)
    limit: int = 10
    filters: Filters = field(default_factory=Filters)
    targets: Mapping[str, float] = field(default_factory=dict)
    exclude: Exclusion = field(default_factory=Exclusion)
    diversity: float = DIVERSITY
    max_per_artist: int | None = MAX_PER_ARTIST
    max_per_album: int | None = MAX_PER_ALBUM
    variety: float = 0.0
    seed: int = 0
    order: Order = Order.RELEVANCE
    half_life_days: float | None = None
    explain: bool = True
