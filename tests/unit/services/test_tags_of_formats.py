"""The tags of each format are read by content, all values of each field."""

import base64
import io
import struct
from dataclasses import replace

import pytest

from services.domain.track import Tags
from services.ingest.tags import picture_inside, read_tags
from tests.fakes.tagged import (
    AUDIO,
    MBID,
    PICTURE,
    aiff,
    ape,
    ape_item,
    asf,
    box,
    caf,
    chunk,
    comments,
    data,
    dff,
    dsf,
    element,
    flac,
    frame,
    freeform,
    id3,
    info,
    matroska,
    matroska_tag,
    mp4,
    ogg,
    page,
    rf64,
    text,
    wav,
)

FULL = Tags(
    title="Tïtle",
    artists=("Anna", "Bertil"),
    album="Album",
    album_artists=("Cora",),
    genres=("Rock", "Pop"),
    year=2003,
    original_year=1975,
    disc_number=1,
    disc_total=2,
    track_number=3,
    track_total=12,
    composers=("Dora", "Emil"),
    bpm=120.5,
    key="F#m",
    comment="Hello",
    compilation=True,
    release_mbid="aaaaaaaa-2222-4333-8444-555555555511",
    replay_gain=-7.3,
    has_lyrics=True,
    rating=0.8,
    single_artists=("Anna", "Bertil"),
    single_album_artists=("Cora",),
    ids={"isrc": ("USRC17607810", "GBAYE0601498"), "mbid": (MBID,)},
)
COMMENTS = comments(
    *(("TITLE", "Tïtle"), ("ARTIST", "Anna"), ("artist", "Bertil"), ("ALBUM", "Album"), ("ALBUMARTIST", "Cora")),
    *(("GENRE", "Rock"), ("Genre", "Pop"), ("DATE", "2003-04-05"), ("ORIGINALDATE", "1975-01-01")),
    *(("DISCNUMBER", "1"), ("TOTALDISCS", "2"), ("TRACKNUMBER", "3"), ("TRACKTOTAL", "12")),
    *(("COMPOSER", "Dora"), ("COMPOSER", "Emil"), ("BPM", "120.5"), ("INITIALKEY", "F#m"), ("COMMENT", "Hello")),
    *(("ARTISTS", "Anna"), ("ARTISTS", "Bertil"), ("ALBUMARTISTS", "Cora")),
    *(("COMPILATION", "1"), ("MUSICBRAINZ_ALBUMID", "AAAAAAAA-2222-4333-8444-555555555511")),
    *(("REPLAYGAIN_TRACK_GAIN", "-7.30 dB"), ("LYRICS", "La la"), ("FMPS_RATING", "0.8")),
    *(("ISRC", "US-RC1-76-07810"), ("ISRC", "gbaye0601498"), ("MUSICBRAINZ_TRACKID", MBID)),
)
WRITTEN = (
    *(("Original Date", "1975-01-01"), ("Initial Key", "F#m"), ("REPLAYGAIN_TRACK_GAIN", "-7.3 dB")),
    *(("FMPS_Rating", "0.8"), ("MusicBrainz Album Id", FULL.release_mbid), ("ALBUMARTISTS", "Cora")),
    *(("ARTISTS", "Anna"), ("ARTISTS", "Bertil")),
)


OLD_NAMES = ("TT2", "TP1", "TAL", "TP2", "TCO", "TYE", "TPA", "TRK", "TCM", "TBP", "TCP", "TRC")


def full_id3(version):
    """A full tag; ID3v2.3 and 2.2 have no lists, so they hold NUL between values as some taggers write it."""
    names = ["TIT2", "TPE1", "TALB", "TPE2", "TCON", "TDRC", "TPOS", "TRCK", "TCOM", "TBPM", "TCMP", "TSRC"]
    older = {"TDRC": "TYER"} if version == 3 else {}
    if version == 2:
        older = dict(
            zip(
                names, ["TT2", "TP1", "TAL", "TP2", "TCO", "TYE", "TPA", "TRK", "TCM", "TBP", "TCP", "TRC"], strict=True
            )
        )
    values = ("Tïtle", "Anna\0Bertil", "Album", "Cora", "Rock\x0013", "2003", "1/2", "3/12", "Dora\0Emil", "120.5", "1")
    encoding = 3 if version == 4 else 1
    frames = b"".join(
        text(older.get(name, name), value, version, encoding)
        for name, value in zip(names, (*values, "US-RC1-76-07810\0GBAYE0601498"), strict=True)
    )
    own = "TXX" if version == 2 else "TXXX"
    frames += b"".join(text(own, f"{name}\0{value}", version, 0) for name, value in WRITTEN)
    frames += frame("COM" if version == 2 else "COMM", b"\0eng\0Hello", version)
    frames += frame("ULT" if version == 2 else "USLT", b"\0eng\0La la", version)
    return id3(
        frames + frame("UFI" if version == 2 else "UFID", b"http://musicbrainz.org\0" + MBID.encode(), version), version
    )


APE = ape(
    *(ape_item(name, value) for name, value in WRITTEN),
    *(ape_item("Title", "Tïtle"), ape_item("Artist", "Anna\0Bertil"), ape_item("Album", "Album")),
    *(ape_item("Album Artist", "Cora"), ape_item("Genre", "Rock\0Pop"), ape_item("Year", "2003")),
    *(ape_item("Disc", "1/2"), ape_item("Track", "3/12"), ape_item("Composer", "Dora\0Emil"), ape_item("BPM", "120.5")),
    *(ape_item("Comment", "Hello"), ape_item("Compilation", "1"), ape_item("Lyrics", "La la")),
    *(ape_item("ISRC", "USRC17607810\0GBAYE0601498"), ape_item("MUSICBRAINZ_TRACKID", MBID)),
)
MP4 = mp4(
    *(box(b"\xa9nam", data("Tïtle")), box(b"\xa9ART", data("Anna"), data("Bertil")), box(b"\xa9alb", data("Album"))),
    *(box(b"aART", data("Cora")), box(b"\xa9gen", data("Rock"), data("Pop")), box(b"\xa9day", data("2003-04-05"))),
    *(box(b"disk", data(struct.pack(">3H", 0, 1, 2), 0)), box(b"trkn", data(struct.pack(">4H", 0, 3, 12, 0), 0))),
    *(box(b"\xa9wrt", data("Dora"), data("Emil")), freeform("BPM", "120.5"), box(b"\xa9cmt", data("Hello"))),
    *(box(b"cpil", data(b"\1", 21)), box(b"\xa9lyr", data("La la"))),
    *(freeform("ISRC", "USRC17607810", "GBAYE0601498"), freeform("MusicBrainz Track Id", MBID)),
    *(freeform(name, value) for name, value in WRITTEN),
)
ASF = asf(
    ("Tïtle", "Anna", "Copyright", "Hello", ""),
    extended=(
        *(("WM/AlbumTitle", "Album"), ("WM/AlbumArtist", "Cora"), ("WM/Genre", "Rock"), ("WM/Genre", "Pop")),
        *(("Author", "Bertil"), ("WM/Year", "2003"), ("WM/PartOfSet", "1/2"), ("WM/Track", 2), ("WM/TrackNumber", 3)),
        *(("TrackTotal", "12"), ("WM/Composer", "Dora"), ("WM/Composer", "Emil"), ("WM/BeatsPerMinute", "120.5")),
        *(("WM/InitialKey", "F#m"), ("WM/IsCompilation", 1), ("WM/Lyrics", "La la"), ("WM/SharedUserRating", 75)),
    ),
    library=(
        *(("WM/ISRC", "USRC17607810"), ("WM/ISRC", "GBAYE0601498"), ("MusicBrainz/Track Id", MBID)),
        *(("WM/OriginalReleaseYear", "1975"), ("replaygain_track_gain", "-7.3 dB")),
        *(("MusicBrainz/Album Id", FULL.release_mbid), ("WM/ARTISTS", "Anna"), ("WM/ARTISTS", "Bertil")),
        ("ALBUMARTISTS", "Cora"),
    ),
)
MATROSKA_TAGS = element(
    0x1254C367,
    matroska_tag(
        *(("TITLE", "Album"), ("ARTIST", "Cora"), ("TOTAL_PARTS", "12"), ("DATE_RELEASED", "2003")),
        level=50,
    ),
    matroska_tag(
        *(("TITLE", "Tïtle"), ("ARTIST", "Anna"), ("ARTIST", "Bertil"), ("GENRE", "Rock"), ("GENRE", "Pop")),
        *(("PART_NUMBER", "3"), ("DISC", "1/2"), ("COMPOSER", "Dora"), ("COMPOSER", "Emil"), ("BPM", "120.5")),
        *(("COMMENT", "Hello"), ("COMPILATION", "1"), ("LYRICS", "La la"), ("ISRC", "USRC17607810")),
        *(("ISRC", "GBAYE0601498"), ("MUSICBRAINZ_TRACKID", MBID), *WRITTEN),
        level=30,
    ),
)
ID3_FILES = {f"ID3v2.{version}": full_id3(version) + AUDIO for version in (2, 3, 4)}
FILES = ID3_FILES | {
    "FLAC": flac((4, COMMENTS)),
    "FLAC behind ID3v2": id3(b"") + flac((4, COMMENTS)),
    "Opus": ogg(COMMENTS),
    "Vorbis": ogg(COMMENTS, b"\x01vorbis", b"\x03vorbis"),
    "Speex": ogg(COMMENTS, b"Speex   ", b""),
    "Ogg FLAC": ogg(COMMENTS, b"\x7fFLAC\1\0\0\1fLaC", b"\x84" + len(COMMENTS).to_bytes(3, "big")),
    "MP3 with APEv2": AUDIO + APE,
    "WavPack": b"wvpk" + bytes(60) + APE,
    "Monkey's Audio": b"MAC " + bytes(60) + APE,
    "Musepack": b"MPCK" + bytes(60) + APE,
    "True Audio with APEv2": b"TTA1" + bytes(60) + APE,
    "True Audio with ID3v2": id3(full_id3(4)[10:]) + b"TTA1" + bytes(60),
    "AAC": full_id3(4) + b"\xff\xf1" + bytes(60),
    "APEv2 at the start": APE + AUDIO,
    "MP4": MP4,
    "WMA": ASF,
    "WAV": wav(chunk(b"id3 ", full_id3(3))),
    "RF64": rf64(chunk(b"id3 ", full_id3(3))),
    "AIFF": aiff(chunk(b"ID3 ", full_id3(4), ">")),
    "DSF": dsf(full_id3(3)),
    "DFF": dff((b"FVER", bytes(5)), (b"ID3 ", full_id3(3))),
    "Matroska": matroska(MATROSKA_TAGS, clusters=element(0x1F43B675, bytes(300))),
}


def read(content, title="file"):
    return read_tags(io.BytesIO(content), fallback_title=title)


@pytest.mark.parametrize("name", FILES)
def test_every_field_of_each_format_is_read(name):
    """All fields and all of their values, whatever the file is called."""
    assert replace(read(FILES[name]), duration_ms=None) == FULL


@pytest.mark.parametrize(
    ("content", "tags"),
    [
        (
            wav(info((b"INAM", b"T"), (b"IART", b"Bj\xf6rk"), (b"IPRD", b"L"), (b"ITRK", b"3"), (b"ICRD", b"2001"))),
            Tags("T", ("Björk",), "L", track_number=3, year=2001),
        ),
        (wav(info((b"INAM", "Tïtle".encode()), (b"IGNR", b"Rock"))), Tags("Tïtle", genres=("Rock",))),
        (
            aiff(chunk(b"NAME", b"T", ">"), chunk(b"AUTH", b"A", ">"), chunk(b"ANNO", b"C", ">")),
            Tags("T", ("A",), comment="C"),
        ),
        (dff((b"DIIN", b"DITI" + struct.pack(">QI", 5, 1) + b"T\0")), Tags("T")),
        (caf(title="T", artist="A", year="2001"), Tags("T", ("A",), year=2001)),
        (matroska(element(0x1549A966, element(0x7BA9, "T"))), Tags("T")),
        (
            box(b"ftyp", bytes(8)) + box(b"moov", box(b"udta", box(b"\xa9nam", b"\0\1\0\0T"))),
            Tags("T"),
        ),
        (
            box(b"ftyp", bytes(8))
            + box(
                b"moov",
                box(
                    b"meta",
                    box(b"hdlr", bytes(24)),
                    box(b"keys", bytes(8), box(b"mdta", b"com.apple.quicktime.artist"), box(b"mdta", b"title")),
                    box(b"ilst", box(b"\0\0\0\2", data("T")), box(b"\0\0\0\1", data("A"))),
                ),
            ),
            Tags("T", ("A",)),
        ),
        (
            mp4(box(b"gnre", data(struct.pack(">H", 18), 0)), box(b"tmpo", data(b"\0\x78", 21))),
            Tags("file", genres=("Rock",), bpm=120),
        ),
    ],
)
def test_smaller_kinds_of_tags_are_read(content, tags):
    """Text chunks without an encoding, titles of containers, QuickTime's texts and keys, and numbers of genres."""
    assert read(content) == tags


def test_tags_behind_clusters_of_unknown_size_are_found():
    """A live recording does not state the sizes of its clusters; the seek head names the place of the tags."""
    cluster = bytes.fromhex("1f43b675 01ffffffffffffff") + bytes(100)
    size = len(element(0x114D9B74, element(0x4DBB, element(0x53AB, bytes(4)), element(0x53AC, bytes(8)))))
    place = (size + len(cluster)).to_bytes(8, "big")
    seek = element(0x4DBB, element(0x53AB, bytes.fromhex("1254c367")), element(0x53AC, place))
    content = matroska(element(0x114D9B74, seek), cluster, MATROSKA_TAGS)

    assert read(content).title == "Tïtle"


def test_tags_of_another_stream_are_not_those_of_the_audio():
    """A stream of video before the audio has comments of its own."""
    video = page([b"\x80theora" + bytes(30)], serial=7, first=True)
    theirs = page([b"\x81theora" + comments(("TITLE", "Video"))], serial=7, number=1)
    audio = page([b"OpusHead".ljust(19, b"\0")], first=True)
    own = page([b"OpusTags" + comments(("TITLE", "Audio"))], number=1)

    assert read(video + audio + theirs + own).title == "Audio"


FLAC_PICTURE = (
    struct.pack(">II", 3, 9)
    + b"image/png"
    + struct.pack(">5I", 0, 1, 1, 24, 0)
    + struct.pack(">I", len(PICTURE))
    + PICTURE
)
OTHER = struct.pack(">II", 4, 0) + struct.pack(">5I", 0, 1, 1, 24, 0) + struct.pack(">I", 4) + b"back"
IN_COMMENTS = comments(("TITLE", "x" * 70_000), ("METADATA_BLOCK_PICTURE", base64.b64encode(FLAC_PICTURE).decode()))
APIC = b"\1image/png\0\x03" + "Ä".encode("utf-16") + b"\0\0" + PICTURE


@pytest.mark.parametrize(
    "content",
    [
        flac((6, OTHER), (6, FLAC_PICTURE)),
        flac((4, IN_COMMENTS)),
        id3(frame("APIC", b"\0-->\0\x03\0http://x") + frame("APIC", b"\0image/png\0\x04\0back") + frame("APIC", APIC))
        + AUDIO,
        id3(frame("PIC", b"\0PNG\x03\0" + PICTURE, 2), 2) + AUDIO,
        AUDIO + ape(ape_item("Cover Art (Front)", b"cover.png\0" + PICTURE, 1)),
        mp4(box(b"covr", data(PICTURE, 14))),
        asf(
            library=(
                ("WM/Picture", struct.pack("<BI", 3, len(PICTURE)) + "image/png\0d\0".encode("utf-16-le") + PICTURE),
            )
        ),
        matroska(
            element(
                0x1941A469,
                element(0x61A7, element(0x466E, "cover.png"), element(0x4660, "image/png"), element(0x465C, PICTURE)),
            )
        ),
    ],
)
def test_the_front_cover_in_each_format_is_found(content):
    """The front cover rather than the back, byte for byte."""
    assert picture_inside(io.BytesIO(content)) == PICTURE
