"""Pauses of the analysis, and quiet hours: a part of the day in which Segue analyses nothing."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Self

_FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def time_of_day(text: str) -> time:
    """Return a time of day.

    Raises:
        ValueError: the text is none.
    """
    if (found := _FORM.fullmatch(text)) is None:
        raise ValueError(f"'{text}' is no time of day: write hours and minutes, as in 03:00")
    return time(int(found[1]), int(found[2]))


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The hours from one time of day to another, over midnight if the second is earlier."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read two times of day with a hyphen between them.

        Raises:
            ValueError: the text is no such thing, or both times are the same.
        """
        begin, _, end = text.partition("-")
        parsed = cls(time_of_day(begin.strip()), time_of_day(end.strip()))
        if parsed.begin == parsed.end:
            raise ValueError("quiet hours begin and end at the same time")
        return parsed

    def began_at(self, at: datetime) -> datetime | None:
        """Return when the quiet hours began that a local time lies in; None outside of them."""
        for day in (at, at - timedelta(days=1)):
            begin = day.replace(hour=self.begin.hour, minute=self.begin.minute, second=0, microsecond=0)
            end = begin.replace(hour=self.end.hour, minute=self.end.minute)
            if end <= begin:
                end += timedelta(days=1)
            if begin <= at < end:
                return begin
        return None


class PausedBy(StrEnum):
    """Why the analysis is paused."""

    OWNER = "owner"
    QUIET_HOURS = "quiet_hours"


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of the analysis."""

    began_at: datetime
    by: PausedBy
