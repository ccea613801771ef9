"""Tables of people who sign in, and of their sessions."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables.columns import Table


class PersonRow(Table):
    """Somebody who has signed in."""

    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("listener"))

    id: Mapped[int] = mapped_column(primary_key=True)
    issuer: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    """The id at the provider. It stays when a person gets another name there."""
    listener: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime]


class SessionRow(Table):
    """A sign-in in one browser, without its secret."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    last_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    """The digest before the last rotation."""
    rotated_at: Mapped[datetime]
    scopes: Mapped[list[str]] = mapped_column(JSON)
    libraries: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """The ids of the libraries that the person may use; null is all."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
