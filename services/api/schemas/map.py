"""The map of the library."""

from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from services.api.schemas.tracks import Request, Response
from services.domain import map as domain

WIDTH = 65_535
"""Coordinates are whole numbers from 0 to this, which take a third of the space of fractions."""

Colouring = Literal[
    "energy",
    "valence",
    "danceability",
    "acousticness",
    "instrumentalness",
    "liveness",
    "speechiness",
    "tempo",
    "loudness",
    "brightness",
    "onset_rate",
    "year",
    "duration_ms",
    "genre",
    "artist",
    "album",
]

COORDINATE = "0 to `width`."
VERSION = "Increases with each fit. Null before the first fit."
REVISION = "The number of tracks that were placed or removed since the fit."


class MapState(Response):
    """The current map without its points."""

    version: int | None = Field(description=VERSION)
    revision: int = Field(description=REVISION)
    fitted_at: datetime | None = Field(description="When it was fitted. Null before the first fit.")
    method: Literal["umap", "pca"] | None = Field(
        description="`umap`, or `pca` where the extra `map` is not installed and for small libraries. "
        "Null before the first fit."
    )
    count: int = Field(description="Number of tracks on the map.")
    width: int = Field(description="Width and height of the map, in the unit of its coordinates.")
    requested: bool = Field(description="Whether a new fit has been requested and has not ended.")


class MapPoints(Response):
    """The points of the map as arrays of the same length, ordered by track id."""

    version: int | None = Field(description=VERSION)
    revision: int = Field(description=REVISION)
    ids: list[str] = Field(description="Track ids.")
    x: list[int] = Field(description=COORDINATE)
    y: list[int] = Field(description=COORDINATE)


class MapValues(Response):
    """A value of each track on the map, in the order of the points."""

    version: int | None = Field(description=VERSION)
    revision: int = Field(description=REVISION)
    by: Colouring
    names: list[str] | None = Field(description="The genres, artists or albums, most frequent first. Null for numbers.")
    values: list[int | float | None] = Field(
        description="The number, or the index of the name in `names`. Null where it is unknown."
    )


class MapValuesQuery(Request):
    """What the values are."""

    by: Colouring = Field(
        description="An attribute or another property. `genre` is that of the file, or else the strongest heard tag."
    )


class MapRegion(Response):
    """A region of the map and its most distinctive tags."""

    level: int = Field(description="The zoom level at which it is shown: 0 from afar, 1 from near.")
    x: int = Field(description=f"The middle of its tracks. {COORDINATE}")
    y: int = Field(description=COORDINATE)
    label: str = Field(description="The tags as a text.")
    tags: list[str] = Field(description="One or two tags that are heard here more often than elsewhere.")
    tracks: int = Field(description="Number of tracks at the fit.")

    @classmethod
    def of(cls, region: domain.Region) -> Self:
        """Return the response for a region."""
        return cls(
            level=region.level,
            x=round(region.x * WIDTH),
            y=round(region.y * WIDTH),
            label=" · ".join(region.tags),
            tags=list(region.tags),
            tracks=region.tracks,
        )


class MapRegions(Response):
    """The regions of the map."""

    version: int | None = Field(description=VERSION)
    regions: list[MapRegion]
