"""Column types that the tables share, and their base class."""

import os
from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, DateTime, Dialect, LargeBinary, MetaData, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, mapped_column

from services.catalog.tenancy import own_library


class PathBytes(TypeDecorator[str]):
    """A file path as bytes, because a path need not be UTF-8."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Encode a path as the file system does."""
        del dialect
        return None if value is None else os.fsencode(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Decode a path so that it opens the same file."""
        del dialect
        return None if value is None else os.fsdecode(value)


FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Moment(TypeDecorator[datetime]):
    """An aware time, stored as UTC because SQLite has no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; a time outside of the calendar in UTC becomes the first or last time."""
        del dialect
        if value is None:
            return None
        try:
            return value.astimezone(UTC)
        except OverflowError:
            return FIRST if value.year == 1 else LAST

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware time in UTC."""
        del dialect
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


# Sorted by bytes, so that pages do not depend on the locale of the database.
SortText = Text().with_variant(Text(collation="C"), "postgresql")


NAME_MAX = 200
"""Characters of a single name or genre, so that an index on PostgreSQL can contain it."""


OwnLibrary = Annotated[str | None, mapped_column(Text, default=own_library)]
"""The id of the library that a row belongs to; null if it belongs to the installation only."""


class Table(DeclarativeBase):
    """The base class of the tables; it names constraints so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dict[str, Any]: JSON, datetime: Moment}  # noqa: RUF012  SQLAlchemy's own attribute
