"""Every version and flag of ID3, and what taggers write against the documents."""

import io
import struct
import zlib

import mutagen.id3
import pytest
from mutagen._constants import GENRES as THEIR_GENRES

from services.ingest.tags import picture_inside, read_tags
from services.ingest.tags.genres import GENRES
from tests.fakes.tagged import (
    AUDIO,
    MBID,
    PICTURE,
    appended,
    frame,
    id3,
    id3v1,
    synchsafe,
    text,
    unsynchronised,
)

APIC = frame("APIC", b"\0image/jpeg\0\x03\0" + PICTURE, 3)


def read(content, title="file"):
    return read_tags(io.BytesIO(content), fallback_title=title)


def v4(name, body, flags):
    return frame(name, body, 4, bytes((0, flags)))


LONG = b"\x03" + b"Long title " * 20
TITLE = b"\x03Title"
STORED = unsynchronised(b"\x01\xff\xfe" + "Title".encode("utf-16-le"))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(id3(unsynchronised(APIC + text("TIT2", "Title", 3, 1)), 3, 0x80), id="2.3 unsynchronised"),
        pytest.param(id3(unsynchronised(text("TT2", "Title", 2, 1)), 2, 0x80), id="2.2 unsynchronised"),
        pytest.param(id3(v4("TIT2", STORED, 2)), id="2.4, one frame"),
        pytest.param(id3(v4("TIT2", synchsafe(13) + STORED, 3), flags=0x80), id="2.4, with its length"),
        pytest.param(id3(frame("TIT2", STORED), flags=0x80), id="2.4, flag of the tag alone"),
        pytest.param(id3(v4("TIT2", synchsafe(6) + zlib.compress(TITLE), 9)), id="2.4 compressed"),
        pytest.param(id3(v4("TIT2", b"\7" + TITLE, 0x40)), id="2.4 with a group"),
        pytest.param(
            id3(frame("TIT2", struct.pack(">I", 6) + zlib.compress(TITLE), 3, b"\0\x80"), 3), id="2.3 compressed"
        ),
        pytest.param(id3(frame("TIT2", b"\7" + TITLE, 3, b"\0\x20"), 3), id="2.3 with a group"),
        pytest.param(
            id3(text("TIT2", "Title", 3), 3, 0x40, struct.pack(">IHI", 6, 0, 0)), id="2.3 with an extended header"
        ),
        pytest.param(id3(text("TIT2", "Title"), 4, 0x40, synchsafe(6) + b"\1\0"), id="2.4 with an extended header"),
        pytest.param(id3(text("TIT2", "Title"), 4, 0x40), id="a flag, and no extended header"),
        pytest.param(id3(text("TIT2", "Title") + bytes(50)), id="padding"),
        pytest.param(id3(frame("TXXX", LONG, 3) + text("TIT2", "Title", 3), 4), id="2.4 with sizes of 2.3"),
        pytest.param(id3(frame("TXXX", LONG, 4) + text("TIT2", "Title", 4), 3), id="2.3 with sizes of 2.4"),
        pytest.param(id3(frame("TT2\0", b"\0Title", 3), 3), id="2.3 with names of 2.2"),
        pytest.param(id3(text("TIT2", "", 4) + text("TIT2", "Title", 4)), id="an empty frame before"),
        pytest.param(id3(v4("TALB", b"secret", 4) + text("TIT2", "Title")), id="an encrypted frame before"),
        pytest.param(id3(v4("TALB", b"\0\0\0\0no zlib", 9) + text("TIT2", "Title")), id="a damaged frame before"),
        pytest.param(id3(frame("TIT2", b"\1" + "Title".encode("utf-16-le"))), id="UTF-16 without a mark"),
        pytest.param(id3(frame("TIT2", b"\1" + b"\xfe\xff" + "Title".encode("utf-16-be"))), id="UTF-16, big-endian"),
        pytest.param(id3(frame("TIT2", b"\x09Title")), id="an encoding that is none"),
        pytest.param(AUDIO + appended(text("TIT2", "Title")), id="2.4 appended"),
        pytest.param(AUDIO + appended(text("TIT2", "Title")) + id3v1("Old"), id="2.4 appended, before ID3v1"),
        pytest.param(id3(b"") + id3(text("TIT2", "Title")), id="in the second tag"),
        pytest.param(b"fLaC" + bytes(10) + id3v1("Title"), id="ID3v1 behind a damaged file"),
    ],
)
def test_the_title_is_read(content):
    """Whatever version and flags the tag has."""
    assert read(content + AUDIO if content.startswith(b"ID3") else content).title == "Title"


def test_the_picture_of_an_unsynchronised_tag_is_whole():
    """The bytes that unsynchronisation inserted are gone."""
    assert picture_inside(io.BytesIO(id3(unsynchronised(APIC), 3, 0x80) + AUDIO)) == PICTURE


def test_mutagen_reads_the_same_of_its_own_tags():
    """A tag by another writer: lists, comments, identifiers, a rating and the volume."""
    tag = mutagen.id3.ID3()
    for each in (
        mutagen.id3.TIT2(text="Title"),
        mutagen.id3.TPE1(text=["Anna", "Bertil"]),
        mutagen.id3.TCON(text=["17", "Pop"]),
        mutagen.id3.COMM(desc="iTunNORM", text="0001 0002"),
        mutagen.id3.COMM(desc="", text="Hello"),
        mutagen.id3.UFID(owner="http://example.org", data=b"other"),
        mutagen.id3.UFID(owner="http://musicbrainz.org", data=MBID.upper().encode()),
        mutagen.id3.POPM(email="a@b", rating=196),
        mutagen.id3.RVA2(desc="track", channel=1, gain=-4.5, peak=0.9),
        mutagen.id3.SYLT(text=[("la", 0), ("la", 10)]),
    ):
        tag.add(each)
    written = io.BytesIO(AUDIO)
    tag.save(written)
    tags = read(written.getvalue())

    assert (tags.title, tags.artists, tags.genres) == ("Title", ("Anna", "Bertil"), ("Rock", "Pop"))
    assert tags.comment == "Hello"
    assert (tags.ids, tags.rating, tags.replay_gain, tags.has_lyrics) == ({"mbid": (MBID,)}, 0.8, -4.5, True)


def test_mutagen_reads_the_tags_of_these_tests():
    """What the other tests write is ID3, so that they do not test one misunderstanding against itself."""
    content = id3(unsynchronised(APIC + text("TIT2", "Title", 3, 1)), 3, 0x80)
    tag = mutagen.id3.ID3(io.BytesIO(content + AUDIO))

    assert (tag["TIT2"].text, tag.getall("APIC")[0].data) == (["Title"], PICTURE)


@pytest.mark.parametrize(
    ("written", "genres"),
    [
        ("(17)", ("Rock",)),
        ("17", ("Rock",)),
        ("(17)Rock", ("Rock",)),
        ("(4)Eurodisco", ("Disco", "Eurodisco")),
        ("(4)(8)", ("Disco", "Jazz")),
        ("(RX)(255)", ("Remix",)),
        ("((Odd) one", ("(Odd) one",)),
        ("Rock/Pop", ("Rock/Pop",)),
        ("Rock\0Pop\0Rock", ("Rock", "Pop")),
        ("999", ("999",)),
    ],
)
def test_genres_by_number_get_their_names(written, genres):
    """In brackets, alone, several, and with a text behind them."""
    assert read(id3(text("TCON", written)) + AUDIO).genres == genres


def test_the_genres_have_the_numbers_of_mutagen():
    """The list is complete, and no genre is missing in the middle of it."""
    assert len(GENRES) == len(THEIR_GENRES)
    assert sum(own == theirs for own, theirs in zip(GENRES, THEIR_GENRES, strict=True)) >= len(GENRES) - 3


def test_id3v1_is_read():
    """With the number of the track, as ID3v1.1 has it."""
    tags = read(AUDIO + id3v1("Título", "Artist", "Album", track=7, genre=17))

    assert (tags.title, tags.artist, tags.album, tags.year) == ("Título", "Artist", "Album", 2001)
    assert (tags.track_number, tags.genres) == (7, ("Rock",))


@pytest.mark.parametrize(("byte", "rating"), [(0, None), (1, 0.2), (64, 0.4), (128, 0.6), (196, 0.8), (255, 1.0)])
def test_popularimeters_are_stars(byte, rating):
    """The bytes that Windows and most taggers write for one to five stars; zero is no rating."""
    assert read(id3(frame("POPM", b"user\0" + bytes([byte]) + bytes(4))) + AUDIO).rating == rating
