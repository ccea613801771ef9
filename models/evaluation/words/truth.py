"""What is true of the evaluated tracks, by tags: labels of phrases, and balances that words must move.

The teachers' tags are the judge. The same labels by the encoder's own tags show the best that words can reach.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.arrays import Float64Array
from models.evaluation.words.lists import Label
from models.tag_balances import FEEL_BALANCES, TagBalance, log_odds

CARRIED = 0.15
"""Mean probability from which on a track carries a tag; the recommender uses such tags in labels."""

_LEAST_TRACKS = 3  # of each class, for an area under the curve
_GREATEST_SHARE = 0.9  # a tag of nearly all tracks distinguishes none
_TRUE_SHARE = 0.2  # of the tracks, by a balance
_RARE_SHARE = 0.1  # of the tracks, by a name that hardly any track carries
_RARE_PROBABILITY = 0.02  # below, the teachers found the tag in no track, and its ranking is noise
_BALANCES = {**FEEL_BALANCES, "tempo": TagBalance(("mtt:fast",), ("mtt:slow",))}


class Truth:
    """Labels and balances of n tracks by their tags.

    Args:
        probabilities: (n, n_tags), 0…1.
        tag_names: The n_tags names, with the prefix of their data set.
        names: Name → tags that it stands for, from `tags.toml`.
    """

    def __init__(
        self, probabilities: Float64Array, tag_names: Sequence[str], names: Mapping[str, Sequence[str]]
    ) -> None:
        self._odds, self._tag_names = log_odds(probabilities), list(tag_names)
        self.names = list(names)
        index = {name: position for position, name in enumerate(tag_names)}
        merged = [probabilities[:, [index[tag] for tag in tags]].max(axis=1) for tags in names.values()]
        self._probabilities = dict(zip(names, merged, strict=True))

    @cached_property
    def _name_odds(self) -> Float64Array:
        """(n, n_names)."""
        return log_odds(np.stack([self._probabilities[name] for name in self.names], axis=1))

    def carried(self, name: str) -> NDArray[np.bool_]:
        """Return (n,): whether each track carries a name of `tags.toml`."""
        carried: NDArray[np.bool_] = self._probabilities[name] >= CARRIED
        return carried

    def is_measurable(self, name: str) -> bool:
        """Return whether enough tracks, but not nearly all, carry a name."""
        carried = self.carried(name)
        return int(carried.sum()) >= _LEAST_TRACKS and float(carried.mean()) <= _GREATEST_SHARE

    def measurable(self, names: Sequence[str]) -> list[str]:
        """Return those of the names that are measurable."""
        return [name for name in names if self.is_measurable(name)]

    def rare(self, names: Sequence[str]) -> list[str]:
        """Return the names that are not measurable but have a meaningful ranking: a tenth of the tracks reach 2 %."""
        return [
            name
            for name in names
            if self.carried(name).sum() < _LEAST_TRACKS
            and np.quantile(self._probabilities[name], 1.0 - _RARE_SHARE) >= _RARE_PROBABILITY
        ]

    def top_tenth(self, name: str) -> NDArray[np.bool_]:
        """Return (n,): whether each track is among the tenth with the greatest probabilities of a name."""
        return _top(self._probabilities[name], _RARE_SHARE)

    def odds(self, name: str) -> Float64Array:
        """Return (n,): the log-odds of a name."""
        return self._name_odds[:, self.names.index(name)]

    def balance(self, label: Label) -> Float64Array:
        """Return (n,): the balance of a label, greater for tracks that it describes better."""
        if label.balance.opposing:
            return label.balance.scores(self._name_odds, self.names)
        scores: Float64Array = np.mean([self.odds(name) for name in label.balance.favouring], axis=0)
        return scores

    def is_true(self, label: Label) -> NDArray[np.bool_]:
        """Return (n,): whether the label is true of each track; `labels.toml` has the rule."""
        favouring, opposing = label.balance
        if len(favouring) == 1 and not opposing and self.is_measurable(favouring[0]):
            return self.carried(favouring[0])
        return _top(self.balance(label), _TRUE_SHARE)

    def attribute(self, name: str) -> Float64Array:
        """Return (n,): the balance of tempo or of an attribute of `models.tag_balances.FEEL_BALANCES`."""
        return _BALANCES[name].scores(self._odds, self._tag_names)


def _top(values: Float64Array, share: float) -> NDArray[np.bool_]:
    """Return (n,): whether each value is among this share of the greatest; ties keep the order of the tracks."""
    count = max(1, round(share * len(values)))
    chosen = np.zeros(len(values), dtype=bool)
    chosen[np.argsort(-values, kind="stable")[:count]] = True
    return chosen
