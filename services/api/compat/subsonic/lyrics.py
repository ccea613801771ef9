"""The lines of lyrics, with their times if the text is in the format LRC."""

import re
from contextlib import suppress

from services.api.audio import open_audio
from services.api.compat.subsonic.method import Result
from services.domain.errors import NotFound
from services.domain.track import Track
from services.ingest.tags import lyrics_inside

TIMES = re.compile(r"\[(\d{1,3}):(\d{1,2}(?:[.:]\d{1,3})?)\]")
ABOUT = re.compile(r"\[[a-zA-Z#]+:[^\]]*\]")
"""What LRC says about the song, such as `[ar:Name]`."""


def lyrics_of(track: Track) -> list[str]:
    """Return the lyrics in the tags of a track's file; empty without any, or without a file."""
    if not track.has_lyrics:
        return []
    with suppress(NotFound):
        found = open_audio(track.id)
        with found.stream as stream:
            return lyrics_inside(stream)
    return []


def structured(text: str) -> tuple[bool, list[Result]]:
    """Return whether lyrics have times, and their lines."""
    timed: list[Result] = []
    plain: list[Result] = []
    for line in text.replace("\0", "\n").splitlines():
        if ABOUT.fullmatch(line.strip()):
            continue
        words = TIMES.sub("", line).strip()
        plain.append({"value": words})
        timed += [{"start": _milliseconds(*found.groups()), "value": words} for found in TIMES.finditer(line)]
    if not timed:
        return False, plain
    return True, sorted(timed, key=lambda each: int(each["start"]))


def _milliseconds(minutes: str, seconds: str) -> int:
    return round(1000 * (60 * int(minutes) + float(seconds.replace(":", "."))))
