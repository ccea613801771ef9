"""The cover of a file is the picture in it, or one with a known name beside it."""

import os
from pathlib import Path

import pytest

from services.covers.files import CoverFiles, CoverSize
from services.ingest.covers import NOTHING, fingerprint_beside, picture_beside
from services.ingest.tags import picture_inside
from services.ingest.tags.source import MAX_BYTES
from tests.fakes.covers import BLUE, RED, embed, jpeg, write_beside, write_silence

COVER = "0" * 32


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".ogg", ".opus"])
def test_the_picture_in_a_file_is_found(tmp_path, suffix):
    """In ID3, in FLAC's block and in the comments of Vorbis and Opus, byte for byte."""
    path = write_silence(tmp_path / f"song{suffix}")
    content = jpeg(RED)
    assert read(path) is None

    embed(path, content)

    assert read(path) == content


def read(path):
    with path.open("rb") as stream:
        return picture_inside(stream)


def test_a_picture_beyond_the_limit_is_not_read(tmp_path):
    """The limit of tags applies: 16 MiB for each file."""
    path = embed(write_silence(tmp_path / "song.mp3"), b"\xff" * (MAX_BYTES + 1))

    assert read(path) is None


def test_a_damaged_file_has_no_picture(tmp_path):
    """Damage ends the search."""
    path = tmp_path / "song.flac"
    path.write_bytes(b"fLaC" + os.urandom(200))

    assert read(path) is None


def test_the_case_of_names_does_not_matter_and_their_order_does(tmp_path):
    """`cover` goes before `folder` and `folder` before `front`."""
    song = tmp_path / "song.flac"
    for name in ("scan.jpg", "cover.gif", "Front.JPEG", "FOLDER.Png", "Cover.JPG"):
        write_beside(tmp_path, name, BLUE) if name != "cover.gif" else (tmp_path / name).write_bytes(b"GIF89a")

    found = []
    for name in ("Cover.JPG", "FOLDER.Png", "Front.JPEG"):
        found.append(Path(picture_beside(str(song)).path).name)
        (tmp_path / name).unlink()

    assert found == ["Cover.JPG", "FOLDER.Png", "Front.JPEG"]
    assert picture_beside(str(song)) is None
    assert fingerprint_beside(str(song)) == NOTHING


def test_the_fingerprint_changes_with_the_picture(tmp_path):
    """Another picture, or the same name with other content, has another fingerprint."""
    song = str(tmp_path / "song.flac")
    write_beside(tmp_path, "folder.jpg", RED)
    first = fingerprint_beside(song)
    assert first == fingerprint_beside(song)

    os.utime(tmp_path / "folder.jpg", ns=(1, 1))
    second = fingerprint_beside(song)
    write_beside(tmp_path, "cover.jpg", RED)

    assert len({NOTHING, first, second, fingerprint_beside(song)}) == 4


def test_a_missing_folder_has_no_picture(tmp_path):
    """A disk may be away."""
    assert picture_beside(str(tmp_path / "gone" / "song.flac")) is None


@pytest.fixture
def files(tmp_path):
    return CoverFiles(tmp_path / "covers")


def test_a_cover_is_stored_in_all_sizes(files):
    """It is there when every size is."""
    files.write(COVER, dict.fromkeys(list(CoverSize)[:2], b"x"))
    assert not files.has(COVER)

    files.write(COVER, dict.fromkeys(CoverSize, b"y"))

    assert files.has(COVER)
    assert files.path(COVER, CoverSize.ROW).read_bytes() == b"y"


def test_covers_without_a_track_are_deleted(files):
    """Old files only: a worker may have stored a young one just now. Drafts of dead processes go too."""
    used, unused, young = COVER, "1" * 32, "2" * 32
    for cover in (used, unused, young):
        files.write(cover, dict.fromkeys(CoverSize, b"x"))
    draft = files.path(used, CoverSize.ROW).with_name("tmpabc.part")
    draft.write_bytes(b"x")
    for path in (files.path(used, CoverSize.ROW), draft, *(files.path(unused, size) for size in CoverSize)):
        os.utime(path, (1, 1))

    assert files.sweep({used}) == 4
    assert (files.has(used), files.has(unused), files.has(young)) == (True, False, True)
    assert not draft.exists()


def test_sweeping_without_a_folder_does_nothing(files):
    """No cover was stored yet."""
    assert files.sweep(set()) == 0
