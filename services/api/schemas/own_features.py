"""Requests and responses about own features of tracks."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from pydantic import Field

from services.api.http.operation import UploadedFile
from services.api.schemas.tracks import Request, Response
from services.domain.own_features import FeatureType
from services.domain.own_features import OwnFeature as StoredFeature
from services.own_features.importing import Imported


class OwnFeature(Response):
    """An own feature."""

    name: str = Field(description="Its namespace and its column, such as `mine.energy`.")
    type: FeatureType
    tracks: int = Field(description="Number of tracks with a value.")
    low: float | None = Field(description="The lowest number; null for flags and texts.")
    high: float | None = Field(description="The highest number; null for flags and texts.")
    imported_at: datetime


class OwnFeatures(Response):
    """All own features, sorted by name."""

    own_features: list[OwnFeature]

    @classmethod
    def of(cls, found: Iterable[StoredFeature]) -> Self:
        """Return the response for own features."""
        return cls(
            own_features=[
                OwnFeature(
                    name=each.name,
                    type=each.type,
                    tracks=each.tracks,
                    low=each.low,
                    high=each.high,
                    imported_at=each.imported_at,
                )
                for each in found
            ]
        )


class OwnFeaturesForm(Request):
    """A form with a CSV or Parquet file."""

    file: UploadedFile = Field(
        description="CSV or Parquet: a column `track_id` with track ids or external ids, and a column for each feature."
    )
    skip_unknown: bool = Field(
        default=False, description="Leave out rows of tracks that the library does not have, instead of refusing all."
    )


class ImportedFeatures(Response):
    """What was imported."""

    own_features: list[str] = Field(description="The names of the features.")
    tracks: int = Field(description="Number of tracks with a row.")
    unknown_tracks: int = Field(description="Number of rows that were left out.")

    @classmethod
    def of(cls, imported: Imported) -> Self:
        """Return the response for an import."""
        return cls(own_features=imported.features, tracks=imported.tracks, unknown_tracks=imported.unknown)
