"""Of several tags in one file, the first in order of precedence decides each field."""

import io
import re
from dataclasses import fields
from pathlib import Path

import pytest

from services.domain.track import Tags
from services.ingest.tags import read_tags
from services.ingest.tags.found import Kind
from tests.fakes.tagged import (
    AUDIO,
    aiff,
    ape,
    ape_item,
    appended,
    chunk,
    comments,
    flac,
    frame,
    id3,
    id3v1,
    info,
    synchsafe,
    text,
    wav,
)

V2, V1 = id3(text("TIT2", "ID3v2")), id3v1("ID3v1", "Artist of ID3v1")
APE = ape(ape_item("Title", "APEv2"), ape_item("Album", "Album of APEv2"))
END = appended(text("TIT2", "Appended"))


def read(content):
    return read_tags(io.BytesIO(content), fallback_title="file")


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (V2 + flac((4, comments(("TITLE", "Vorbis")))) + V1, "Vorbis"),
        (V2 + AUDIO + APE + V1, "ID3v2"),
        (V2 + id3(text("TIT2", "Second")) + AUDIO, "ID3v2"),
        (V2 + id3(text("TIT2", "Update"), 4, 0x40, synchsafe(7) + b"\1\x40\0") + AUDIO, "Update"),
        (AUDIO + END + APE + V1, "Appended"),
        (AUDIO + APE + END + V1, "Appended"),
        (AUDIO + APE + V1, "APEv2"),
        (AUDIO + ape(ape_item("Title", "APEv2"), header=False) + V1, "APEv2"),
        (AUDIO + V1, "ID3v1"),
        (AUDIO + b"LYRICSBEGIN" + b"000011" + b"LYRICS200" + V1, "ID3v1"),
        (V2 + b"wvpk" + bytes(60) + APE, "APEv2"),
        (wav(info((b"INAM", b"Info")), chunk(b"id3 ", V2)), "ID3v2"),
        (wav(info((b"INAM", b"Info"))) + V1, "Info"),
        (aiff(chunk(b"NAME", b"Name", ">"), chunk(b"ID3 ", V2, ">")), "ID3v2"),
        (V2 + wav(chunk(b"id3 ", id3(text("TIT2", "Chunk")))), "ID3v2"),
    ],
)
def test_the_first_tag_decides(content, title):
    """The tag of the format, then ID3v2, APEv2, text chunks and ID3v1."""
    assert read(content).title == title


def test_each_field_comes_from_the_first_tag_that_has_it():
    """A tag that lacks a field does not hide it in another one."""
    own = id3(text("TIT2", "") + text("TRCK", "0") + text("TYER", "unknown") + frame("POPM", b"\0\0"))
    rated = ape(ape_item("Rating", "4"))
    tags = read(own + AUDIO + rated + APE + id3v1("x", "Artist", track=7))

    assert (tags.title, tags.album, tags.artist) == ("APEv2", "Album of APEv2", "Artist")
    assert (tags.track_number, tags.year, tags.rating) == (7, 2001, 0.8)


def test_the_documentation_lists_the_order():
    """docs/tags.md has the kinds of tags in the order that the reader follows."""
    page = Path("docs/tags.md").read_text()
    rows = re.findall(r"^\| (\d+) \| ([^|]+?) \|", page, re.MULTILINE)

    assert rows == [(str(number), kind.value) for number, kind in enumerate(Kind, start=1)]


def test_the_documentation_names_every_field():
    """docs/tags.md has a row for each field of `Tags` that is read from tags."""
    page = Path("docs/tags.md").read_text()
    named = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)

    assert named == [each.name for each in fields(Tags) if each.name != "duration_ms"]
