"""Words in a question: a text, what was understood of it, and vectors of words and pictures in the vibe space."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from services.domain.filters import Filters, Range
from services.domain.track import Vector

TEXT_USED_MAX = 500
"""Characters of a text that are used; a query is a sentence, and the text tower takes longer for longer texts."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text of a question and its weight; a negative weight asks for less of it."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What was understood of a text.

    Attributes:
        text: The text.
        filters: The hard facts, such as a tempo or a decade.
        targets: Values to aim for, by the names of `RANGE_FIELDS`.
        relative: Those ranges of the filters that are relative to other tracks, such as that of "faster".
        like: Ids of the tracks that the text names as examples.
        less: Phrases to avoid, such as "drums" of "no drums".
        rest: The words that become a direction; None if none are left or they were not understood.
        warnings: What was ignored or is contradictory, one sentence each.
    """

    text: str
    filters: Filters = field(default_factory=Filters)
    targets: Mapping[str, float] = field(default_factory=dict)
    relative: Mapping[str, Range] = field(default_factory=dict)
    like: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    rest: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the text was understood."""
        facts = self.filters != Filters() or self.targets or self.like or self.less
        return self.rest is None and not facts


@dataclass(frozen=True, slots=True)
class WeightedText:
    """A text of a question as it was understood, with its weight; a negative weight asks for less of it."""

    understood: Understood
    weight: float = 1.0


class VectorKind(StrEnum):
    """What a vector of a question was made from."""

    WORDS = "words"
    MOOD = "mood"
    PICTURE = "picture"
    TRACK = "track"
    """A track that a text names as an example."""


@dataclass(frozen=True, slots=True)
class WeightedVector:
    """A vector of the vibe space that a question asks for, such as that of a picture.

    Attributes:
        label: The words, a description of the picture, or the track id.
        vector: 128 numbers of unit length; a tuple, because a radio session stores it as JSON.
        weight: Relative to a history, which has the weight 1; a negative weight asks for less of it.
        kind: What the vector was made from.
    """

    label: str
    vector: tuple[float, ...]
    weight: float = 1.0
    kind: VectorKind = VectorKind.PICTURE

    @property
    def reason(self) -> str:
        """The vector's name in `because_of`: a track id, or the kind and the label, such as `words:calm piano`."""
        return self.label if self.kind == VectorKind.TRACK else f"{self.kind.value}:{self.label}"


class TextEmbedder(Protocol):
    """Places texts in the vibe space; thread-safe."""

    @property
    def version(self) -> str | None:
        """The model version of that space; None if any will do."""

    def embed(self, text: str) -> Vector | None:
        """Return the unit vector of a text in that space, or None if the text is not understood."""
