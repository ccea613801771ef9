"""Paths inside the library roots are distinguished from paths outside by their real location."""

import os
from pathlib import Path

import pytest

from services.domain.errors import PathNotScannable
from services.ingest.listing import OUTSIDE_LIBRARY, list_audio
from services.ingest.roots import NotARegularFile, OutsideLibrary, check_inside, contains, open_inside
from services.ingest.scan import library_root


@pytest.mark.parametrize(
    ("path", "inside"),
    [("/music", True), ("/music/a/b.mp3", True), ("/music-other/a.mp3", False), ("/", False), ("/mus", False)],
)
def test_a_root_contains_itself_and_its_files(path: str, inside: bool):  # noqa: FBT001
    """A path whose name only starts like a root is outside."""
    assert contains(("/elsewhere", "/music"), path) == inside


def test_without_roots_everything_is_allowed():
    """None allows any path, and an empty tuple allows none."""
    check_inside("/etc", None)

    assert contains(None, "/etc")
    with pytest.raises(PathNotScannable, match="SEGUE_LIBRARY_ROOTS is not set"):
        check_inside("/etc", ())


def test_a_link_out_of_the_root_is_not_opened(tmp_path: Path):
    """The real path of the opened file decides, not the requested path."""
    root = tmp_path / "music"
    root.mkdir()
    (tmp_path / "private.mp3").write_bytes(b"private")
    (root / "song.mp3").write_bytes(b"song")
    (root / "inside.mp3").symlink_to("song.mp3")
    (root / "outside.mp3").symlink_to(tmp_path / "private.mp3")
    os.mkfifo(root / "pipe.mp3")

    opened, real_path = open_inside(str(root / "inside.mp3"), str(root))
    with opened:
        assert (opened.read(), real_path) == (b"song", str(root / "song.mp3"))
    with pytest.raises(OutsideLibrary):
        open_inside(str(root / "outside.mp3"), str(root))
    with pytest.raises(OutsideLibrary):
        open_inside(str(root / "song.mp3"), str(root), (str(tmp_path / "other"),))
    with pytest.raises(NotARegularFile):
        open_inside(str(root / "pipe.mp3"), str(root))


def test_audio_files_are_listed_in_order(tmp_path: Path):
    """Audio files are listed, also hidden ones; other types, hidden folders and links out are not."""
    root = tmp_path / "music"
    for name in ("b.mp3", "a/c.FLAC", "song.m4a", "cover.jpg", ".hidden.mp3", ".folder/x.mp3"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / "again").symlink_to(root / "a")
    (root / "a" / "whole").symlink_to(root)
    (root / "out").symlink_to(tmp_path)
    listing = list_audio(str(root))

    assert [Path(path).relative_to(root).as_posix() for path in listing.files] == [
        ".hidden.mp3",
        "b.mp3",
        "song.m4a",
        "a/c.FLAC",
    ]
    assert listing.unreadable == {str(root / "out"): OUTSIDE_LIBRARY}


def test_the_nearest_known_root_is_chosen():
    """A scan inside a known library belongs to the innermost root that contains the folder."""
    roots = ["/music", "/music/live", "/mus"]

    assert library_root("/music/live/2020", roots) == "/music/live"
    assert library_root("/music/studio", roots) == "/music"
    assert library_root("/other", roots) == "/other"
