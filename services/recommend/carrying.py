"""Carry the vectors of texts, clips and pictures into the space that a request reads."""

from collections.abc import Mapping

import numpy as np

from services.catalog import Catalogue
from services.domain.errors import WordsUnavailable
from services.domain.track import Vector
from services.domain.words import TextEmbedder
from services.words.towers import tower_of


class Carrying:
    """Chooses or carries vectors; a space without a good map from theirs has no words and pictures."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._spaces = catalogue.spaces
        self._mappings = catalogue.space_mappings

    @property
    def space(self) -> str | None:
        """The space that the request reads."""
        return self._spaces.view().served

    def carry(self, vector: Vector, version: str | None) -> Vector:
        """Return a vector of a model version in the space that the request reads.

        Raises:
            WordsUnavailable: no map carries it well enough.
        """
        space = self.space
        if space is None or version is None or version == space:
            return vector
        carrier = self._mappings.carrier(version, space)
        if carrier is None:
            raise WordsUnavailable(version, space)
        return carrier(vector)

    def choose(self, embedding: list[float], by_version: Mapping[str, list[float]]) -> list[float]:
        """Return the vector of a clip, computed in the space that the request reads, or carried into it."""
        space = self.space
        if not by_version or space in by_version:
            return by_version.get(str(space), embedding)
        version, computed = next(iter(by_version.items()))
        carried: list[float] = self.carry(np.asarray(computed, dtype=np.float32), version).tolist()
        return carried


class CarriedTexts:
    """A text tower for whichever space a request reads: that of a package for it, or one whose vectors are carried."""

    def __init__(self, tower: TextEmbedder, carrying: Carrying) -> None:
        self._tower = tower
        self._carrying = carrying

    @property
    def version(self) -> str | None:
        """The space of the tower itself."""
        return self._tower.version

    def embed(self, text: str) -> Vector | None:
        """Return the unit vector of a text, or None if the text is not understood."""
        own = tower_of(self._carrying.space)
        if own is not None:
            return own.embed(text)
        vector = self._tower.embed(text)
        return None if vector is None else self._carrying.carry(vector, self._tower.version)
