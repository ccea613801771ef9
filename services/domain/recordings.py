"""Which tracks are the same recording: another release, a remaster, another encoding."""

from functools import lru_cache

from services.domain.titles import CACHED, Title, may_be_edit, title_of
from services.domain.track import Embedded

SAME_SOUND_COSINE = 0.97
"""Cosine that is needed if the artist of a track is unknown, so that only sound and length can tell."""

SAME_NAME_COSINE = 0.7
"""Cosine that is needed if artist and title agree."""

EDIT_COSINE = 0.85
"""Cosine that is needed if one of the titles names an edit, so that the lengths need not agree."""

TOLERANCE_MS = 2_000

ID_TOLERANCE_MS = 10_000
"""How much the lengths of two tracks with the same id of a recording may differ; releases fade out differently."""

EDIT_RATIO = 0.4
"""The shortest edit, as a share of the longer one's length."""

_NOBODY = frozenset({"various", "various artists", "va", "unknown", "unknown artist", "diverse", "verschiedene"})
"""What people write for artists that they do not name."""


def same_recording(one: Embedded, other: Embedded, cosine: float) -> bool:
    """Return whether two tracks with this cosine are the same recording.

    If both have an artist, artist and title decide first: pieces by different artists are different recordings, however
    alike they sound, and so are a live version, an acoustic one, an instrumental and a remix. Otherwise only sound and
    length can tell.
    """
    if one.duration_ms is None or other.duration_ms is None:
        return False
    apart = abs(one.duration_ms - other.duration_ms)
    artists = artist_of(one), artist_of(other)
    is_named = None not in artists
    as_long = apart <= TOLERANCE_MS
    if (is_named and artists[0] != artists[1]) or not (as_long or _may_be_edit(one, other, cosine)):
        return False  # without taking the titles apart, which takes most of the time
    titles = title_of(one.title), title_of(other.title)
    if not is_named:
        return cosine >= SAME_SOUND_COSINE and titles[0].kinds == titles[1].kinds and as_long
    if as_long:
        return cosine >= SAME_NAME_COSINE and titles[0].may_be(titles[1])
    return titles[0].may_be(titles[1]) and _is_edit(titles, one.duration_ms, other.duration_ms)


def _may_be_edit(one: Embedded, other: Embedded, cosine: float) -> bool:
    return cosine >= EDIT_COSINE and (may_be_edit(one.title) or may_be_edit(other.title))


def _is_edit(titles: tuple[Title, Title], *milliseconds: int) -> bool:
    return any(title.is_edit for title in titles) and min(milliseconds) >= EDIT_RATIO * max(milliseconds)


def artist_of(track: Embedded) -> str | None:
    """Return the key by which artists of recordings are compared; None if nobody is named."""
    return None if track.performer is None else _artist_key(track.performer)


@lru_cache(CACHED)
def _artist_key(performer: str) -> str | None:
    if performer in _NOBODY:
        return None
    return "".join(word for word in performer.split() if word not in ("the", "and")) or performer
