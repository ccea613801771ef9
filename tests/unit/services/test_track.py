"""Tags as they are shown and stored."""

import json

from services.domain.track import Tags

FULL = Tags(
    "Song",
    ("Anna", "Bertil"),
    "Album",
    ("Anna",),
    ("Rock", "Pop"),
    year=2003,
    disc_number=1,
    composers=("Carl",),
    bpm=120.5,
    compilation=True,
    rating=0.0,
    ids={"isrc": ("USRC17607810", "GBAYE0601498")},
)


def test_several_values_are_shown_as_one_text():
    """Artists, album artists and genres are joined with commas; without any they are None."""
    assert (FULL.artist, FULL.album_artist, FULL.genre) == ("Anna, Bertil", "Anna", "Rock, Pop")
    assert (Tags("Song").artist, Tags("Song").album_artist, Tags("Song").genre) == (None, None, None)


def test_tags_survive_json():
    """What is stored is only what is set, a rating of zero included, and it is read back unchanged."""
    assert Tags.from_json(json.loads(json.dumps(FULL.to_json()))) == FULL
    assert FULL.to_json()["rating"] == 0
    assert Tags("Song").to_json() == {"title": "Song"}
