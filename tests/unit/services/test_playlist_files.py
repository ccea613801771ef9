"""Playlists in files: what is written can be read again, and other programs' files are understood."""

import json
import os
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.playlists.formats import (
    XSPF_NAMESPACE,
    ListedPlaylist,
    ListedTrack,
    PlaylistFormat,
    as_file,
    file_name_of,
    location_of,
)
from services.playlists.m3u import read_m3u

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRACK_ID = "5e0c1f0a-7f5b-8d7e-9a43-0d6f6f1c2b11"
NS = {"x": XSPF_NAMESPACE}

segments = st.binary(min_size=1, max_size=20).filter(
    lambda raw: not {0, ord("/")} & set(raw) and raw not in (b".", b"..")
)
relative_paths = st.lists(segments, min_size=1, max_size=4).map(lambda parts: os.fsdecode(b"/".join(parts)))
names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


def playlist(*tracks, name="Mix", description=""):
    return ListedPlaylist(name=name, description=description, updated_at=NOON, tracks=tracks)


def track(path, title="T", artist="A", **more):
    return ListedTrack(id=TRACK_ID, title=title, artist=artist, path=path, **more)


def written(kind, *tracks, **more):
    return as_file(playlist(*tracks, **more), kind)


def is_found(path, entry):
    """Whether one of the readings of an entry is the path."""
    return path in [each.removeprefix("./") for each in entry.paths]


@given(paths=st.lists(relative_paths, max_size=6), absolute=st.booleans(), title=names, name=names)
def test_every_path_survives_m3u8(paths, absolute, title, name):
    """Whatever bytes a path has, and whatever line breaks a title has, reading the file gives the path again."""
    paths = [f"/{path}" if absolute else path for path in paths]
    content = written(PlaylistFormat.M3U8, *(track(path, title) for path in paths), name=name)
    read = read_m3u(content)

    content.decode()  # UTF-8
    assert len(read.entries) == len(paths)
    assert all(is_found(path, entry) for path, entry in zip(paths, read.entries, strict=True))
    assert all(entry.names.startswith("A") for entry in read.entries)


@given(paths=st.lists(relative_paths, max_size=6), absolute=st.booleans(), text=names)
def test_every_path_and_name_survives_xspf_and_jspf(paths, absolute, text):
    """XSPF is valid XML with percent-encoded locations, and JSPF is JSON with the same ones."""
    paths = [f"/{path}" if absolute else path for path in paths]
    tracks = [track(path, text, duration_ms=1234) for path in paths]
    root = ET.fromstring(written(PlaylistFormat.XSPF, *tracks, name=text, description=text))
    listed = json.loads(written(PlaylistFormat.JSPF, *tracks, name=text, description=text))["playlist"]
    locations = [each.text for each in root.findall("x:trackList/x:track/x:location", NS)]

    assert root.tag == f"{{{XSPF_NAMESPACE}}}playlist"
    assert locations == [each["location"][0] for each in listed["track"]]
    assert [os.fsdecode(unquote_to_bytes(urlsplit(each).path)) for each in locations] == paths
    assert all(each.isascii() for each in locations)
    assert listed["title"] == text
    assert [each["title"] for each in listed["track"]] == [text] * len(paths)
    assert [each.text for each in root.findall("x:trackList/x:track/x:duration", NS)] == ["1234"] * len(paths)


def test_m3u8_is_what_players_expect():
    """The file has lengths in seconds, artist and title in one line, and plain paths where a line can hold them."""
    content = written(
        PlaylistFormat.M3U8,
        track("Björk/Jóga.flac", "Jóga", "Björk", duration_ms=305_400),
        track("#1/a.mp3", "One\r\nTwo", None),
        track("a\nb.mp3"),
        track(None, "Gone"),
    )

    assert content.decode().splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:Mix",
        "#EXTINF:305,Björk - Jóga",
        "Björk/Jóga.flac",
        "#EXTINF:-1,One Two",
        "./#1/a.mp3",
        "#EXTINF:-1,A - T",
        "a%0Ab.mp3",
        "# No file: A - Gone",
    ]


def test_a_track_without_a_file_has_no_location():
    """XSPF and JSPF keep its names and its id, so that another library can find it."""
    root = ET.fromstring(written(PlaylistFormat.XSPF, track(None, "Gone")))
    [listed] = json.loads(written(PlaylistFormat.JSPF, track(None, "Gone")))["playlist"]["track"]

    assert root.find("x:trackList/x:track/x:location", NS) is None
    assert root.find("x:trackList/x:track/x:title", NS).text == "Gone"
    assert listed == {"identifier": [f"urn:uuid:{TRACK_ID}"], "title": "Gone", "creator": "A"}


def test_characters_that_xml_forbids_are_replaced():
    """A control character in a title does not make the file invalid."""
    root = ET.fromstring(written(PlaylistFormat.XSPF, track("a.mp3", "a\x00b\x1fc")))

    assert root.find("x:trackList/x:track/x:title", NS).text == "a\ufffdb\ufffdc"


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_file_of_another_program_is_read(ending, bom):
    """Line endings, a byte order mark, empty lines, comments and attributes do not matter."""
    lines = [
        b"#EXTM3U",
        b"#PLAYLIST: Sunday ",
        b"",
        b'#EXTINF:208 logo="x",Maxstack - Awakening',
        b"  Music/Awakening.ogg  ",
        b"#EXTVLCOPT:network-caching=1000",
        b"Music/Nebula.ogg",
    ]
    read = read_m3u(bom + ending.join(lines))

    assert read.name == "Sunday"
    assert [(each.line, each.text, each.names, each.seconds) for each in read.entries] == [
        (5, "Music/Awakening.ogg", "Maxstack - Awakening", 208.0),
        (7, "Music/Nebula.ogg", None, None),
    ]


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("Björk/Jóga.mp3".encode(), "Björk/Jóga.mp3"),
        ("Björk/Jóga.mp3".encode("latin-1"), "Björk/Jóga.mp3"),
        (b"Bj\xf6rk.mp3", "Bj\udcf6rk.mp3"),
        (rb"D:\Music\Maxstack\Nebula.ogg", "D:/Music/Maxstack/Nebula.ogg"),
        (rb"\\server\music\a.mp3", "//server/music/a.mp3"),
        (rb"Maxstack\Nebula.ogg", "Maxstack/Nebula.ogg"),
        (rb"AC\DC/x.mp3", r"AC\DC/x.mp3"),
        (b"file:///home/ada/Music/a%20b.mp3", "/home/ada/Music/a b.mp3"),
        (b"file:///D:/Music/a.mp3", "D:/Music/a.mp3"),
        (b"file://nas/music/%FF.mp3", "/music/\udcff.mp3"),
        (b"50%25%20off.mp3", "50%25%20off.mp3"),
        (b"50%25%20off.mp3", "50% off.mp3"),
    ],
)
def test_paths_of_all_kinds_are_understood(line, path):
    """UTF-8 and Latin-1, Windows and URLs: one of the readings is the path."""
    [entry] = read_m3u(line).entries

    assert is_found(path, entry)


def test_an_address_of_the_internet_is_no_path():
    """The entry stays, so that it is reported, but nothing of it is looked up."""
    [entry] = read_m3u(b"#EXTINF:1,A - T\nhttps://example.org/a.mp3\n").entries

    assert entry.paths == ()
    assert entry.names == "A - T"


@given(content=st.binary(max_size=400))
def test_any_content_can_be_read(content):
    """No content makes the reader fail."""
    for entry in read_m3u(content).entries:
        assert entry.line >= 1
        assert entry.text


@pytest.mark.parametrize(
    ("name", "file"),
    [("Été", "Été.xspf"), ("a/b:c\n", "a_b_c_.xspf"), ("...", "playlist.xspf"), ("AC/DC?", "AC_DC_.xspf")],
)
def test_file_names_are_safe(name, file):
    """A file name contains nothing that a file system refuses."""
    assert file_name_of(name, PlaylistFormat.XSPF) == file


def test_a_location_is_a_url():
    """Absolute paths are file URLs; relative ones are references whose first part is no scheme."""
    assert location_of("/music/a b#1.mp3") == "file:///music/a%20b%231.mp3"
    assert location_of("a:b/c?.mp3") == "a%3Ab/c%3F.mp3"
