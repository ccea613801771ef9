"""The text tower: a text in any supported language → its point in the vibe space of one encoder.

A sentence encoder turns the text into a vector, and a small network that `models.training.text` trained projects it
into the vibe space. A classifier on the same vector refuses texts that the tower does not understand, such as
nonsense and unsupported languages, because a guess is worse than no answer.
"""

import hashlib
import json
import unicodedata
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.text.sentences import Float32Array, SentenceEncoder, best_available, open_sentences

DEFAULT_VERSION = "2026.11"
WEIGHTS_DIRECTORY = Path(__file__).parents[1] / "weights"

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "pl", "ja", "zh")
"""Languages of the training phrases."""

LONGEST_TEXT = 300
"""Characters of a text that are read. The time of a sentence encoder grows with the length."""

CACHED_TEXTS = 1_024
"""Texts whose points are kept, 0.6 MB: clients repeat words in each request of a session."""

_SCRIPTS = ("LATIN", "CJK", "HIRAGANA", "KATAKANA", "FULLWIDTH LATIN", "HALFWIDTH KATAKANA")
_FOREIGN_SHARE = 0.5  # of the letters, from which on a text is in another script


class TextTowerError(RuntimeError):
    """The weights of the text tower or their card are missing or damaged."""


@dataclass(frozen=True, slots=True)
class TextCard:
    """The description of a version of the text tower.

    Attributes:
        version: Version of the encoder whose vibe space the texts are projected into.
        sentences: Name of the sentence encoder.
        summary: One sentence.
        languages: Codes of the supported languages.
        data: What the weights were trained on.
        licence: Licence of the weights.
        limits: Known limitations.
        metrics: Name of a metric → its value.
        sha256: Hexadecimal digest of the weights file.
    """

    version: str
    sentences: str
    summary: str
    languages: tuple[str, ...]
    data: tuple[str, ...]
    licence: str
    limits: tuple[str, ...]
    metrics: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Projection:
    """The weights of the network from sentence vectors to the vibe space; d is the size of a sentence vector.

    Attributes:
        centre: (d,) mean of the training sentences.
        hidden: (d, h), its bias `hidden_bias` (h,).
        hidden_bias: See `hidden`.
        output: (h, 128), after a rectifier.
        linear: (d, 128), a direct path past the hidden layer.
        understood: (d, k), its bias `understood_bias` (k,): the hidden layer of the classifier.
        understood_bias: See `understood`.
        understood_output: (k + 1,): the classifier's output weights, and its bias last.
        feel: (2, 128): unit directions of valence and energy in the vibe space.
        words: (w,) single words of the training phrases, prepared, in alphabetical order.
        word_points: (w,) the row of each word in `points_of_words`.
        points_of_words: (c, 128), of unit length: the best point of each concept, which needs no sentence encoder.
    """

    centre: Float32Array
    hidden: Float32Array
    hidden_bias: Float32Array
    output: Float32Array
    linear: Float32Array
    understood: Float32Array
    understood_bias: Float32Array
    understood_output: Float32Array
    feel: Float32Array
    words: NDArray[np.str_]
    word_points: NDArray[np.int64]
    points_of_words: Float32Array

    def points(self, sentences: Float32Array) -> Float32Array:
        """Return the points (n, 128), of unit length, of sentence vectors (n, d)."""
        centred = self._centred(sentences)
        projected = np.maximum(centred @ self.hidden + self.hidden_bias, 0.0) @ self.output + centred @ self.linear
        points: Float32Array = projected / np.linalg.norm(projected, axis=1, keepdims=True)
        return points

    def understanding(self, sentences: Float32Array) -> Float32Array:
        """Return the log-odds (n,) that sentences (n, d) are understood; negative: they are not."""
        hidden = np.maximum(self._centred(sentences) @ self.understood + self.understood_bias, 0.0)
        odds: Float32Array = hidden @ self.understood_output[:-1] + self.understood_output[-1]
        return odds

    def _centred(self, sentences: Float32Array) -> Float32Array:
        moved = sentences - self.centre
        centred: Float32Array = moved / np.linalg.norm(moved, axis=1, keepdims=True).clip(1e-6)
        return centred


class TextTower:
    """Embeds texts into the vibe space. Thread-safe.

    Args:
        card: The description of the weights.
        projection: The weights.
        sentences: The sentence encoder that the weights were trained with.
    """

    def __init__(self, card: TextCard, projection: Projection, sentences: SentenceEncoder) -> None:
        self.card = card
        self.projection = projection
        self._sentences = sentences
        self._words = dict(zip(projection.words.tolist(), projection.word_points.tolist(), strict=True))
        self._cached = lru_cache(CACHED_TEXTS)(self._embed)

    @classmethod
    def load(
        cls, version: str = DEFAULT_VERSION, directory: Path = WEIGHTS_DIRECTORY, sentences: str | None = None
    ) -> Self:
        """Load the tower of an encoder version, in about 0.1 s.

        Args:
            version: Version of the encoder.
            directory: Folder of weights and cards.
            sentences: Name of the sentence encoder; None for the best one that is installed.

        Raises:
            TextTowerError: The weights or their card are missing or damaged.
        """
        encoder = open_sentences(sentences or best_available())
        return cls(*read(version, encoder.name, directory), encoder)

    @property
    def version(self) -> str:
        """Version of the encoder whose vibe space the points belong to."""
        return self.card.version

    def embed(self, text: str) -> Float32Array | None:
        """Return the point of a text in the vibe space.

        Args:
            text: Any text; the first `LONGEST_TEXT` characters are read.

        Returns:
            (128,) of length 1, or None if the text is not understood: nonsense, or an unsupported language.
        """
        prepared = prepare(text)
        return None if is_foreign(prepared) else self._cached(prepared)

    def feel(self, valence: float, energy: float) -> Float32Array:
        """Return the direction of music with this valence and energy.

        Args:
            valence: 0…1.
            energy: 0…1.

        Returns:
            (128,), of length 0 for a neutral 0.5 of both, and of length 1 where the nearer of them is at an end.
        """
        balance = np.array([2.0 * valence - 1.0, 2.0 * energy - 1.0], dtype=np.float32)
        direction = balance @ self.projection.feel
        length = float(np.linalg.norm(direction))
        strength = float(np.abs(balance).max())
        scaled: Float32Array = direction * (strength / length if length > 0 else 0.0)
        return scaled

    def _embed(self, prepared: str) -> Float32Array | None:
        if (row := self._words.get(prepared)) is not None:
            stored = self.projection.points_of_words[row]
            point: Float32Array = stored / np.linalg.norm(stored)  # half precision is not exact
        else:
            sentence = self._sentences.encode([prepared])
            if self.projection.understanding(sentence)[0] < 0:
                return None
            point = self.projection.points(sentence)[0]
        point.flags.writeable = False  # it is shared by all callers
        return point


def prepare(text: str) -> str:
    """Return the first `LONGEST_TEXT` characters, normalised, without control characters and doubled spaces."""
    # A character can become 18 under NFKC.
    normal = unicodedata.normalize("NFKC", text[: 2 * LONGEST_TEXT])
    visible = "".join(" " if unicodedata.category(each) in _INVISIBLE else each for each in normal)
    return " ".join(visible.split())[:LONGEST_TEXT].casefold()


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def is_foreign(prepared: str) -> bool:
    """Return whether a text has no letters or pictographs, or more letters of other scripts than of supported ones."""
    letters = [each for each in prepared if unicodedata.category(each)[0] == "L"]
    if not letters:
        return not any(unicodedata.category(each) == "So" for each in prepared)
    foreign = sum(not unicodedata.name(each, "").startswith(_SCRIPTS) for each in letters)
    return foreign > _FOREIGN_SHARE * len(letters)


def write(card: TextCard, projection: Projection, directory: Path = WEIGHTS_DIRECTORY) -> Path:
    """Write the weights in half precision and their card, and return the weights file."""
    directory.mkdir(parents=True, exist_ok=True)
    weights = _file(card.version, card.sentences, directory)
    arrays = {
        name: value.astype(np.float16) if value.dtype == np.float32 else value
        for name, value in asdict(projection).items()
    }
    with weights.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    content = asdict(card) | {"sha256": hashlib.sha256(weights.read_bytes()).hexdigest()}
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    weights.with_suffix(".json").write_text(text, encoding="utf-8")
    return weights


def read(version: str, sentences: str, directory: Path = WEIGHTS_DIRECTORY) -> tuple[TextCard, Projection]:
    """Read card and weights for an encoder version and a sentence encoder.

    Raises:
        TextTowerError: One of them is missing or damaged, or they do not belong together.
    """
    file = _file(version, sentences, directory)
    try:
        content = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        lists = {name: tuple(content[name]) for name in ("languages", "data", "limits")}
        card = TextCard(**content | lists)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        if digest != card.sha256:
            raise TextTowerError(f"{file}: the SHA-256 is {digest}, but the card declares {card.sha256}.")
        with np.load(file) as arrays:
            stored = {name: arrays[name] for name in arrays.files}
        projection = Projection(
            **{name: array.astype(np.float32) if array.dtype == np.float16 else array for name, array in stored.items()}
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TextTowerError(
            f"{file}: the text tower cannot be read ({error}). Restore it from the release."
        ) from error
    return card, projection


def _file(version: str, sentences: str, directory: Path) -> Path:
    return directory / f"words-{version}-{sentences}.npz"
