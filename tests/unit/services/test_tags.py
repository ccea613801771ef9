"""Tags are read as they are and stored safely."""

import mutagen
import numpy as np
import pytest
import soundfile

from services.ingest import tags as reader
from services.ingest.tags import LONGEST_TEXT


@pytest.fixture
def flac(tmp_path):
    path = tmp_path / "01 - song.flac"
    soundfile.write(path, np.zeros(44100), 44100)
    return path


def read_tags(path, *, fallback_title):
    with path.open("rb") as stream:
        return reader.read_tags(stream, path.suffix, fallback_title=fallback_title)


def retag(path, **tags):
    file = mutagen.File(path)
    file.update({name: [value] for name, value in tags.items()})
    file.save()


def test_all_that_a_track_needs_is_read(flac):
    """Names, year, genre, length and external ids."""
    retag(
        flac,
        title="Title",
        artist="Artist",
        album="Album",
        date="2003-04-01",
        genre="Rock",
        isrc="GBAYE0601498",
        musicbrainz_trackid="b1a9c0e9-d987-4042-ae91-78d6a3267d69",
    )
    tags = read_tags(flac, fallback_title="x")

    assert (tags.title, tags.artist, tags.album, tags.year, tags.genre) == ("Title", "Artist", "Album", 2003, "Rock")
    assert tags.duration_ms == 1000
    assert tags.ids == {"isrc": "GBAYE0601498", "mbid": "b1a9c0e9-d987-4042-ae91-78d6a3267d69"}


def test_a_file_without_tags_goes_by_its_name(flac):
    """The fallback is the title; nothing else is guessed."""
    tags = read_tags(flac, fallback_title="01 - song")

    assert (tags.title, tags.artist, tags.album, tags.year, tags.ids) == ("01 - song", None, None, None, {})


def test_hostile_text_is_made_safe(flac):
    """Control characters and NULs go, essays are cut, a year that is none is null."""
    retag(flac, title="a\0b\nc" + "x" * 9999, date="soon", genre="\x1f")
    tags = read_tags(flac, fallback_title="song")

    assert tags.title.startswith("a b c")
    assert len(tags.title) == LONGEST_TEXT
    assert (tags.year, tags.genre) == (None, None)


def test_damaged_tags_do_not_refuse_music(tmp_path):
    """What tinytag cannot read is known by its name."""
    path = tmp_path / "broken.mp3"
    path.write_bytes(b"ID3\x04\x00\x00\x00\x00\x00\x7fTIT2" + b"\xff" * 40)

    assert read_tags(path, fallback_title="broken").title == "broken"
