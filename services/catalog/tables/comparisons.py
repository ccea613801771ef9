"""The table of blind comparisons."""

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables.columns import OwnLibrary, Table


class ComparisonRow(Table):
    """A pair of tracks that a listener was asked about, and the answer."""

    __tablename__ = "comparisons"
    __table_args__ = (Index("ix_comparisons_listener", "listener"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    listener: Mapped[str] = mapped_column(Text)
    track_id: Mapped[str] = mapped_column(String(36))
    segue_id: Mapped[str] = mapped_column(String(36))
    """The track that Segue finds."""
    baseline_id: Mapped[str] = mapped_column(String(36))
    """The track that it is compared with."""
    baseline: Mapped[str] = mapped_column(String(16))
    segue_first: Mapped[bool]
    model_version: Mapped[str] = mapped_column(String(64))
    other_version: Mapped[str | None] = mapped_column(String(64))
    shown_at: Mapped[datetime]
    preferred: Mapped[str | None] = mapped_column(String(16))
    """`segue`, `baseline` or `same`; null before the answer."""
    answered_at: Mapped[datetime | None]
    library_id: Mapped[OwnLibrary]
