"""What the tags of a file say, before it is put in order: one `Found` for each tag in the file."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

MAX_VALUE_BYTES = 16 * 1024  # read of one text: a list of 30 artists is shorter; only pictures and lyrics are longer
MAX_VALUES = 64  # kept of one field
FRONT_COVER = 3  # the number of this kind of picture in ID3v2, FLAC and ASF


class Kind(StrEnum):
    """The kinds of tags, in order of precedence: the first that has a field decides it."""

    VORBIS = "Vorbis comments"
    MP4 = "MP4 metadata"
    ASF = "ASF metadata"
    MATROSKA = "Matroska tags"
    ID3V2 = "ID3v2 at the start"
    ID3V2_CHUNK = "ID3v2 in a chunk"
    ID3V2_END = "ID3v2 at the end"
    APE = "APEv2"
    CHUNKS = "text chunks"
    ID3V1 = "ID3v1"


# Names of fields without case, spaces and punctuation, as taggers write them in Vorbis comments, APEv2, ID3v2's TXXX,
# MP4's freeform atoms, ASF and Matroska → fields of `Found`.
FIELDS = {
    written: name
    for name, all_written in {
        "title": ("title",),
        "artist": ("artist", "author"),
        "single_artist": ("artists",),
        "album": ("album", "albumtitle"),
        "album_artist": ("albumartist",),
        "single_album_artist": ("albumartists",),
        "genre": ("genre",),
        "date": ("date", "daterelease", "datereleased", "releasedate"),
        "year": ("year",),
        "original_date": (
            *("originaldate", "originalyear", "originalreleasedate", "originalreleaseyear", "originalreleasetime"),
            *("origdate", "origyear"),
        ),
        "track": ("track", "tracknumber"),
        "track_total": ("tracktotal", "totaltracks", "trackcount"),
        "disc": ("disc", "discnumber", "disk", "disknumber", "partofset"),
        "disc_total": ("disctotal", "totaldiscs", "disccount"),
        "composer": ("composer",),
        "bpm": ("bpm", "tempo", "beatsperminute"),
        "key": ("key", "initialkey"),
        "comment": ("comment", "comments", "description"),
        "compilation": ("compilation", "iscompilation", "tcmp"),
        "isrc": ("isrc",),
        "mbid": ("musicbrainztrackid", "musicbrainzrecordingid"),
        "release_mbid": ("musicbrainzalbumid", "musicbrainzreleaseid"),
        "replay_gain": ("replaygaintrackgain",),
        "r128_gain": ("r128trackgain",),
        "lyrics": ("lyrics", "unsyncedlyrics", "unsynchronisedlyrics", "syncedlyrics", "uslt"),
        "fmps_rating": ("fmpsrating",),
        "rating": ("rating",),
    }.items()
    for written in all_written
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a tag: its kind as ID3v2 numbers them, and how to read it."""

    kind: int
    read: Callable[[], bytes]


@dataclass(slots=True)
class Found:
    """What one tag says: the values of its fields, as text, and its pictures."""

    kind: Kind
    fields: dict[str, list[str]] = field(default_factory=dict)
    pictures: list[Picture] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """The name of each entry as the tag has it, also of those that Segue does not read."""

    def add(self, name: str, *values: str) -> None:
        """Add values of a field."""
        known = self.fields.setdefault(name, [])
        known += islice((value for value in values if value.strip("\0 \t\r\n")), MAX_VALUES - len(known))

    def add_written(self, written: str, *values: str) -> None:
        """Add values of the field with this name in the tag; fields that Segue does not read are left out."""
        self.names.append(written)
        if name := FIELDS.get(re.sub(r"[^0-9a-z]", "", written.lower())):
            self.add(name, *values)
        elif written.lower().startswith("rating:"):  # Quod Libet: "RATING:user=0.75"
            self.add("fmps_rating", *values)
        elif written.lower().startswith("lyrics-"):  # ffmpeg: the language follows
            self.add("lyrics", *values)


@dataclass(slots=True)
class TagList:
    """The tags of a file."""

    found: list[Found] = field(default_factory=list)

    def begin(self, kind: Kind, *, is_update: bool = False) -> Found:
        """Add an empty tag, and return it. An update goes before the tags of its kind that were read already."""
        started = Found(kind)
        self.found.insert(0 if is_update else len(self.found), started)
        return started

    def in_order(self, *first: Kind) -> Iterator[Found]:
        """Yield the tags in order of precedence; those of the kinds `first` before all others."""
        ranks = {kind: rank for rank, kind in enumerate((*first, *(kind for kind in Kind if kind not in first)))}
        yield from sorted(self.found, key=lambda found: ranks[found.kind])


def legacy_text(data: bytes) -> str:
    """Decode text of a tag that states no encoding: UTF-8 if it is valid, Windows-1252 otherwise, up to a NUL."""
    data = data.split(b"\0", 1)[0]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
