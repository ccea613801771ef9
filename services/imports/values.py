"""Texts, ids, numbers and times as other services write them."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from math import inf
from uuid import UUID

from services.api.request_limits import NAMED_MAX, PLAYED_MS_MAX, TIME_AHEAD

FIRST_SCROBBLES = datetime(2002, 1, 1, tzinfo=UTC)
"""No listen of another service is older: Audioscrobbler, the first of them, began in 2002."""

DIGITS_MIN = 9
"""Digits of a number of seconds since 1970; with eight, a text is a date of ISO 8601 (20260301)."""

SHOWN_MAX = 60
"""Characters of a value in a message."""

MILLISECONDS_FROM = 100_000_000_000
"""A time since 1970 of at least this number is in milliseconds: in seconds it would be in the year 5138."""


def clean(found: object) -> str | None:
    """Return a text without NUL, which PostgreSQL refuses; None if it is empty or not a text."""
    return found.replace("\0", "").strip()[:NAMED_MAX] or None if isinstance(found, str) else None


def uuid_of(text: object) -> str | None:
    """Return the canonical form of a UUID; None if the value is not a UUID."""
    try:
        return str(UUID(text)) if isinstance(text, str) else None
    except ValueError:
        return None


def milliseconds(found: object, name: str) -> int:
    """Return a played time in milliseconds, at most a day.

    Raises:
        ValueError: the value is not a number of milliseconds.
    """
    if not isinstance(found, int | float) or isinstance(found, bool) or not 0 <= found < inf:
        raise ValueError(f"{name} is not a number of milliseconds: {shown(found)}")
    return min(round(found), PLAYED_MS_MAX)


def moment(found: object, formats: Iterable[str] = ()) -> datetime:
    """Return the time of a number since 1970 (seconds or milliseconds), of ISO 8601, or of one of the formats.

    A time without a time zone is in UTC.

    Raises:
        ValueError: the value is none of these, before `FIRST_SCROBBLES`, or in the future.
    """
    if found is None or found == "":
        raise ValueError("the time is missing")
    at = _number(found) if isinstance(found, int | float) and not isinstance(found, bool) else _text(found, formats)
    if at is None:
        raise ValueError(f"the time cannot be read: {shown(found)}")
    if at < FIRST_SCROBBLES:
        raise ValueError(f"the time is before {FIRST_SCROBBLES.year}: {shown(found)}")
    if at > datetime.now(UTC) + TIME_AHEAD:
        raise ValueError(f"the time is in the future: {shown(found)}")
    return at


def shown(found: object) -> str:
    """Return a value for a message, which it does not fill."""
    text = repr(found) if isinstance(found, str | int | float | None) else "a list or an object"
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"


def _number(since_1970: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(since_1970 / (1000 if since_1970 >= MILLISECONDS_FROM else 1), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _text(found: object, formats: Iterable[str]) -> datetime | None:
    if not isinstance(found, str):
        return None
    text = found.strip().removesuffix(" UTC")
    if len(text) >= DIGITS_MIN and text.isdecimal():
        return _number(float(text))
    for read in (datetime.fromisoformat, *(_reader(each) for each in formats)):
        try:
            at = read(text)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _reader(written: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, written)  # noqa: DTZ007  the caller sets the time zone
