"""Each external id has one form, however it is written."""

import pytest

from services.domain.external_ids import canonical_name, canonical_value

UUID = "aaaaaaaa-2222-4333-8444-555555555511"


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("isrc:US-RC1-76-07809", "isrc:USRC17607809"),
        ("ISRC: gb aye 06 01498 ", "isrc:GBAYE0601498"),
        ("isrc:ISRC US\u2010RC1\u201076\u201007809", "isrc:USRC17607809"),
        (f"mbid:{UUID.upper()}", f"mbid:{UUID}"),
        (f"MBID:https://musicbrainz.org/recording/{UUID}", f"mbid:{UUID}"),
        ("navidrome:D41D8CD98F00B204E9800998ECF8427E", "navidrome:D41D8CD98F00B204E9800998ECF8427E"),
        (f"plex:{UUID.upper()}", f"plex:{UUID.upper()}"),
        ("isrc:x-1", "isrc:X1"),
        ("spotify:a:b", "spotify:a:b"),
    ],
)
def test_an_id_has_one_form(name, canonical):
    """Only ISRCs and MusicBrainz ids have spellings; ids of media servers and others are texts."""
    assert canonical_name(name) == canonical
    assert canonical_name(canonical) == canonical


@pytest.mark.parametrize("name", ["", "word", ":value", "isrc:", "isrc:-", "mbid: ", f"{'n' * 33}:v", f"n:{'v' * 256}"])
def test_a_text_without_namespace_or_value_is_no_id(name):
    """Neither is one that the catalogue cannot store."""
    assert canonical_name(name) is None


def test_two_uuids_are_no_musicbrainz_id():
    """A value that names two recordings is kept as it is."""
    assert canonical_value("mbid", f"{UUID}; {UUID.upper()}") == f"{UUID}; {UUID.upper()}"
