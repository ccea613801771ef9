"""Tables of the map."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables.columns import Table


class MapRow(Table):
    """A map that was fitted. The one with the highest version is current."""

    __tablename__ = "maps"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(default=0)
    """The number of tracks that were placed or removed since the fit."""
    method: Mapped[str] = mapped_column(String(16))
    model_version: Mapped[str] = mapped_column(String(64))
    fitted: Mapped[int]
    """The number of tracks at the fit."""
    fitted_at: Mapped[datetime]
    regions: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


class MapPointRow(Table):
    """The point of a track on a map. Points of a version without a row in `maps` belong to a fit that did not end."""

    __tablename__ = "map_points"

    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    x: Mapped[float]
    """0 to 1."""
    y: Mapped[float]
    tag: Mapped[str | None] = mapped_column(String(64))
    """Its strongest heard tag."""
