"""Exploration: some recommended tracks are replaced by ones that the ranking would not have chosen.

It shows what listeners do with tracks that they would never have got, and each choice has a known probability, so other
rankings can be judged by inverse propensity scoring (Horvitz & Thompson, 1952; Swaminathan & Joachims, 2015).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from services.recommend.rank import Choice

TAIL_MIN = 20
"""Smallest number of tracks after those of the answer that replace some of them."""


def with_tail(limit: int) -> int:
    """Return how many tracks to rank for an answer of `limit` tracks."""
    return limit + max(limit, TAIL_MIN)


def explored(ranked: Sequence[Choice], limit: int, share: float, seed: str) -> list[Choice]:
    """Return the first `limit` choices, some of them replaced by later ones, with their propensities.

    Each place is replaced with the probability `share`, by each of the later choices with the same probability. If
    there are fewer later choices than places, the probability is smaller in the same ratio.

    Args:
        ranked: Best first.
        limit: Number of choices to return.
        share: Of the places that are replaced, 0 to 1.
        seed: The same seed replaces the same places.
    """
    kept, tail = ranked[:limit], ranked[limit:]
    digest = hashlib.blake2b(seed.encode(), digest_size=8).digest()
    draws = np.random.default_rng(int.from_bytes(digest))
    slots = max(len(kept), len(tail))
    # A permutation, so that no track comes twice; each place gets each number with the same probability.
    numbers, swaps = draws.permutation(slots), draws.random(slots) < share
    return [
        replace(tail[number], propensity=share / slots)
        if swap and number < len(tail)
        else replace(choice, propensity=1 - share * len(tail) / slots)
        for choice, number, swap in zip(kept, numbers.tolist(), swaps.tolist(), strict=False)
    ]
