"""URLs of audio that carry their own permission: an audio element sends no headers.

The signature is made with what the catalogue keeps of the key it was asked for with, so that it ends with the key, and
with a secret of the installation, which the catalogue keeps as well but no backup holds: who finds a backup can sign
nothing. Every API process can check it. It opens one track's audio for a while and nothing else.
"""

import re
import time
from dataclasses import dataclass
from typing import Self

LIFETIME_SECONDS = 3600
"""Longer than nearly every track, pauses included; a page that needs longer asks again."""


@dataclass(frozen=True, slots=True)
class AudioTicket:
    """The right of a key's holder to one track's audio."""

    key_id: str
    track_id: str
    expires: int

    @classmethod
    def fresh(cls, key_id: str, track_id: str) -> Self:
        """One that begins now."""
        return cls(key_id, track_id, int(time.time()) + LIFETIME_SECONDS)

    @property
    def message(self) -> str:
        """What is signed."""
        return f"audio {self.expires} {self.track_id}"

    @property
    def is_over(self) -> bool:
        """Whether its time has passed."""
        return time.time() > self.expires

    def token(self, signature: str) -> str:
        """The text that goes into the URL."""
        return f"{self.key_id}.{self.expires}.{signature}"

    @classmethod
    def parse(cls, token: str, track_id: str) -> tuple[Self, str] | None:
        """A ticket for a track and its signature, not checked yet; None if the text is none."""
        key_id, _, rest = token.partition(".")
        expires, _, signature = rest.partition(".")
        if not (re.fullmatch(r"[0-9a-f]{1,64}", key_id) and re.fullmatch(r"[0-9]{1,12}", expires)):
            return None
        return cls(key_id, track_id, int(expires)), signature
