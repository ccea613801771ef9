"""Stars and ratings of tracks, albums and artists."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ItemKind(StrEnum):
    """What a listener can star and rate."""

    SONG = "song"
    ALBUM = "album"
    ARTIST = "artist"


@dataclass(frozen=True, slots=True)
class StoredAnnotation:
    """The star and the rating of an item, as they are stored: verdicts are not considered."""

    kind: ItemKind
    item: str
    starred: datetime | None
    rating: int | None


RATING_MAX = 5
"""Stars of the best rating."""

LIKED_RATING, DISLIKED_RATING = 4, 1
"""Four stars and five stars are a like, one star is a dislike."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is known of a listener and a track, an album or an artist.

    Attributes:
        starred: Since when it is starred; None if it is not. A track is starred while its latest verdict is a like that
            is not due to its rating alone.
        rating: 1 to 5 stars; None without a rating.
        plays: The number of plays of a track.
        played: When the track was last played.
    """

    starred: datetime | None = None
    rating: int | None = None
    plays: int = 0
    played: datetime | None = None
