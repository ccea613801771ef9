"""The part of a track that previews play."""

from dataclasses import dataclass

HIGHLIGHT_SECONDS = 30.0
"""As `models.highlight` measures it: long enough to recognise a track, and what players and shops use for previews."""


@dataclass(frozen=True, slots=True)
class Highlight:
    """A part of a track, from `start` to `end` in seconds.

    `is_measured` tells the most typical part from the middle, which stands in for it until an analysis has found it.
    """

    start: float
    end: float
    is_measured: bool

    @property
    def fragment(self) -> str:
        """The media fragment (W3C Media Fragments URI 1.0) that lets a player play this part of the audio only."""
        return f"t={self.start:.3f},{self.end:.3f}"


def highlight_of(measured: float | None, length: float | None) -> Highlight:
    """Return the highlight of a track.

    Args:
        measured: Where its most typical part starts, in seconds; None if no analysis has found it.
        length: Length of the track in seconds; None if it is unknown.
    """
    if length is None:
        start = 0.0 if measured is None else max(0.0, measured)
        return Highlight(start, start + HIGHLIGHT_SECONDS, measured is not None)
    latest = max(0.0, length - HIGHLIGHT_SECONDS)
    start = latest / 2 if measured is None else min(max(0.0, measured), latest)
    return Highlight(start, min(start + HIGHLIGHT_SECONDS, length), measured is not None)
