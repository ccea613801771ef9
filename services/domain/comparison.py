"""Blind comparisons: a person hears a track and two others, and says which of the two fits better.

One of the two is what Segue finds; the other is from a baseline. The person does not learn which is which.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Baseline(StrEnum):
    """Where the track comes from that Segue's is compared with."""

    GENRE = "genre"
    """A random track of the same genre."""
    MODEL = "model"
    """What Segue finds with another model version."""


class Choice(StrEnum):
    """Which of the two tracks fits better."""

    FIRST = "first"
    SECOND = "second"
    SAME = "same"
    """Neither fits better than the other."""


class Preferred(StrEnum):
    """Whose track fits better."""

    SEGUE = "segue"
    BASELINE = "baseline"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two tracks to compare with a third, and where they come from."""

    track_id: str
    segue_id: str
    baseline_id: str
    baseline: Baseline
    segue_first: bool
    """Whether Segue's track is shown as the first one."""
    model_version: str
    """Of Segue's track."""
    other_version: str | None = None
    """Of the other model, with the baseline `MODEL`."""

    @property
    def shown(self) -> tuple[str, str]:
        """The two tracks in the order in which they are shown."""
        return (self.segue_id, self.baseline_id) if self.segue_first else (self.baseline_id, self.segue_id)

    def preferred(self, choice: Choice) -> Preferred:
        """Return whose track a choice prefers."""
        if choice == Choice.SAME:
            return Preferred.SAME
        return Preferred.SEGUE if (choice == Choice.FIRST) == self.segue_first else Preferred.BASELINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A pair that a listener was asked about."""

    id: str
    listener: str
    pair: Pair
    shown_at: datetime
    preferred: Preferred | None = None
    """None before the answer."""
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contest:
    """What is compared: Segue with a model version, and a baseline."""

    baseline: Baseline
    model_version: str
    other_version: str | None


@dataclass(frozen=True, slots=True)
class Tally:
    """The answers of one listener in one contest."""

    listener: str
    segue: int
    baseline: int
    same: int

    @property
    def decided(self) -> int:
        """The answers that prefer one of the two."""
        return self.segue + self.baseline
