"""Experiments: which listeners get which variant of the ranking."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate

from services.domain.tuning import Tuning


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to rank. `weight` is its share of the experiment's listeners, relative to the other variants."""

    name: str
    tuning: Tuning = field(default_factory=Tuning)
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Variants that are compared, each on listeners of its own.

    Attributes:
        name: Of the experiment.
        share: Of all listeners that take part, > 0 to 1.
        salt: Decides, with a listener, on the variant. The same salt in another experiment gives the same assignment.
        variants: At least two with different names. The others are compared with the first.
        starts: When the assignment starts; aware. None: always.
        ends: When it ends; aware. None: never.
        in_file: Whether the file describes it. If not, it is one of the recommendation log: the variants are in the
            order of their names, and their tunings and weights are unknown.
    """

    name: str
    share: float = 1.0
    salt: str
    variants: tuple[Variant, ...]
    starts: datetime | None = None
    ends: datetime | None = None
    in_file: bool = True

    def runs_at(self, moment: datetime) -> bool:
        """Whether listeners are assigned at this time."""
        return (self.starts is None or self.starts <= moment) and (self.ends is None or moment < self.ends)


@dataclass(frozen=True, slots=True)
class Assigned:
    """The variant of a listener or of a session, and the experiment that it belongs to."""

    experiment: str
    variant: Variant

    @property
    def tuning(self) -> Tuning:
        """The tuning of the variant."""
        return self.variant.tuning


def assign(experiment: Experiment, unit: str) -> Variant | None:
    """Return the variant of a listener or of a session; None if it does not take part.

    The assignment depends on the salt and the name alone, so it stays the same. A larger share adds listeners and
    moves none.
    """
    if _draw(experiment.salt, "share", unit) >= experiment.share:
        return None
    total = sum(variant.weight for variant in experiment.variants)
    place = _draw(experiment.salt, "variant", unit) * total
    ends = accumulate(variant.weight for variant in experiment.variants)
    pairs = zip(experiment.variants, ends, strict=True)
    return next((variant for variant, end in pairs if place < end), experiment.variants[-1])


def _draw(salt: str, purpose: str, unit: str) -> float:
    """Return a number from 0 to below 1 that is uniform over the units and independent between purposes and salts."""
    digest = hashlib.blake2b(f"{salt}\0{purpose}\0{unit}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / 2**53
