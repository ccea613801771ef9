"""Quotas of named libraries, and how much of them is used."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum


class Resource(StrEnum):
    """What a quota limits."""

    TRACKS = "tracks"
    """Tracks with a file in the library."""
    UPLOAD_BYTES = "upload_bytes"
    """Bytes of the files that were uploaded into it."""
    REQUESTS = "requests"
    """Requests of its keys and people, on one day."""
    ANALYSIS_MINUTES = "analysis_minutes"
    """Minutes in which workers analyse its tracks, on one day."""


@dataclass(frozen=True, slots=True)
class Quota:
    """The limits of a library; None is no limit. Days are those of UTC."""

    tracks: int | None = None
    upload_bytes: int | None = None
    requests: int | None = None
    analysis_minutes: int | None = None

    def of(self, resource: Resource) -> int | None:
        """Return the limit of a resource."""
        limit: int | None = getattr(self, resource.value)
        return limit


NO_QUOTA = Quota()


@dataclass(frozen=True, slots=True)
class DayUsage:
    """The requests and the analysis of a library on one day."""

    day: date
    requests: int = 0
    analysis_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a library uses now, and on the latest days, the newest first; days without usage are left out."""

    tracks: int
    pending: int
    """How many tracks wait for their turn in the queue of analyses."""
    upload_bytes: int
    days: tuple[DayUsage, ...]

    def of(self, resource: Resource, today: date) -> float:
        """Return how much of a resource is used, of those of a day how much today."""
        if resource in {Resource.TRACKS, Resource.UPLOAD_BYTES}:
            used: int = getattr(self, resource.value)
            return used
        day = next((each for each in self.days if each.day == today), DayUsage(today))
        return day.requests if resource == Resource.REQUESTS else day.analysis_seconds / 60


@dataclass(frozen=True, slots=True)
class LibraryUsage:
    """One resource of one library: how much of it is used, and its quota."""

    library: str
    """Its name."""
    resource: Resource
    used: float
    quota: int | None


def today() -> date:
    """Return the day in UTC, by which usage is counted."""
    return datetime.now(UTC).date()


def seconds_left() -> int:
    """Return the number of seconds until the day ends, at least 1."""
    now = datetime.now(UTC)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
    return max(1, round((midnight - now).total_seconds()))
