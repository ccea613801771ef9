"""Why a track is recommended: the plays that led to it."""

from collections.abc import Mapping

from services.domain.listening import Taste
from services.domain.track import Embedded, Vector

PLAYS_NAMED = 3
"""A reason is read at a glance: the strongest few plays."""


def because_of(
    taste: Taste, heard: Mapping[str, Embedded], vector: Vector, itself: str | None = None
) -> tuple[str, ...]:
    """The plays that pulled a taste towards a track most, strongest first.

    A play's pull is its weight times its cosine similarity to the track. Where none pulls towards it (the track is
    only the nearest of a far-away library), the one that pushes away least is named. What was rejected is no reason;
    a track that comes again, `itself`, is one only where there is no other.
    """
    pulls = {
        track_id: weight * float(heard[track_id].vector @ vector) for track_id, weight in taste.plays if weight > 0
    }
    if len(pulls) > 1:
        pulls.pop(itself or "", None)
    strongest = sorted(pulls, key=lambda track_id: (-pulls[track_id], track_id))
    towards = [track_id for track_id in strongest if pulls[track_id] > 0]
    return tuple(towards[:PLAYS_NAMED] or strongest[:1])
