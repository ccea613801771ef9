"""Order tracks by how well they fit a video: mood first, then energy, length and build.

Segue stores no course of a track, but how much its parts differ (`dispersion`). So the build of a video that changes is
compared with how varied a track is among those that fit its mood.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.domain.track import Track
from services.index import Hit

CANDIDATES = 200
"""Tracks that fit the mood, from which the best are chosen."""

# How much of the similarity, −1 to 1, a complete mismatch costs. Chosen so that mood decides between unlike tracks, and
# the others between tracks of like mood.
ENERGY, VALENCE, LENGTH, BUILD = 0.3, 0.15, 0.1, 0.1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a video asks of its music.

    Attributes:
        seconds: Length.
        energy: 0 to 1.
        valence: 0 to 1.
        changes: Whether its energy rises, falls or varies.
    """

    seconds: float
    energy: float
    valence: float
    changes: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a track fits a video.

    Attributes:
        track: The track.
        score: All together; 1 is the best.
        mood: Cosine similarity of the music to the mood, −1 to 1.
        length: 1 if the track lasts as long as the video; otherwise its share of it.
        build: 0 to 1: whether the track is as varied or as even as the video.
    """

    track: Track
    score: float
    mood: float
    length: float
    build: float


def fitting(
    hits: Sequence[Hit], tracks: Mapping[str, Track], dispersions: Mapping[str, float], wanted: Wanted, limit: int
) -> list[Fit]:
    """Return the tracks that fit best, best first.

    Args:
        hits: Tracks near the mood.
        tracks: Their metadata.
        dispersions: How much the parts of each track differ.
        wanted: What the video asks for.
        limit: Maximum number of tracks.
    """
    known = [hit for hit in hits if hit.id in tracks]
    ordered = sorted(known, key=lambda hit: dispersions.get(hit.id, 0.0))
    ranks = {hit.id: place / max(1, len(ordered) - 1) for place, hit in enumerate(ordered)}
    fits = [_fit(tracks[hit.id], hit.score, ranks[hit.id], wanted) for hit in known]
    return sorted(fits, key=lambda fit: -fit.score)[:limit]


def _fit(track: Track, mood: float, variety: float, wanted: Wanted) -> Fit:
    length = min(1.0, (track.duration_ms or 0) / 1000 / wanted.seconds)
    build = variety if wanted.changes else 1 - variety
    score = mood - LENGTH * (1 - length) - BUILD * (1 - build)
    for weight, name, value in ((ENERGY, "energy", wanted.energy), (VALENCE, "valence", wanted.valence)):
        own = (track.attributes or {}).get(name)
        score -= weight * abs((0.5 if own is None else own) - value)
    return Fit(track, score, mood, length, build)
