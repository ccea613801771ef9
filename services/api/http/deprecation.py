"""Announce that an operation will be removed, in its responses and in the OpenAPI document (docs/api-stability.md)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from wsgiref.handlers import format_date_time


@dataclass(frozen=True, slots=True)
class Deprecation:
    """When an operation was deprecated, when it will be removed, and what replaces it."""

    since: date
    sunset: date
    successor: str
    """The path of the operation that replaces it."""

    def headers(self, root: str) -> dict[str, str]:
        """Return the headers of RFC 9745, RFC 8594 and RFC 5829; `root` is the path at which the service is reached."""
        return {
            "Deprecation": f"@{_seconds(self.since)}",
            "Sunset": format_date_time(_seconds(self.sunset)),
            "Link": f'<{root}{self.successor}>; rel="successor-version"',
        }


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
