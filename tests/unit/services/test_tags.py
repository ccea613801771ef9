"""Tags are read within limits and made safe to store."""

import io

import mutagen
import numpy as np
import pytest
import soundfile

from services.ingest import tags as reader
from services.ingest.tags import MAX_TEXT_LENGTH, LimitedStream, LimitExceeded, limited_processor_time


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


def test_the_place_in_an_album_is_read(flac):
    """The album artist and the numbers of disc and track are read; without an artist it is the album artist."""
    retag(flac, albumartist="Band", discnumber="2", tracknumber="7")
    tags = read_tags(flac, fallback_title="x")

    assert (tags.artist, tags.album_artist, tags.disc_number, tags.track_number) == ("Band", "Band", 2, 7)


@pytest.mark.parametrize("number", ["0", "-1", "10000", "A1"])
def test_numbers_that_no_album_has_are_unknown(flac, number):
    """A track number outside of 1 to 9,999 is ignored."""
    retag(flac, tracknumber=number)

    assert read_tags(flac, fallback_title="x").track_number is None


def test_tags_are_read(flac):
    """Title, artist, album, year, genre, duration and external ids are read."""
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
    assert tags.ids == {"isrc": ("GBAYE0601498",), "mbid": ("b1a9c0e9-d987-4042-ae91-78d6a3267d69",)}


def test_a_file_without_tags_gets_the_fallback_title(flac):
    """Without tags, the fallback becomes the title and everything else is None."""
    tags = read_tags(flac, fallback_title="01 - song")

    assert (tags.title, tags.artist, tags.album, tags.year, tags.ids) == ("01 - song", None, None, None, {})


def test_unsafe_text_is_sanitised(flac):
    """Control characters become spaces, long texts are cut, and an invalid year is None."""
    retag(flac, title="a\0b\nc" + "x" * 9999, date="soon", genre="\x1f")
    tags = read_tags(flac, fallback_title="song")

    assert tags.title.startswith("a b c")
    assert len(tags.title) == MAX_TEXT_LENGTH
    assert (tags.year, tags.genre) == (None, None)


def test_damaged_tags_do_not_make_a_file_unusable(tmp_path):
    """A file that tinytag cannot read gets the fallback title."""
    path = tmp_path / "broken.mp3"
    path.write_bytes(b"ID3\x04\x00\x00\x00\x00\x00\x7fTIT2" + b"\xff" * 40)

    assert read_tags(path, fallback_title="broken").title == "broken"


def test_a_limited_stream_counts_the_bytes_read():
    """Reading up to the limit works; one byte more raises, wherever the position is."""
    stream = LimitedStream(io.BytesIO(bytes(100)), 10)
    assert len(stream.read(4)) == 4
    stream.seek(0)
    assert len(stream.read(6)) == 6

    with pytest.raises(LimitExceeded):
        stream.read(1)


def test_a_limited_stream_does_not_count_bytes_beyond_the_file():
    """A request for more bytes than the file has counts only those that exist."""
    stream = LimitedStream(io.BytesIO(bytes(10)), 10)

    assert len(stream.read(2**40)) == 10


def call_forever() -> None:
    while True:
        len("called")


@pytest.mark.timeout(10)
def test_a_loop_of_calls_is_stopped():
    """Code that calls functions forever raises after its processor time."""
    with pytest.raises(LimitExceeded), limited_processor_time(0.01):
        call_forever()
