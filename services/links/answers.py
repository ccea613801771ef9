"""Read values of answers within the limits of the catalogue; what cannot be read is refused, and ends no task."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from services.domain.errors import LinkedServerRefused

# The largest number of a 32-bit column.
NUMBER_MAX = (1 << 31) - 1

# The largest number of a 64-bit column.
SIZE_MAX = (1 << 63) - 1

# As long as the longest path of a file.
TEXT_MAX = 4096

# The largest known private libraries have some hundred thousand songs. The ids of these take about 200 MB of memory.
SONGS_MAX = 2_000_000

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CLOCKS_DIFFER = timedelta(days=1)

_UNREADABLE = ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError


@contextmanager
def reading() -> Iterator[None]:
    """Refuse an answer whose values have other types than the API documents."""
    try:
        yield
    except _UNREADABLE as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise LinkedServerRefused(f"The server answered what Segue does not understand ({reason}).") from error


def paged(
    ask: Callable[[int], Sequence[dict[str, Any]]], id_of: Callable[[dict[str, Any]], str]
) -> Iterator[Sequence[dict[str, Any]]]:
    """Yield pages from an offset on until one is empty: servers may send less than they are asked for.

    One page may have nothing new, because songs move to the next page when others are added.
    """
    seen, received, repeated = set[str](), 0, 0
    while page := ask(received):
        ids = {id_of(each) for each in page}
        repeated = repeated + 1 if ids <= seen else 0
        if repeated > 1:
            raise LinkedServerRefused("The server sends the same pages again and again.")
        seen |= ids
        if len(seen) > SONGS_MAX:
            raise LinkedServerRefused(f"The server lists more than {SONGS_MAX:,} songs, albums or playlists.")
        yield page
        received += len(page)


def identifier(value: object) -> str:
    """Return an id; some servers write numbers."""
    if not value or not isinstance(value, str | int) or "\0" in str(value):
        raise LinkedServerRefused("The server listed something without an id, which Segue does not understand.")
    return str(value)


def text(value: object) -> str | None:
    """Return a text without spaces around it; None if nothing is left."""
    return None if value is None else str(value).replace("\0", "").strip()[:TEXT_MAX] or None


def texts(value: object) -> tuple[str, ...]:
    """Return the texts of a list, or a single one."""
    return tuple(found for each in (value if isinstance(value, list) else [value]) if (found := text(each)))


def number(value: Any, maximum: int = NUMBER_MAX) -> int | None:  # noqa: ANN401  what a server writes
    """Return a number that is not negative; None if it is none, or more than the maximum."""
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if 0 <= found <= maximum else None


def moment(written: datetime | None) -> datetime | None:
    """Return a time in UTC; None if it is none that a play can have: servers write year 1 for "never"."""
    if written is None or not EPOCH < written < datetime.now(UTC) + CLOCKS_DIFFER:
        return None
    return written.astimezone(UTC)
