"""Covers, audio and lyrics."""

from typing import Literal

from pydantic import Field

from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.compat.subsonic.schemas.songs import SONG
from services.api.schemas.tracks import Response

KILOBITS_MAX = 100_000
SECONDS_MAX = 10_000_000


class CoverArtQuery(SubsonicQuery):
    """Selects a cover and its size."""

    id: str = Field(description="A `coverArt` from a response, or the id of an album, an artist, a song or a playlist.")
    size: int | None = Field(default=None, ge=1, description="Pixels of the longer side; 96, 320 or 640 are sent.")


class StreamQuery(SubsonicQuery):
    """Selects a song, and the form in which it is sent."""

    id: str = Field(description=SONG)
    maxBitRate: int = Field(
        default=0,
        ge=0,
        le=KILOBITS_MAX,
        description="In kbit/s. A file with a higher bit rate is converted; 0 is no limit.",
    )
    format: str | None = Field(
        default=None,
        description="`raw` for the file as it is, or `mp3`, `opus`, `ogg`, `aac` or `flac`. Other names are ignored.",
    )
    timeOffset: int = Field(
        default=0, ge=0, le=SECONDS_MAX, description="Where to begin, in seconds; this converts the file."
    )
    estimateContentLength: bool = Field(default=False, description="Announce the length of a conversion to MP3.")


class LyricsQuery(SubsonicQuery):
    """Selects a song by its names."""

    artist: str | None = Field(default=None, description="The artist.")
    title: str | None = Field(default=None, description="The title.")


class SubsonicLyrics(Response):
    """The text of a song."""

    artist: str | None = None
    title: str | None = None
    value: str = ""


class SubsonicLine(Response):
    """A line of a song."""

    start: int | None = Field(default=None, description="When it begins, in ms. Absent if the lyrics have no times.")
    value: str


class SubsonicStructuredLyrics(Response):
    """The lines of a song."""

    displayArtist: str
    displayTitle: str
    lang: Literal["xxx"] = Field(default="xxx", description="The language is not known.")
    synced: bool = Field(description="Whether the lines have times.")
    line: list[SubsonicLine]


class SubsonicLyricsList(Response):
    """The lyrics in a file."""

    structuredLyrics: list[SubsonicStructuredLyrics]
