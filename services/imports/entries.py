"""What an imported file contains: entries, the listens that they are, and why some are none."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from services.domain.errors import InvalidRequest

Entry = Mapping[str, Any]
"""An object or a row as the file has it."""

Fields = dict[str, Any]
"""The fields of a listen, as `ListenIn` has them."""

INVALID_SHOWN = 20
"""Invalid entries that a report lists: enough to see what is wrong with a file."""


class LeftOut(StrEnum):
    """Why an entry is no listen of a track."""

    EPISODE = "podcast_or_audiobook"
    PRIVATE = "private_session"
    INTERRUPTED = "interrupted"
    """It ended by itself within 30 seconds, or nobody knows why."""
    NAMELESS = "nameless"
    """No title, artist or id is known."""
    PLAYING = "still_playing"
    """It was playing when the file was written, and has no time."""
    INVALID = "invalid"
    """It cannot be read, and the import was asked to leave such entries out."""


class InvalidEntry(InvalidRequest):
    """An entry of an imported file cannot be read."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}.")


@dataclass(slots=True)
class Tally:
    """The number of listens and of other entries that were read, and the first invalid ones."""

    listens: int = 0
    left_out: Counter[LeftOut] = field(default_factory=Counter)
    invalid: list[str] = field(default_factory=list)

    def leave_out(self, why: LeftOut, message: str | None = None) -> None:
        """Count an entry that is no listen; the message says why it is invalid."""
        self.left_out[why] += 1
        if message is not None and len(self.invalid) < INVALID_SHOWN:
            self.invalid.append(message)
