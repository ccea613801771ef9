"""How similar two rankings of tracks are."""

from collections.abc import Sequence

PERSISTENCE = 0.9
"""Probability that a listener goes on to the next track: the first ten have 86 % of the weight."""


def overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """Return the share of the tracks of the longer ranking that are in both; 1 if both are empty."""
    longest = max(len(one), len(other))
    return len(set(one) & set(other)) / longest if longest else 1.0


def rank_biased_overlap(one: Sequence[str], other: Sequence[str], persistence: float = PERSISTENCE) -> float:
    """Return the extrapolated rank-biased overlap (Webber, Moffat & Zobel, 2010, equation 32), 0 to 1.

    1: the same tracks in the same order, also if both are empty. Differences at the first places count most.

    Args:
        one: Different tracks, best first.
        other: The same, possibly of another length.
        persistence: 0 to 1, exclusive; the higher, the more the later places count.
    """
    short, long = sorted((one, other), key=len)
    if not short:
        return 0.0 if long else 1.0
    seen_short: set[str] = set()
    seen_long: set[str] = set()
    agreement = at_end_of_short = total = 0.0
    for depth, track in enumerate(long, start=1):
        seen_long.add(track)
        if depth <= len(short):
            seen_short.add(short[depth - 1])
            agreement = len(seen_short & seen_long)
            at_end_of_short = agreement
            assumed = 0.0
        else:
            agreement += track in seen_short
            assumed = at_end_of_short * (depth - len(short)) / (len(short) * depth)
        total += (agreement / depth + assumed) * persistence**depth
    rest = (agreement - at_end_of_short) / len(long) + at_end_of_short / len(short)
    return (1 - persistence) / persistence * total + rest * persistence ** len(long)
