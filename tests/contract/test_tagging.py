"""A track has the tags of the best of its files."""

import pytest
from sqlalchemy import select

from services.catalog.library import FileStamp
from services.catalog.tables import LocationRow, TrackRow
from services.domain.track import TAGS_VERSION, Tags

ONE, TWO = "00000000-0000-5000-8000-000000000001", "00000000-0000-5000-8000-000000000002"
FULL = Tags(
    "Song",
    ("Band", "Guest"),
    "Original",
    ("Band",),
    ("Rock", "Pop"),
    year=1975,
    original_year=1974,
    disc_number=1,
    disc_total=2,
    track_number=3,
    track_total=12,
    composers=("Ann", "Bob"),
    bpm=120.5,
    key="Am",
    comment="Hello",
    compilation=True,
    release_mbid="aaaaaaaa-2222-4333-8444-555555555511",
    replay_gain=-7.5,
    has_lyrics=True,
    rating=0.8,
    ids={"isrc": ("USRC17607810",)},
)
NONE = Tags("track01")


def add(catalogue, name, tags, track_id=ONE):
    catalogue.library.register(track_id, tags, FileStamp(f"/music/{name}", "/music", 1, 1))


def shown(catalogue, track_id=ONE):
    track = catalogue.tracks.get(track_id)
    return track.title, track.artist, track.album, track.year


@pytest.mark.parametrize("names", [("a/song.flac", "b/track01.flac"), ("b/track01.flac", "a/song.flac")])
def test_a_copy_without_tags_hides_none(catalogue, names):
    """Whichever file is read first; and when the copy goes, nothing changes."""
    for name in names:
        add(catalogue, name, FULL if "song" in name else NONE)
    with_copy = shown(catalogue)
    catalogue.library.forget_files(["/music/b/track01.flac"])

    assert with_copy == shown(catalogue) == ("Song", "Band, Guest", "Original", 1975)


def test_the_tags_of_a_deleted_file_go(catalogue):
    """What is left decides, also the ids; a track without any file keeps its tags."""
    add(catalogue, "hits.flac", FULL)
    add(catalogue, "song.flac", Tags("Song", ("Band",), "First", ids={"mbid": ("m",)}))
    both = catalogue.tracks.get(ONE).ids
    catalogue.library.forget_files(["/music/hits.flac"])
    left = catalogue.tracks.get(ONE)
    catalogue.library.forget_files(["/music/song.flac"])

    assert set(both) == {"isrc", "mbid"}
    assert (left.album, left.year, left.genre, set(left.ids)) == ("First", None, None, {"mbid"})
    assert shown(catalogue) == ("Song", "Band", "First", None)


def test_of_equally_tagged_files_the_first_decides(catalogue):
    """So that a track does not change with the order of a scan."""
    add(catalogue, "a.flac", Tags("One", ("Band",)))
    add(catalogue, "b.flac", Tags("Two", ("Band",)))
    add(catalogue, "a.flac", Tags("One", ("Band",)))

    assert shown(catalogue)[0] == "One"


def test_a_title_that_is_the_name_of_the_file_counts_for_nothing(catalogue):
    """A file with nothing but a title is better than one without tags."""
    add(catalogue, "track01.flac", NONE)
    add(catalogue, "x.flac", Tags("Song"))

    assert shown(catalogue)[0] == "Song"


def test_a_file_with_other_audio_takes_its_tags_along(catalogue):
    """The track that held the file before has the tags of its other file."""
    add(catalogue, "a.flac", FULL)
    add(catalogue, "b.flac", Tags("Copy"))
    add(catalogue, "a.flac", Tags("New"), TWO)

    assert (shown(catalogue)[0], shown(catalogue, TWO)[0]) == ("Copy", "New")


def test_every_tag_is_stored(catalogue):
    """In the columns of the track, and of each file with the version of the reader."""
    add(catalogue, "a.flac", FULL)
    [known] = catalogue.library.known_files("/music").values()
    with catalogue.database.read() as session:
        row = session.get(TrackRow, ONE)
        [stored] = session.scalars(select(LocationRow.tags))

    assert (known.tags_version, Tags.from_json(stored)) == (TAGS_VERSION, FULL)
    assert (row.composer, row.tag_bpm, row.tag_key, row.comment) == ("Ann, Bob", 120.5, "Am", "Hello")
    assert (row.original_year, row.disc_total, row.track_total) == (1974, 2, 12)
    assert (row.compilation, row.release_mbid, row.replay_gain) == (True, FULL.release_mbid, -7.5)
    assert (row.has_lyrics, row.rating) == (True, 0.8)
