"""Balances of the teachers' tags: tags that favour an attribute against tags that oppose it, in log-odds.

Tags carry the data set of their teacher as a prefix: `msd:` (Million Song Dataset) or `mtt:` (MagnaTagATune).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

SMALLEST_PROBABILITY = 1e-4  # keeps the log-odds of a tag with probability 0 finite

_Float = TypeVar("_Float", np.float32, np.float64)


class TagBalance(NamedTuple):
    """Tags that favour an attribute, and tags that oppose it."""

    favouring: tuple[str, ...]
    opposing: tuple[str, ...]

    def scores(self, odds: NDArray[_Float], names: Sequence[str]) -> NDArray[_Float]:
        """Return the mean log-odds of the favouring tags minus the mean of the opposing tags.

        Args:
            odds: (n, n_tags) log-odds.
            names: The n_tags names, in the order of the columns.

        Returns:
            (n,), greater for more of the attribute.

        Raises:
            ValueError: A tag of the balance is not among the names.
        """
        favouring, opposing = (odds[:, [names.index(name) for name in side]].mean(axis=1) for side in self)
        difference: NDArray[_Float] = favouring - opposing
        return difference


# Targets of the embedding's two mood axes, and the first judge of the evaluation's mood distance.
MOOD_BALANCES: Mapping[str, TagBalance] = {
    "energy": TagBalance(("mtt:fast", "mtt:loud"), ("mtt:slow", "mtt:soft")),
    "valence": TagBalance(("msd:happy", "msd:party"), ("msd:sad", "msd:ambient")),
}

# The second judge: tags of energy and valence in `FEEL_BALANCES` that the mood axes are not trained towards.
OTHER_MOOD_BALANCES: Mapping[str, TagBalance] = {
    "energy, other tags": TagBalance(
        ("mtt:drums", "mtt:beat", "mtt:metal", "mtt:rock", "msd:punk"),
        ("mtt:quiet", "mtt:ambient", "msd:chillout", "msd:Mellow"),
    ),
    "valence, other tags": TagBalance(("msd:catchy", "msd:funk", "mtt:pop"), ("msd:experimental", "mtt:weird")),
}

# Targets of the encoder's feel head, one for each name in `models.encoder.FEEL_ATTRIBUTES` and in its order.
FEEL_BALANCES: Mapping[str, TagBalance] = {
    "energy": TagBalance(
        ("mtt:fast", "mtt:drums", "mtt:beat", "mtt:loud", "mtt:metal", "mtt:rock", "msd:punk", "msd:party"),
        ("mtt:slow", "mtt:quiet", "mtt:soft", "mtt:ambient", "msd:ambient", "msd:chillout", "msd:Mellow"),
    ),
    "valence": TagBalance(
        ("msd:happy", "msd:catchy", "msd:funk", "mtt:pop"),
        ("msd:sad", "msd:experimental", "mtt:weird", "msd:metal", "msd:heavy metal"),
    ),
    "danceability": TagBalance(
        ("mtt:dance", "mtt:beat", "mtt:beats", "msd:dance", "msd:House", "msd:party", "msd:funk", "msd:Hip-Hop"),
        ("mtt:classical", "mtt:ambient", "mtt:slow", "mtt:quiet", "msd:ambient", "msd:experimental"),
    ),
    # No "guitar", which electric guitars have too; metal and rock, because amplified music is not acoustic either.
    "acousticness": TagBalance(
        (
            "msd:acoustic",
            "msd:folk",
            "mtt:classical",
            "mtt:strings",
            "mtt:piano",
            "mtt:flute",
            "mtt:violin",
            "mtt:cello",
        ),
        (
            "msd:electronic",
            "msd:electronica",
            "msd:electro",
            "mtt:electronic",
            "mtt:synth",
            "mtt:techno",
            "mtt:metal",
            "mtt:rock",
            "msd:metal",
            "msd:heavy metal",
            "msd:hard rock",
        ),
    ),
}


def log_odds(probabilities: NDArray[_Float]) -> NDArray[_Float]:
    """Return the log-odds of probabilities of any shape, clipped to 0.0001…0.9999."""
    bounded = probabilities.clip(SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)
    odds: NDArray[_Float] = np.log(bounded / (1.0 - bounded))
    return odds
