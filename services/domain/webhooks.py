"""Events of which webhooks tell other programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any


class EventType(StrEnum):
    """What happened."""

    TRACK_READY = "track.ready"
    """A track was analysed."""
    TRACK_FAILED = "track.failed"
    """A track cannot be analysed, or was put into quarantine. What Segue leaves out is no failure."""
    SCAN_DONE = "scan.done"
    """A scan of audio files or pictures has ended, with all of its analyses."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The place of an event among those of its type: its time, and the id of its track or job."""

    at: datetime
    subject: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a track or a job, and what a receiver is told of it."""

    type: EventType
    position: Position
    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        """An id that stays the same however often the event is sent."""
        text = f"{self.type} {self.position.subject} {self.position.at.isoformat()}"
        return f"evt_{sha256(text.encode()).hexdigest()[:32]}"
