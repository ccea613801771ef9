"""Tables of the spaces: the model versions with analyses, and the analyses beside those of `tracks`."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables.columns import FIRST, Table
from services.catalog.tables.measures import MeasuredRow
from services.domain.track import TrackStatus


class SpaceRow(Table):
    """A space besides the served one, or that one: the vectors of one model version. `meta` names the served one."""

    __tablename__ = "spaces"

    model_version: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime]
    filled_at: Mapped[datetime | None]
    """When every ready track had an analysis, or a reason why it has none; null while it fills."""
    served_at: Mapped[datetime | None]
    """When it was served last; null if never."""
    left_at: Mapped[datetime | None]
    """When another space was served instead; null while it is served or fills."""
    comparison: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The last comparison with the space that was served then."""


class SpaceAnalysisRow(MeasuredRow):
    """An analysis of a track in a space, besides the one in `tracks`."""

    __tablename__ = "space_analyses"
    __table_args__ = (
        Index("ix_space_analyses_due", "model_version", "status", "claimed_until", "track_id"),
        Index("ix_space_analyses_analysed_at", "model_version", "analysed_at"),
    )

    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    model_version: Mapped[str] = mapped_column(String(64), primary_key=True)
    status: Mapped[str] = mapped_column(String(16), default=TrackStatus.PENDING)
    """`pending`, `ready`, or `failed`: then the track has no analysis in this space."""
    reason: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime] = mapped_column(default=FIRST)
    """When another worker may begin it; long ago if nobody has begun."""
    analysed_at: Mapped[datetime | None]
    embedding: Mapped[bytes | None] = mapped_column(LargeBinary)
    dispersion: Mapped[float | None]
    highlight: Mapped[float | None]
    """See `TrackRow`."""
    tags: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class SpaceMappingRow(Table):
    """A linear map from one space into another, fitted on tracks that have an analysis in both."""

    __tablename__ = "space_mappings"

    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    target: Mapped[str] = mapped_column(String(64), primary_key=True)
    matrix: Mapped[bytes] = mapped_column(LargeBinary)
    """Little-endian float32: a row for each dimension of the source."""
    cosine: Mapped[float] = mapped_column(Float)
    """Mean cosine of carried and computed vectors, of tracks that it was not fitted on."""
    fitted_at: Mapped[datetime]
