"""A file is complete when its writer has closed it, or when it has not changed for a while."""

import pytest

from services.ingest.changes import OPEN_SECONDS, UNKNOWN_SECONDS, Changes, Writing
from services.ingest.listing import list_audio
from services.ingest.observe import Change, Poll


@pytest.fixture
def changes():
    return Changes(settle_seconds=2, grace_seconds=30)


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.mp3"
    path.write_bytes(b"half")
    return path


@pytest.mark.parametrize(
    ("writing", "patience"),
    [(Writing.CLOSED, 2), (Writing.UNKNOWN, UNKNOWN_SECONDS), (Writing.OPEN, OPEN_SECONDS)],
)
def test_a_file_is_complete_when_it_has_not_changed(changes, song, writing, patience):
    """How long depends on what is known about its writer. It is returned once."""
    changes.touch(str(song), 100, writing)
    assert changes.due(100 + patience - 0.1) == ([], [])
    assert changes.count_present(str(song.parent)) == 1
    assert changes.due(100 + patience) == ([str(song)], [])
    assert changes.due(1000) == ([], [])
    assert str(song) not in changes


def test_a_copy_that_stalls_waits_until_it_is_closed(changes, song):
    """Writes without an event count too; a later event about attributes does not make it complete."""
    changes.touch(str(song), 0, Writing.OPEN)
    assert changes.due(20) == ([], [])
    song.write_bytes(b"whole song")
    assert changes.due(OPEN_SECONDS + 1) == ([], [])
    changes.touch(str(song), OPEN_SECONDS + 2)
    assert changes.due(OPEN_SECONDS + 10) == ([], [])
    changes.touch(str(song), OPEN_SECONDS + 11, Writing.CLOSED)
    assert changes.due(OPEN_SECONDS + 13) == ([str(song)], [])


def test_an_empty_file_waits_for_its_content(changes, song):
    """A program creates a file before it writes to it."""
    song.write_bytes(b"")
    changes.touch(str(song), 0, Writing.CLOSED)
    assert changes.due(OPEN_SECONDS - 1) == ([], [])
    song.write_bytes(b"song")
    assert changes.due(OPEN_SECONDS) == ([], [])
    assert changes.due(OPEN_SECONDS + 2) == ([str(song)], [])


def test_a_deletion_waits_for_the_grace_period(changes, song):
    """A file that is replaced meanwhile is a change."""
    song.unlink()
    changes.touch(str(song), 0)
    assert changes.due(29) == ([], [])
    song.write_bytes(b"again")
    assert changes.due(29.5) == ([], [])
    assert changes.due(32) == ([str(song)], [])

    song.unlink()
    changes.touch(str(song), 100)
    assert changes.due(130) == ([], [str(song)])


def test_a_file_that_cannot_be_looked_at_is_not_deleted(changes, tmp_path):
    """Its folder cannot be followed for a while, as on a server that does not respond."""
    song = tmp_path / "Album" / "song.mp3"
    song.parent.symlink_to(song.parent)
    changes.touch(str(song), 0)
    assert changes.due(31) == ([], [])
    song.parent.unlink()
    song.parent.mkdir()
    song.write_bytes(b"song")
    assert changes.due(32) == ([], [])
    assert changes.due(34) == ([str(song)], [])


def test_polling_finds_what_has_changed(tmp_path, song):
    """The first look is the state to compare with; the next ones come after the interval."""
    poll = Poll(lambda: list_audio(str(tmp_path)), every_seconds=60)
    (tmp_path / "old.mp3").touch()
    assert poll.changes(0) == []
    (tmp_path / "old.mp3").unlink()
    (tmp_path / "new.mp3").touch()
    song.write_bytes(b"whole song")
    assert poll.changes(59) == []
    names = ("new.mp3", "old.mp3", "song.mp3")
    assert poll.changes(600) == [Change(str(tmp_path / name), Writing.UNKNOWN) for name in names]
    assert poll.changes(6000) == []


def test_polling_leaves_only_what_cannot_be_listed_undecided(tmp_path, song):
    """Links out of the library and damaged patterns do not hide the changes of the rest, nor look like deletions."""
    inside = tmp_path / "Album" / "a.mp3"
    inside.parent.mkdir()
    inside.touch()
    poll = Poll(lambda: list_audio(str(tmp_path)), every_seconds=1)
    poll.changes(0)
    (tmp_path / "Elsewhere").symlink_to("/usr")
    patterns = inside.with_name(".segueignore")
    patterns.write_bytes(b"\xff")
    song.unlink()
    assert poll.changes(100) == [Change(str(song), Writing.UNKNOWN)]
    patterns.unlink()
    assert poll.changes(200) == []
    inside.unlink()
    assert poll.changes(300) == [Change(str(inside), Writing.UNKNOWN)]
