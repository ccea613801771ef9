"""Tables of own features: values that an analyst attaches to tracks."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables.columns import Table


def _filled(column: str) -> Index:
    condition = text(f"{column} IS NOT NULL")
    name = f"ix_own_values_{column}"
    return Index(name, "feature_id", column, "track_id", sqlite_where=condition, postgresql_where=condition)


class OwnFeatureRow(Table):
    """An own feature, or one whose values are being written or deleted."""

    __tablename__ = "own_features"
    __table_args__ = (
        Index(
            "ix_own_features_name",
            "name",
            unique=True,
            sqlite_where=text("is_current = 1"),
            postgresql_where=text("is_current"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    """Its namespace and its column, such as `mine.energy`."""
    type: Mapped[str] = mapped_column(String(8))
    is_current: Mapped[bool]
    """Whether its values are complete. Nobody sees the others."""
    imported_at: Mapped[datetime]


class OwnValueRow(Table):
    """The value of an own feature for a track."""

    __tablename__ = "own_values"
    __table_args__ = (
        Index("ix_own_values_track_id", "track_id"),
        _filled("number"),
        _filled("key"),
        {"sqlite_with_rowid": False},
    )

    feature_id: Mapped[int] = mapped_column(ForeignKey("own_features.id", ondelete="CASCADE"), primary_key=True)
    track_id: Mapped[str] = mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[float | None]
    """A number; a flag is 0 or 1."""
    text: Mapped[str | None] = mapped_column(Text)
    key: Mapped[str | None] = mapped_column(Text)
    """The key (`text_key`) of a text, by which filters compare it."""
