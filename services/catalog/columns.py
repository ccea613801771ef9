"""Types of columns that both databases keep alike."""

import os
from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, LargeBinary, Text, TypeDecorator


class PathBytes(TypeDecorator[str]):
    """A file path as the operating system has it: bytes, which need not be UTF-8."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Store the bytes that the file system knows."""
        del dialect
        return None if value is None else os.fsencode(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Give back a path that opens the same file."""
        del dialect
        return None if value is None else os.fsdecode(value)


FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Moment(TypeDecorator[datetime]):
    """An aware point in time; SQLite forgets time zones, so UTC is stored and restored."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; a moment at an end of the calendar that has no UTC becomes that end."""
        del dialect
        if value is None:
            return None
        try:
            return value.astimezone(UTC)
        except OverflowError:
            return FIRST if value.year == 1 else LAST

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware time in UTC."""
        del dialect
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


# Byte order, so that keyset pages are the same whatever the database's locale.
SortText = Text().with_variant(Text(collation="C"), "postgresql")
