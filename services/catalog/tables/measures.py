"""Columns of what an analysis measures."""

from sqlalchemy.orm import Mapped

from services.catalog.tables.columns import Table


class MeasuredRow(Table):
    """The attributes and descriptors of a track; null if unknown. The names are those of `services.domain`."""

    __abstract__ = True

    energy: Mapped[float | None]
    valence: Mapped[float | None]
    danceability: Mapped[float | None]
    acousticness: Mapped[float | None]
    instrumentalness: Mapped[float | None]
    liveness: Mapped[float | None]
    speechiness: Mapped[float | None]
    tempo: Mapped[float | None]
    tempo_confidence: Mapped[float | None]
    key: Mapped[int | None]
    key_confidence: Mapped[float | None]
    mode: Mapped[int | None]
    mode_confidence: Mapped[float | None]
    time_signature: Mapped[int | None]
    time_signature_confidence: Mapped[float | None]
    loudness: Mapped[float | None]
    brightness: Mapped[float | None]
    onset_rate: Mapped[float | None]
    flux: Mapped[float | None]
    mobility: Mapped[float | None]
    duration: Mapped[float | None]
    """Seconds of decoded audio."""


MEASURED = tuple(name for name in MeasuredRow.__annotations__ if not name.startswith("_"))
"""The names of the columns."""
