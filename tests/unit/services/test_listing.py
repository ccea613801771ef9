"""Scans leave out what systems create and what patterns name, and list everything else."""

import os
from pathlib import Path

import pytest

from services.domain.errors import NotConfigured
from services.domain.failure import FailureKind
from services.ingest.ignore import IGNORE_FILE, Choice
from services.ingest.listing import list_audio
from services.ingest.scan import ScanRules, root_of_scan
from services.settings import load_settings


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


def create(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def listed(root, choice=None, folder=None):
    listing = list_audio(str(folder or root), str(root), choice)
    return sorted(os.path.relpath(path, root) for path in listing.files)


@pytest.mark.parametrize(
    "folder",
    [
        *(
            ".git",
            ".Trash-1000",
            ".AppleDouble",
            ".snapshot",
            "__MACOSX",
            "#recycle",
            "#snapshot",
            "@eaDir",
            "@Recycle",
        ),
        *("$RECYCLE.BIN", "System Volume Information", "lost+found"),
    ],
)
def test_folders_of_systems_are_left_out(root, folder):
    """Recycle bins, snapshots and hidden folders hold no music, wherever they are."""
    create(root, "a.mp3", f"{folder}/b.mp3", f"Band/{folder}/deep/c.mp3", f"{folder}.mp3")

    assert listed(root) == sorted(["a.mp3", f"{folder}.mp3"])


def test_names_that_only_look_special_are_ordinary(root):
    """Dot files, folders whose names begin with two dots, and names that are no UTF-8 or in either Unicode form."""
    names = (
        *(".hidden.mp3", "...And Justice/One.mp3", "..And/Two.mp3", "bad\udcff/\udcfe.mp3"),
        *("Bjo\u0308rk/\xe9.mp3", "Bj\xf6rk/e\u0301.mp3"),
    )
    create(root, *names, "._hidden.mp3")

    assert listed(root) == sorted(names)


def test_the_list_of_names_is_a_setting(root, monkeypatch):
    """A value replaces the whole list."""
    create(root, "#recycle/a.mp3", "Bin/b.mp3", ".dots/c.mp3")
    monkeypatch.setenv("SEGUE_SYSTEM_NAMES", "#recycle/, Bin/")

    assert listed(root, Choice.of(load_settings())) == [".dots/c.mp3"]


def test_settings_exclude_and_include(root, monkeypatch):
    """What is excluded is not taken even if it is included."""
    create(root, "a.mp3", "Music/b.mp3", "Music/c.wav", "Music/Audiobooks/d.mp3", "Other/e.flac")
    monkeypatch.setenv("SEGUE_EXCLUDE", "Audiobooks/,*.wav")
    monkeypatch.setenv("SEGUE_INCLUDE", "Music/,*.flac")

    assert listed(root, Choice.of(load_settings())) == ["Music/b.mp3", "Other/e.flac"]


def test_a_pattern_that_is_none_is_refused_at_the_start(monkeypatch):
    """The error names the setting."""
    monkeypatch.setenv("SEGUE_EXCLUDE", "Audiobooks/,!")
    with pytest.raises(NotConfigured, match="SEGUE_EXCLUDE"):
        load_settings()


def test_ignore_files_apply_below_their_folder(root):
    """A deeper file takes precedence, also over the settings; a scan of a part reads the files above it."""
    create(root, "a.mp3", "Talk/b.mp3", "Band/live/c.mp3", "Band/live/d.mp3", "Band/._e.mp3", "Talk/Band/f.mp3")
    (root / IGNORE_FILE).write_text("# spoken word\n/Talk/\n**/live/*\n")
    (root / "Band" / IGNORE_FILE).write_text("!live/d.mp3\n!._e.mp3\n")

    assert listed(root) == ["Band/._e.mp3", "Band/live/d.mp3", "a.mp3"]
    assert listed(root, folder=root / "Band" / "live") == ["Band/live/d.mp3"]
    assert listed(root, folder=root / "Talk" / "Band") == []


def test_a_pattern_fits_both_unicode_forms(root):
    """Names of macOS are decomposed, and editors write composed letters."""
    create(root, "Ho\u0308rbuch/a.mp3", "b.mp3")
    (root / IGNORE_FILE).write_text("H\xf6rbuch/\n", encoding="utf-8")

    assert listed(root) == ["b.mp3"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [("!\n", "Invalid"), ("*a*a*a*a*b.mp3\n", "wildcards"), ("x" * 70_000, "larger than")],
)
def test_a_folder_whose_ignore_file_cannot_be_used_is_reported(root, content, reason):
    """Nothing in it is taken or forgotten, because nobody knows what its owner wants left out."""
    create(root, "a.mp3", "Band/b.mp3")
    (root / "Band" / IGNORE_FILE).write_text(content)
    listing = list_audio(str(root))

    assert list(listing.files) == [str(root / "a.mp3")]
    assert reason in listing.unreadable[str(root / "Band")].reason
    assert listing.unreadable[str(root / "Band")].kind == FailureKind.UNREADABLE
    assert listing.missing([(str(root / "Band" / "b.mp3"), str(root))]) == []


def test_an_ignore_file_that_is_a_link_is_not_read(root, tmp_path):
    """Its target could be any file, which a message would then quote."""
    (tmp_path / "private").write_text("*secret*secret*secret*secret*")
    (root / IGNORE_FILE).symlink_to(tmp_path / "private")
    [cause] = list_audio(str(root)).unreadable.values()

    assert "secret" not in cause.reason


def test_a_scan_of_a_folder_that_is_left_out_is_a_library_of_its_own(root):
    """Whoever scans a hidden folder wants its music."""
    hidden = root / ".demo"
    hidden.mkdir()

    assert root_of_scan(str(hidden), [str(root)], ScanRules()) == str(hidden)
    assert root_of_scan(str(root), [str(root)], ScanRules()) == str(root)


def test_a_link_to_the_root_is_neither_followed_nor_reported(root):
    """The walk finds its target anyway, and comes to an end."""
    create(root, "Band/a.mp3")
    (root / "Band" / "all").symlink_to(root)
    (root / "Band" / "self").symlink_to("self")
    listing = list_audio(str(root / "Band"), str(root))

    assert [Path(path).name for path in listing.files] == ["a.mp3"]
    assert listing.unreadable == {}
