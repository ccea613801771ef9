"""What an experiment observed: of each listener, what was recommended and what came of it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

import numpy as np

from services.domain.listening import EventKind
from services.domain.recommendation_log import LoggedAnswer, Outcome
from services.experiments.statistics import Totals

SESSION_GAP = timedelta(minutes=30)
"""Time between two listens from which on they belong to different sessions."""

MINUTE_MS = 60_000


class Metric(StrEnum):
    """What is compared between variants; each is a ratio of sums over listeners."""

    SKIP_RATE = "skip_rate"
    """Skips per listen: plays and skips that followed a recommendation."""
    COMPLETION = "completion"
    """Mean share of a track that was played, where players tell it."""
    LIKES = "likes"
    """Likes of recommended tracks per listen."""
    SESSION_MINUTES = "session_minutes"
    """Minutes of recommended music in a session."""
    COVERAGE = "coverage"
    """Share of the catalogue that was recommended to a listener."""
    NEW_ARTISTS = "new_artists"
    """Share of the recommended tracks whose artist the listener had not heard before."""


@dataclass(slots=True)
class Observed:
    """What was observed of one listener."""

    variants: set[str] = field(default_factory=set)
    days: set[date] = field(default_factory=set)
    answers: int = 0
    recommended: dict[str, datetime] = field(default_factory=dict)
    """When each track was first recommended."""
    listens: int = 0
    skips: int = 0
    likes: int = 0
    completed: float = 0.0
    timed: int = 0
    """Listens of which the played share is known."""
    played: list[tuple[datetime, int]] = field(default_factory=list)
    """When each listen was, and the milliseconds that were played."""

    def add(self, answer: LoggedAnswer, outcomes: Iterable[Outcome]) -> None:
        """Add an answer and what followed it."""
        self.variants.add(answer.variant or "")
        self.answers += 1
        for track in answer.tracks:
            self.recommended.setdefault(track.track_id, answer.at)
        for outcome in outcomes:
            self._add_outcome(outcome)

    def _add_outcome(self, outcome: Outcome) -> None:
        if outcome.kind == EventKind.LIKE:
            self.likes += 1
        if outcome.kind not in (EventKind.PLAY, EventKind.SKIP):
            return
        self.listens += 1
        self.skips += outcome.kind == EventKind.SKIP
        self.days.add(outcome.at.date())
        whole = outcome.duration_ms or 0
        if outcome.played_ms is not None and whole > 0:
            self.completed += min(1.0, outcome.played_ms / whole)
            self.timed += 1
        assumed = whole if outcome.kind == EventKind.PLAY else 0
        self.played.append((outcome.at, assumed if outcome.played_ms is None else outcome.played_ms))

    @property
    def sessions(self) -> int:
        """The number of sessions."""
        times = sorted(at for at, _ in self.played)
        return bool(times) + sum(later - earlier >= SESSION_GAP for earlier, later in pairwise(times))

    @property
    def minutes(self) -> float:
        """The minutes that were played."""
        return sum(played_ms for _, played_ms in self.played) / MINUTE_MS


Ratio = Callable[[Observed, int, int], tuple[float, float]]
"""From a listener, the number of recommended tracks by new artists and the size of the catalogue to value and size."""

_RATIOS: Mapping[Metric, Ratio] = {
    Metric.SKIP_RATE: lambda seen, _new, _size: (seen.skips, seen.listens),
    Metric.COMPLETION: lambda seen, _new, _size: (seen.completed, seen.timed),
    Metric.LIKES: lambda seen, _new, _size: (seen.likes, seen.listens),
    Metric.SESSION_MINUTES: lambda seen, _new, _size: (seen.minutes, seen.sessions),
    Metric.COVERAGE: lambda seen, _new, size: (len(seen.recommended), size),
    Metric.NEW_ARTISTS: lambda seen, new, _size: (new, len(seen.recommended)),
}


def observe(log: Iterable[tuple[LoggedAnswer, list[Outcome]]]) -> dict[str, Observed]:
    """Return what was observed of each listener in the answers of an experiment.

    Answers without a listener are left out: nothing is stored of what came of them.
    """
    found: defaultdict[str, Observed] = defaultdict(Observed)
    for answer, outcomes in log:
        if answer.listener is not None:
            found[answer.listener].add(answer, outcomes)
    return dict(found)


def totals(metric: Metric, seen: Mapping[str, Observed], new: Mapping[str, int], catalogue_size: int) -> Totals:
    """Return a metric of some listeners; those without anything to measure are left out.

    Args:
        metric: What to measure.
        seen: What was observed of each listener.
        new: Of each listener, the number of recommended tracks whose artist was new.
        catalogue_size: Number of tracks that can be recommended.
    """
    pairs = [_RATIOS[metric](each, new[listener], catalogue_size) for listener, each in seen.items()]
    values, sizes = np.array([pair for pair in pairs if pair[1] > 0], dtype=np.float64).reshape(-1, 2).T
    return Totals(values, sizes)
