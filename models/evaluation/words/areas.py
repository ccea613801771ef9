"""Areas under the ROC curve: do texts rank the tracks that they describe above the others?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Float64Array
from models.evaluation.metrics import auc, interval
from models.evaluation.words.lists import Label, Phrase, name_label
from models.evaluation.words.scorers import Scorer
from models.evaluation.words.truth import Truth

_CHANCE = 0.5


@dataclass(frozen=True, slots=True)
class TextArea:
    """The area of one text; chance if the text was not understood."""

    text: str
    label: str
    kind: str
    value: float
    understood: bool


@dataclass(frozen=True, slots=True)
class Areas:
    """The areas of several texts.

    Attributes:
        texts: One entry per text.
        mean: Mean area.
        low: Lower end of its 95 % bootstrap interval over texts.
        high: Its upper end.
    """

    texts: Sequence[TextArea]
    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def of_kind(self, kind: str) -> list[float]:
        """Return the areas of the texts of one kind."""
        return [text.value for text in self.texts if text.kind == kind]

    @property
    def not_understood(self) -> int:
        """Number of texts that were not understood."""
        return sum(not text.understood for text in self.texts)


def phrase_areas(score: Scorer, phrases: Iterable[Phrase], truth: Truth) -> Areas:
    """Measure the areas of phrases against their labels."""
    return _areas(
        _area(score(phrase.text), phrase.text, phrase.label, truth.is_true(phrase.label)) for phrase in phrases
    )


def name_areas(score: Scorer, names: Iterable[str], truth: Truth) -> Areas:
    """Measure the areas of names of tags against the tracks that carry them."""
    return _areas(_area(score(name), name, name_label(name), truth.carried(name)) for name in names)


def rare_name_areas(score: Scorer, names: Iterable[str], truth: Truth) -> Areas:
    """Measure the areas of names that hardly any track carries against the tenth of the tracks nearest to it."""
    return _areas(_area(score(name), name, name_label(name), truth.top_tenth(name)) for name in names)


def tag_areas(own: Truth, phrases: Iterable[Phrase], truth: Truth) -> Areas:
    """Measure the areas of the labels' balances by the encoder's own tags: of a search that knows the label."""
    return _areas(
        _area(own.balance(phrase.label), phrase.text, phrase.label, truth.is_true(phrase.label)) for phrase in phrases
    )


def _area(scores: Float64Array | None, text: str, label: Label, positive: NDArray[np.bool_]) -> TextArea:
    value = _CHANCE if scores is None else auc(scores, positive)
    return TextArea(text, label.name, label.kind, value, understood=scores is not None)


def _areas(texts: Iterable[TextArea]) -> Areas:
    found = list(texts)
    values = np.array([text.value for text in found])
    return Areas(found, float(values.mean()), *interval(values))
