"""Read a picture: what it shows, how it looks, and the point of the vibe space for music that fits it."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.errors import AnalysisError
from models.pictures.decode import Pixels
from models.pictures.looks import looks
from models.pictures.network import Classes, Classifier
from models.sandbox import decoder

Vector = NDArray[np.float32]

SHOWN = 5  # names at most, each of at least this probability:
SHOWN_PROBABILITY = 0.1
TERMS = 4  # words for what a picture shows, at most, each with at least this probability:
TERM_PROBABILITY = 0.15


@dataclass(frozen=True)
class Mix:
    """Weights of the parts of a picture's point: the words for what it shows and how it looks, valence and energy."""

    shows: float
    looks: float
    feel: float


MIX = Mix(shows=1.0, looks=1.0, feel=0.5)
"""The weights; chosen with the tuning photographs of the evaluation."""


class Tower(Protocol):
    """The part of the text tower that pictures need."""

    def embed(self, text: str) -> Vector | None:
        """Return the point of a text, of unit length; None if it is not understood."""

    def feel(self, valence: float, energy: float) -> Vector:
        """Return the direction of music with this valence and energy; zero if both are 0.5."""


@dataclass(frozen=True)
class Term:
    """A word for what a picture shows, and its probability 0…1."""

    word: str
    probability: float


@dataclass(frozen=True)
class PictureReading:
    """The reading of a picture.

    Attributes:
        shows: The most probable names of what it shows, the most probable first; empty if nothing is clear.
        looks: How it looks, in words: "warm, bright, calm".
        valence: 0…1, by its colours: sad to happy.
        energy: 0…1, by its colours and edges: calm to energetic.
        terms: The words for a question: names and broader terms.
    """

    shows: tuple[Term, ...]
    looks: str
    valence: float
    energy: float
    terms: tuple[Term, ...]

    @property
    def words(self) -> str:
        """Everything that the reading puts into words."""
        return ", ".join([*(term.word for term in self.terms), self.looks])


def read_picture(source: Path | int) -> PictureReading:
    """Read one picture. The first call in a process loads the network and starts the decoder.

    Only a sandboxed process of `models.sandbox` parses the file.

    Args:
        source: A JPEG, PNG, WebP or GIF file: its path, or a descriptor open for reading.

    Returns:
        The reading; every picture has one.

    Raises:
        AnalysisError: The file cannot be read; the message is the reason.
        WeightsError: The network's weights are damaged.
        SandboxUnavailable: No decoder can be started.
    """
    network = classifier()
    try:
        return read_pixels(decoder.read_picture(source), network)
    except MemoryError as error:
        raise AnalysisError("Not enough memory to read this picture") from error


def warm_up() -> None:
    """Load the network and start the decoder, so that the first picture takes no longer than others."""
    decoder.start()
    read_pixels(np.zeros((2, 2, 3), np.uint8), classifier())


def read_pixels(pixels: Pixels, classifier: Classifier) -> PictureReading:
    """Read a decoded picture.

    Args:
        pixels: sRGB, uint8 `(height, width, 3)`.
        classifier: The network.
    """
    probabilities = classifier.probabilities(pixels)
    look = looks(pixels)
    return PictureReading(
        shows=_shown(probabilities, classifier.classes),
        looks=look.words,
        valence=look.valence,
        energy=look.energy,
        terms=_terms(probabilities, classifier.classes),
    )


def picture_vector(reading: PictureReading, tower: Tower, mix: Mix = MIX) -> Vector | None:
    """Return the point of the vibe space for music that fits a picture.

    Args:
        reading: The reading of the picture.
        tower: The text tower.
        mix: Weights of the parts.

    Returns:
        (128,) of length 1; None if nothing that the picture shows and no part of its looks gives a direction.
    """
    texts = [(mix.shows * term.probability, term.word) for term in reading.terms]
    texts.append((mix.looks, reading.looks))
    total = mix.feel * tower.feel(reading.valence, reading.energy)
    for weight, text in texts:
        point = tower.embed(text) if weight > 0 else None
        if point is not None:
            total = total + weight * point
    length = float(np.linalg.norm(total))
    return np.asarray(total / length, dtype=np.float32) if length > 0 else None


@cache
def classifier() -> Classifier:
    """Return the network of this process; the first call loads it."""
    return Classifier.load()


def _shown(probabilities: Vector, classes: Classes) -> tuple[Term, ...]:
    best = np.argsort(-probabilities)[:SHOWN]
    terms = (Term(classes.names[index], float(probabilities[index])) for index in best)
    return tuple(term for term in terms if term.probability >= SHOWN_PROBABILITY)


def _terms(probabilities: Vector, classes: Classes) -> tuple[Term, ...]:
    """Return names and broader terms by probability; a broader term has that of all classes that it covers."""
    found: dict[str, float] = defaultdict(float)
    for name, probability in zip(classes.names, probabilities, strict=True):
        for word in {name, *classes.broader.get(name, ())}:
            found[word] += float(probability)
    best = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:TERMS]
    return tuple(Term(word, probability) for word, probability in best if probability >= TERM_PROBABILITY)
