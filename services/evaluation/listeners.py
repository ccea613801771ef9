"""Simulated listeners: each likes one or more soundtracks, has heard a little of each, and would like the rest."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.evaluation.material import Material

PLAYS = 4
"""Tracks of each interest that were heard; a good answer finds the others."""

NOISE = 2
"""Plays of tracks that have nothing to do with any interest."""

SKIPS = 3
"""Tracks of one interest that were left at once."""

SEED = 2026
"""Not one of those whose listeners the recommender's constants were chosen on."""

Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Listener:
    """What a listener heard and hopes to hear, as positions in the material.

    Attributes:
        interests: Names of soundtracks.
        plays: For each interest, (PLAYS,).
        hidden: For each interest, the others.
        kept_back: Tracks that are not offered.
        noise: Played whole, of no interest.
        skipped: Left at once.
    """

    interests: tuple[str, ...]
    plays: tuple[Positions, ...]
    hidden: tuple[Positions, ...]
    kept_back: Positions
    noise: Positions
    skipped: Positions

    @property
    def played(self) -> Positions:
        """All that was played whole."""
        return np.concatenate([*self.plays, self.noise])

    @property
    def wanted(self) -> Positions:
        """All that a good answer finds."""
        return np.concatenate(self.hidden)

    @property
    def left_out(self) -> Positions:
        """What no answer may hold."""
        return np.concatenate([self.played, self.kept_back, self.skipped])


def listeners(material: Material, interests: int, count: int, seed: int = SEED) -> Iterator[Listener]:
    """Draw listeners of so many interests; the same seed draws the same ones."""
    random = np.random.default_rng([seed, interests])
    names, sizes = np.unique(material.soundtracks, return_counts=True)
    names = names[sizes > PLAYS]
    nothing = np.empty(0, dtype=np.intp)
    for _ in range(count):
        chosen = random.choice(names, interests, replace=False)
        mixed = [random.permutation(np.flatnonzero(material.soundtracks == name)) for name in chosen]
        yield Listener(
            interests=tuple(chosen.tolist()),
            plays=tuple(tracks[:PLAYS] for tracks in mixed),
            hidden=tuple(tracks[PLAYS:] for tracks in mixed),
            kept_back=nothing,
            noise=nothing,
            skipped=nothing,
        )


def with_noise(material: Material, listener: Listener, seed: int) -> Listener:
    """The same listener, who also played a few tracks of other soundtracks."""
    return replace(listener, noise=_others(material, listener, NOISE, seed))


def with_skips(material: Material, listener: Listener, seed: int) -> Listener:
    """The same listener, who also left a few tracks of other soundtracks at once."""
    return replace(listener, skipped=_others(material, listener, NOISE, seed))


def before_skips(listener: Listener, interest: int, count: int = SKIPS) -> Listener:
    """The same listener, to whom some tracks of one interest are not offered."""
    hidden = list(listener.hidden)
    kept_back, hidden[interest] = hidden[interest][:count], hidden[interest][count:]
    return replace(listener, hidden=tuple(hidden), kept_back=kept_back)


def after_skips(listener: Listener, interest: int, count: int = SKIPS) -> Listener:
    """The same listener, who left these tracks at once: what is offered is the same, what is known is more."""
    hidden = list(listener.hidden)
    skipped, hidden[interest] = hidden[interest][:count], hidden[interest][count:]
    return replace(listener, hidden=tuple(hidden), skipped=skipped)


def _others(material: Material, listener: Listener, count: int, seed: int) -> Positions:
    strangers = np.flatnonzero(~np.isin(material.soundtracks, listener.interests))
    return np.random.default_rng(seed).choice(strangers, count, replace=False)
