"""Estimates: a value, and the limits of its interval."""

from math import isinf
from typing import Self

from services.api.schemas.tracks import Response
from services.experiments.statistics import Interval


class Limits(Response):
    """The limits of an interval: of 95 %, unless the response says otherwise."""

    low: float
    high: float

    @classmethod
    def of(cls, interval: Interval) -> Self | None:
        """Return the limits of an interval; None if it is unlimited."""
        return None if isinf(interval.low) else cls(low=interval.low, high=interval.high)
