"""Tables of the quotas of named libraries, and of what they use."""

from datetime import date

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables.columns import Table


class LibraryQuotaRow(Table):
    """The limits of a library; null is no limit."""

    __tablename__ = "library_quotas"

    library_id: Mapped[str] = mapped_column(ForeignKey("libraries.id", ondelete="CASCADE"), primary_key=True)
    tracks: Mapped[int | None] = mapped_column(BigInteger)
    upload_bytes: Mapped[int | None] = mapped_column(BigInteger)
    requests: Mapped[int | None] = mapped_column(BigInteger)
    """A day."""
    analysis_minutes: Mapped[int | None] = mapped_column(BigInteger)
    """A day."""


class LibraryUsageRow(Table):
    """What a library used on one day."""

    __tablename__ = "library_usage"
    __table_args__ = (Index("ix_library_usage_library_id", "library_id", "day"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    """In UTC."""
    library_id: Mapped[str] = mapped_column(ForeignKey("libraries.id", ondelete="CASCADE"), primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger, default=0)
    analysis_seconds: Mapped[float] = mapped_column(default=0.0)
