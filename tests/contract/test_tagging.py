"""A track has the tags of the best of its files."""

from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import pytest
from sqlalchemy import select

from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.catalog.tables import LocationRow, TrackArtistRow, TrackGenreRow, TrackRow
from services.domain.listening import Description, EventKind, NewListen
from services.domain.track import TAGS_VERSION, Analysis, TagRules, Tags

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
ANALYSIS = Analysis(np.eye(128, dtype=np.float32)[0], 0.1, {}, {"duration": 200.0}, {}, "m1")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
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


def test_artists_that_a_file_lists_are_found_one_by_one(catalogue):
    """Picard's ARTISTS beside the credit; the credit is what is shown, and finds the track as well."""
    tags = Tags("Song", ("Ann & Bob vs. Cid",), "Album", single_artists=("Ann & Bob", "Cid"))
    add(catalogue, "a.flac", tags)
    with catalogue.database.read() as session:
        query = select(TrackArtistRow.role, TrackArtistRow.name).order_by(TrackArtistRow.role, TrackArtistRow.position)
        stored = [tuple(row) for row in session.execute(query)]
    listens = [
        NewListen(described=Description(artist=artist, title="Song"), at=NOON)
        for artist in ("Cid", "Ann and Bob", "Ann & Bob vs. Cid", "Bob")
    ]
    found = [each.track_id for each in catalogue.listens.add("ada", listens)]

    assert stored == [("artist", "Ann & Bob"), ("artist", "Cid"), ("credit", "Ann & Bob vs. Cid")]
    assert found == [ONE, ONE, ONE, None]
    assert catalogue.tracks.get(ONE).artist == "Ann & Bob vs. Cid"


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


def rated(tmp_path, rules):
    """A catalogue whose files are registered by these rules."""
    catalogue = Catalogue.open(f"sqlite+pysqlite:///{tmp_path / 'catalogue.db'}", rules=rules)
    catalogue.migrate()
    return catalogue


def verdicts(catalogue, listener="ada"):
    return {each.track_id: str(each.kind) for each in catalogue.listens.page(listener).listens}


ADAS = TagRules(ratings_of="ada")


def test_ratings_are_first_verdicts_of_one_listener(tmp_path):
    """Five and four stars are a like, one star a dislike, at the time when the track came into the library."""
    with closing(rated(tmp_path, ADAS)) as catalogue:
        for number, rating in enumerate((1.0, 0.8, 0.6, 0.4, 0.2, None)):
            add(catalogue, f"{number}.flac", Tags("Song", rating=rating), f"track-{number}")
        [like] = [each for each in catalogue.listens.page("ada").listens if each.track_id == "track-0"]

        assert verdicts(catalogue) == {"track-0": "like", "track-1": "like", "track-4": "dislike"}
        assert like.at == catalogue.tracks.get("track-0").added_at
        assert catalogue.listens.rejected("ada") == {"track-4"}
        assert verdicts(catalogue, "other") == {}


def test_a_rating_never_replaces_what_the_listener_said(tmp_path):
    """Neither a verdict nor its removal; a new rating replaces only the verdict of the old one."""
    with closing(rated(tmp_path, ADAS)) as catalogue:
        add(catalogue, "1.flac", Tags("Song", rating=1.0), ONE)
        add(catalogue, "1.flac", Tags("Song", rating=0.2), ONE)
        changed = verdicts(catalogue)
        catalogue.listens.judge("ada", None, NewListen(names=(ONE,), at=NOON))
        add(catalogue, "1.flac", Tags("Song (2)", rating=0.2), ONE)
        removed = verdicts(catalogue)
        add(catalogue, "2.flac", NONE, TWO)
        catalogue.listens.add("ada", [NewListen(names=(TWO,), kind=EventKind.BAN, at=NOON)])
        add(catalogue, "2.flac", Tags("Song", rating=1.0), TWO)

        assert (changed, removed, verdicts(catalogue)) == ({ONE: "dislike"}, {}, {TWO: "ban"})


def test_a_rating_that_goes_takes_its_verdict_along(tmp_path):
    """A track that has three stars now is neither liked nor disliked."""
    with closing(rated(tmp_path, ADAS)) as catalogue:
        add(catalogue, "1.flac", Tags("Song", rating=1.0), ONE)
        add(catalogue, "1.flac", Tags("Song", rating=0.6), ONE)

        assert verdicts(catalogue) == {}


@pytest.mark.parametrize("is_first", [True, False])
def test_a_verdict_on_the_old_encoding_holds(tmp_path, is_first):
    """A rating in a better encoding replaces no ban of the file before, whichever comes first: file or deletion."""
    same = {"ids": {"isrc": ("USRC17607810",)}}
    with closing(rated(tmp_path, ADAS)) as catalogue:
        add(catalogue, "1.mp3", Tags("Song", **same), ONE)
        catalogue.analyses.record(ONE, ANALYSIS)
        catalogue.listens.add("ada", [NewListen(names=(ONE,), kind=EventKind.BAN, at=NOON)])
        if is_first:
            add(catalogue, "1.flac", Tags("Song", rating=1.0, **same), TWO)
        catalogue.library.forget_files(["/music/1.mp3"])
        add(catalogue, "1.flac", Tags("Song", rating=1.0, **same), TWO)
        catalogue.analyses.record(TWO, ANALYSIS)
        add(catalogue, "1.flac", Tags("Song", rating=0.8, **same), TWO)

        assert TWO in catalogue.listens.rejected("ada")


def test_the_setting_takes_the_ratings_of_the_library_once(catalogue):
    """When the listener is set later, or another one is; starting again changes nothing."""
    add(catalogue, "1.flac", Tags("Song", rating=1.0), ONE)
    add(catalogue, "2.flac", Tags("Song", rating=0.2), TWO)
    catalogue.listens.add("ada", [NewListen(names=(TWO,), kind=EventKind.LIKE, at=NOON)])
    adopted = [catalogue.ratings.adopt(listener) for listener in (None, "ada", "ada", "bob")]
    catalogue.listens.judge("bob", None, NewListen(names=(ONE,), at=NOON))

    assert adopted == [0, 2, 0, 2]
    assert verdicts(catalogue) == {ONE: "like", TWO: "like"}
    assert catalogue.ratings.adopt("bob") == 0
    assert verdicts(catalogue, "bob") == {TWO: "dislike"}


def test_separators_split_names_and_other_ones_let_files_be_read_again(tmp_path):
    """ "A / B" is two artists where the setting says so, and is shown as it is written."""
    with closing(rated(tmp_path, TagRules((";", " / ")))) as catalogue:
        catalogue.library.adopt_separators()
        add(catalogue, "a.flac", Tags("Song", ("Ann / Bob; AC/DC",), genres=("Rock / Pop",)))
        catalogue.library.adopt_separators()
        unchanged = [each.tags_version for each in catalogue.library.known_files("/music").values()]
        with catalogue.database.read() as session:
            names = session.scalars(
                select(TrackArtistRow.name).where(TrackArtistRow.role == "artist").order_by(TrackArtistRow.position)
            ).all()
            genres = session.scalars(select(TrackGenreRow.name).order_by(TrackGenreRow.position)).all()

        assert (names, genres) == (["Ann", "Bob", "AC/DC"], ["Rock", "Pop"])
        assert catalogue.tracks.get(ONE).artist == "Ann / Bob; AC/DC"
    with closing(rated(tmp_path, TagRules())) as catalogue:
        catalogue.library.adopt_separators()

        assert unchanged == [TAGS_VERSION]
        assert [each.tags_version for each in catalogue.library.known_files("/music").values()] == [0]
