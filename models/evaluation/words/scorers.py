"""Scores of all tracks for a text: the text tower, and the baselines that it is compared with."""

import re
import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from models.arrays import Float32Array, Float64Array
from models.evaluation.words.truth import Truth

Embed = Callable[[str], Float32Array | None]
"""Returns the (128,) unit vector of a text, or None if the text is not understood."""

Encode = Callable[[Sequence[str]], Float32Array]
"""Returns the (n, d) unit vectors of n texts by a sentence encoder."""

Scorer = Callable[[str], Float64Array | None]
"""Returns (n,) scores of the tracks for a text, greater for better, or None if the text is not understood."""


def tower_scorer(embed: Embed, embeddings: Float64Array) -> Scorer:
    """Return a scorer by the cosine between a text and the tracks.

    Args:
        embed: The text tower.
        embeddings: (n, 128) unit vectors of the tracks.
    """
    known: dict[str, Float64Array | None] = {}

    def score(text: str) -> Float64Array | None:
        if text not in known:
            vector = embed(text)
            known[text] = None if vector is None else embeddings @ vector.astype(np.float64)
        return known[text]

    return score


def keyword_scorer(truth: Truth, names: Mapping[str, Sequence[str]]) -> Scorer:
    """Return a scorer that searches a text for names of tags: the sum of their log-odds, less the mean over tracks.

    This is the search that a library with tags has without a text tower. A text without any name scores all tracks
    equally.

    Args:
        truth: By the encoder's own tags, which a library has.
        names: Name → the tags that it stands for; both are searched for, as whole words and with a plural "s".
    """
    patterns = {name: _pattern([name, *(tag.split(":")[-1] for tag in tags)]) for name, tags in names.items()}
    odds = {name: truth.odds(name) - truth.odds(name).mean() for name in names}
    nothing = np.zeros_like(next(iter(odds.values())))

    def score(text: str) -> Float64Array:
        found = [odds[name] for name, pattern in patterns.items() if pattern.search(text.casefold())]
        total: Float64Array = np.sum(found, axis=0) if found else nothing
        return total + _shuffled(text, len(nothing)) * 1e-9  # equal scores must not keep the order of the tracks

    return score


def sentence_scorer(encode: Encode, truth: Truth) -> Scorer:
    """Return a scorer that compares a text with the names of tags by a sentence encoder, without any training.

    The names that are nearer to the text than others, by at least one standard deviation, are searched for: the sum of
    their log-odds, each in standard deviations over the tracks and weighted by the nearness beyond that.

    Args:
        encode: The sentence encoder.
        truth: By the encoder's own tags, which a library has.
    """
    names = encode(truth.names)
    odds = np.stack([truth.odds(name) for name in truth.names], axis=1)
    standing = (odds - odds.mean(axis=0)) / odds.std(axis=0)

    def score(text: str) -> Float64Array:
        nearness = (names @ encode([text])[0]).astype(np.float64)
        scores: Float64Array = standing @ np.maximum((nearness - nearness.mean()) / nearness.std() - 1.0, 0.0)
        return scores

    return score


def random_scorer(n_tracks: int) -> Scorer:
    """Return a scorer with random scores that depend on the text only."""
    return lambda text: _shuffled(text, n_tracks)


def _shuffled(text: str, count: int) -> Float64Array:
    return np.random.default_rng(zlib.crc32(text.encode())).random(count)


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    alternatives = "|".join(re.escape(word.casefold()) for word in words)
    return re.compile(rf"\b(?:{alternatives})s?\b")


def best(scores: Float64Array, count: int) -> list[int]:
    """Return the indices of the tracks with the greatest scores, best first."""
    ranking: list[int] = np.argsort(-scores, kind="stable")[:count].tolist()
    return ranking
