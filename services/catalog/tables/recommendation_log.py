"""Tables of the recommendation log."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables.columns import OwnLibrary, Table


class AnswerRow(Table):
    """An answer with recommended tracks."""

    __tablename__ = "recommendation_answers"
    __table_args__ = (
        UniqueConstraint("id"),
        Index("ix_recommendation_answers_at", "at"),
        Index("ix_recommendation_answers_listener", "listener", "at"),
        Index("ix_recommendation_answers_experiment", "experiment", "at"),
    )

    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    """Shorter than the id, because each recommended track repeats it."""
    id: Mapped[str] = mapped_column(String(36))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(16))
    listener: Mapped[str | None] = mapped_column(Text)
    session: Mapped[str | None] = mapped_column(String(36))
    libraries: Mapped[list[str]] = mapped_column(JSON)
    question: Mapped[bytes] = mapped_column(LargeBinary)
    """JSON, compressed by zlib."""
    model_version: Mapped[str] = mapped_column(Text)
    ranking_version: Mapped[int]
    experiment: Mapped[str | None] = mapped_column(Text)
    variant: Mapped[str | None] = mapped_column(Text)
    library_id: Mapped[OwnLibrary]


class RecommendedTrackRow(Table):
    """A track of an answer."""

    __tablename__ = "recommended_tracks"
    __table_args__ = ({"sqlite_with_rowid": False},)  # a third smaller: the key is the whole order of the table

    answer: Mapped[int] = mapped_column(
        ForeignKey("recommendation_answers.number", ondelete="CASCADE"), primary_key=True
    )
    rank: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    track_id: Mapped[str] = mapped_column(String(36))
    score: Mapped[float]
    reason: Mapped[str | None] = mapped_column(Text)
    taste: Mapped[int | None]
    propensity: Mapped[float]


class OutcomeRow(Table):
    """A listen that followed a recommendation."""

    __tablename__ = "recommendation_outcomes"
    __table_args__ = (Index("ix_recommendation_outcomes_answer", "answer", "rank"),)

    listen_id: Mapped[int] = mapped_column(
        ForeignKey("listens.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    answer: Mapped[int] = mapped_column(ForeignKey("recommendation_answers.number", ondelete="CASCADE"))
    rank: Mapped[int]
