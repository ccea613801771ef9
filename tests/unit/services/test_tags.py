"""Fields become tags: texts that are safe to store, numbers within their limits, ids in one form."""

import io

import pytest

from services.ingest.tags import read_tags
from services.ingest.tags.source import Damaged, LimitExceeded, Source
from services.ingest.tags.values import MAX_TEXT_LENGTH
from tests.fakes.tagged import MBID, comments, flac


def tags_of(*pairs):
    return read_tags(io.BytesIO(flac((4, comments(*pairs)))), fallback_title="01 - song")


def test_a_file_without_tags_gets_the_fallback_title():
    """Without tags, the fallback becomes the title and nothing else is known."""
    assert tags_of().to_json() == {"title": "01 - song"}
    assert read_tags(io.BytesIO(), fallback_title="\0").title == "Untitled"


def test_unsafe_text_is_sanitised():
    """Control characters become spaces, long texts are cut, and what is then empty is unknown."""
    tags = tags_of(("TITLE", "a\0b\nc" + "x" * 9999), ("DATE", "soon"), ("GENRE", "\x1f"), ("ARTIST", " \ud7ff "))

    assert tags.title.startswith("a b c")
    assert len(tags.title) == MAX_TEXT_LENGTH
    assert (tags.year, tags.genres, tags.artists) == (None, (), ("\ud7ff",))


def test_without_an_artist_it_is_the_album_artist():
    """So that the track has a name in lists."""
    assert tags_of(("ALBUMARTIST", "Band")).artists == ("Band",)


@pytest.mark.parametrize(
    ("pairs", "place"),
    [
        ((("TRACKNUMBER", "07/12"),), (7, 12)),
        ((("TRACKNUMBER", "7"), ("TOTALTRACKS", "12")), (7, 12)),
        ((("TRACKNUMBER", "0"),), (None, None)),
        ((("TRACKNUMBER", "-1"),), (None, None)),
        ((("TRACKNUMBER", "10000/99"),), (None, 99)),
        ((("TRACKNUMBER", "A1"),), (None, None)),
        ((("TRACKNUMBER", "9" * 30),), (None, None)),
    ],
)
def test_numbers_and_totals_of_tracks(pairs, place):
    """In one field or two; a number outside of 1 to 9,999 is unknown."""
    tags = tags_of(*pairs)

    assert (tags.track_number, tags.track_total) == place


@pytest.mark.parametrize(
    ("written", "year"),
    [("2003", 2003), ("2003-04-05", 2003), ("05.04.2003", 2003), ("20030405", 2003), ("0000", None), ("12345", None)],
)
def test_years_are_found_in_dates(written, year):
    """Wherever the year stands in the date."""
    assert tags_of(("DATE", written)).year == year


def test_the_date_goes_before_the_year():
    """Some taggers write the original year into YEAR."""
    tags = tags_of(("YEAR", "1975"), ("DATE", "2003"), ("ORIGINALYEAR", "1970"))

    assert (tags.year, tags.original_year) == (2003, 1970)


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        (("US-RC1-76-07809",), ("USRC17607809",)),
        (("usrc17607809; GBAYE0601498",), ("USRC17607809", "GBAYE0601498")),
        (("GBAYE0601498/USRC17607809", "GBAYE0601498"), ("GBAYE0601498", "USRC17607809")),
        (("none",), None),
        (("0",), None),
    ],
)
def test_isrcs_have_one_form(written, ids):
    """Without hyphens, in capitals, each once; what is no ISRC would join unrelated tracks and is left out."""
    assert tags_of(*(("ISRC", each) for each in written)).ids.get("isrc") == ids


@pytest.mark.parametrize("written", [MBID.upper(), f"https://musicbrainz.org/recording/{MBID}", f"x {MBID}"])
def test_musicbrainz_ids_have_one_form(written):
    """The identifier alone, in small letters."""
    assert tags_of(("MUSICBRAINZ_TRACKID", written)).ids == {"mbid": (MBID,)}


def test_an_id_of_zeros_is_none():
    """Some programs write it for an unknown recording."""
    assert tags_of(("MUSICBRAINZ_TRACKID", "00000000-0000-0000-0000-000000000000")).ids == {}


@pytest.mark.parametrize(
    ("name", "written", "rating"),
    [
        ("FMPS_RATING", "0.8", 0.8),
        ("FMPS_RATING", "0", None),
        ("RATING", "5", 1),
        ("RATING", "1", 0.2),
        ("RATING", "80", 0.8),
        ("RATING", "0.4", 0.4),
        ("RATING", "1.0", 1),
        ("RATING", "255", None),
        ("RATING", "good", None),
        ("RATING:quodlibet@example.org", "0.75", 0.75),
    ],
)
def test_ratings_are_shares(name, written, rating):
    """FMPS and Quod Libet write shares; a field RATING is a share, stars or a percentage."""
    assert tags_of((name, written)).rating == rating


@pytest.mark.parametrize(
    ("name", "written", "gain"),
    [
        ("REPLAYGAIN_TRACK_GAIN", "-7.34 dB", -7.34),
        ("REPLAYGAIN_TRACK_GAIN", "+1,5 dB", 1.5),
        ("REPLAYGAIN_TRACK_GAIN", "500 dB", None),
        ("R128_TRACK_GAIN", "-1280", 0.0),
        ("REPLAYGAIN_TRACK_GAIN", "nan", None),
    ],
)
def test_gains_are_in_decibels(name, written, gain):
    """R128 gains, in 1/256 dB below another reference, become ReplayGain."""
    assert tags_of((name, written)).replay_gain == gain


@pytest.mark.parametrize(("written", "bpm"), [("128", 128), ("127,9", 127.9), ("0", None), ("5000", None), ("?", None)])
def test_tempos_are_plausible(written, bpm):
    """A tempo of zero is what taggers write for an unknown one."""
    assert tags_of(("BPM", written)).bpm == bpm


@pytest.mark.parametrize(("written", "compilation"), [("1", True), ("true", True), ("0", False), ("", False)])
def test_compilations_are_marked(written, compilation):
    """By 1 or a word."""
    assert tags_of(("COMPILATION", written)).compilation is compilation


def test_a_source_counts_bytes_and_reads():
    """Reading up to a limit works and one byte or read more raises; bytes beyond the file do not count."""
    source = Source(io.BytesIO(bytes(range(100))), max_bytes=10, reads=iter(range(3)))
    assert source.at(96, 2**40) == bytes((96, 97, 98, 99))
    assert source.at(100, 5) == source.at(-1, 5) == b""
    assert source.exactly(0, 6) == bytes(range(6))
    with pytest.raises(LimitExceeded):
        source.at(0, 1)
    with pytest.raises(LimitExceeded):
        Source(io.BytesIO(bytes(10)), reads=iter(())).at(0, 1)


def test_a_source_that_ends_too_early_is_damaged():
    """What must be complete is not read in part."""
    with pytest.raises(Damaged):
        Source(io.BytesIO(bytes(3))).exactly(1, 3)


def test_reads_of_bytes_in_memory_count_for_their_file():
    """A file of many tags has no new limit for each."""
    source = Source(io.BytesIO(bytes(10)), reads=iter(range(3)))
    inner = source.within(source.at(0, 5))
    inner.at(0, 5)
    source.within(inner.at(0, 5))
    with pytest.raises(LimitExceeded):
        source.at(0, 1)
