"""Requests and responses about quotas of named libraries and what they use."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field

from services.api.schemas.tracks import Request, Response
from services.domain.quotas import Quota, Usage

DAYS_MAX = 400

Limit = Annotated[int, Field(ge=0, le=2**53 - 1)]

TRACKS = "Tracks with a file in the library. Files over it are left out, and taken when there is room again."
UPLOAD_BYTES = "Bytes of the files that were uploaded into it. An upload over it gets 507."
REQUESTS = "Requests of its keys and people on one day. Requests over it get 429 until the day ends at 0:00 UTC."
ANALYSIS_MINUTES = "Minutes of analysis on one day. Tracks over it wait until the next day begins at 0:00 UTC."


class LibraryQuota(Response):
    """The limits of a library; null is no limit."""

    tracks: int | None = Field(description=TRACKS)
    upload_bytes: int | None = Field(description=UPLOAD_BYTES)
    requests: int | None = Field(description=REQUESTS)
    analysis_minutes: int | None = Field(description=ANALYSIS_MINUTES)

    @classmethod
    def of(cls, quota: Quota) -> Self:
        """Return the response for a quota."""
        return cls(
            tracks=quota.tracks,
            upload_bytes=quota.upload_bytes,
            requests=quota.requests,
            analysis_minutes=quota.analysis_minutes,
        )


class QuotaRequest(Request):
    """The limits that a library gets; one that is left out is none."""

    tracks: Limit | None = Field(default=None, description=TRACKS)
    upload_bytes: Limit | None = Field(default=None, description=UPLOAD_BYTES)
    requests: Limit | None = Field(default=None, description=REQUESTS)
    analysis_minutes: Limit | None = Field(default=None, description=ANALYSIS_MINUTES)

    def quota(self) -> Quota:
        """Return the quota."""
        return Quota(self.tracks, self.upload_bytes, self.requests, self.analysis_minutes)


class UsageQuery(Request):
    """The days of a usage."""

    days: int = Field(default=30, ge=1, le=DAYS_MAX, description="How many days, with today.")


class UsageOfDay(Response):
    """What a library used on one day, in UTC."""

    day: date
    requests: int
    analysis_minutes: float


class LibraryUsage(Response):
    """What a library uses. Each process writes what it counts every five seconds."""

    tracks: int = Field(description="Tracks with a file in it.")
    pending: int = Field(description="How many of them wait for their turn in the queue of analyses.")
    upload_bytes: int = Field(description="Bytes of the files that were uploaded into it.")
    days: list[UsageOfDay] = Field(description="The latest days, newest first. Days without usage are left out.")
    quota: LibraryQuota

    @classmethod
    def of(cls, usage: Usage, quota: Quota) -> Self:
        """Return the response for a usage."""
        days = [
            UsageOfDay(day=each.day, requests=each.requests, analysis_minutes=round(each.analysis_seconds / 60, 2))
            for each in usage.days
        ]
        return cls(
            tracks=usage.tracks,
            pending=usage.pending,
            upload_bytes=usage.upload_bytes,
            days=days,
            quota=LibraryQuota.of(quota),
        )
