"""Ids of other systems' clients, songs with these ids, Spotify's conditions, and equal weights of seeds."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.compat.ids import (
    Namespace,
    from_short,
    short,
)
from services.api.compat.spotify.schemas import SpotifyQuery
from services.api.compat.subsonic.songs import song
from services.domain.filters import Range
from services.domain.track import NamedArtist, Track, TrackStatus
from services.recommend.seeds import seed_weights


@given(st.uuids())
def test_a_short_id_decodes_to_its_track(track):
    """A short id has 22 letters and digits."""
    written = short(str(track))

    assert len(written) == 22
    assert written.isascii()
    assert written.isalnum()
    assert from_short(written) == str(track)


def test_short_ids_cover_all_track_ids():
    """The smallest and the largest id have one; a larger number is not an id."""
    assert short(str(uuid.UUID(int=0))) == "0" * 22
    assert from_short(short(str(uuid.UUID(int=2**128 - 1)))) == str(uuid.UUID(int=2**128 - 1))
    assert from_short("Z" * 22) is None


@pytest.mark.parametrize("text", ["", "-", "a b", "ä", "Abba", "Z" * 22, "1" * 10_000, "test:1", "\0"])
def test_other_words_are_not_ids(text):
    """Text of another length, or with other letters, is refused."""
    assert from_short(text) is None


def test_every_seed_has_the_same_weight():
    """The weight of a seed is divided among its tracks; tracks that are not ready have none."""
    weights = seed_weights([("a",), ("b", "c", "gone", "c"), ("a", "b"), ("gone",), ()], {"a", "b", "c"})

    assert weights == {"a": 1.5, "b": 1.0, "c": 0.5}


TRACK = Track(
    id="5e0c1f0a-7f5b-8d7e-9a43-0d6f6f1c2b11",
    title="Title",
    artist="Artist",
    album="Album",
    year=None,
    genre=None,
    duration_ms=1600,
    path="a/Title.OGG",
    status=TrackStatus.READY,
    reason=None,
    attributes={},
    descriptors={"tempo": 89.6},
    model_version="test-1",
    ids={"navidrome": "nd1", "isrc": "X1"},
    artists=(NamedArtist("ar-1", "Artist"), NamedArtist("ar-2", "Guest")),
    genres=("Rock", "Pop"),
    album_id="al-1",
)


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        (Namespace(), TRACK.id),
        (Namespace("navidrome"), "nd1"),
        (Namespace("isrc", prefixed=True), "isrc:X1"),
        (Namespace("subsonic"), TRACK.id),
    ],
)
def test_a_track_is_named_in_the_clients_namespace(namespace, name):
    """A track without an id in the namespace has its Segue id."""
    assert namespace.id_of(TRACK) == name


def test_a_song_has_the_metadata_of_its_track():
    """Lengths are rounded to seconds and the tempo to beats per minute; absent values are absent."""
    shown = song(TRACK, Namespace(), 40_000)

    assert (shown["duration"], shown["bpm"], shown["suffix"], shown["contentType"]) == (2, 90, "ogg", "audio/ogg")
    assert shown["genres"] == [{"name": "Rock"}, {"name": "Pop"}]
    assert (shown["artistId"], shown["albumId"], shown["parent"]) == ("ar-1", "al-1", "al-1")
    assert (shown["coverArt"], shown["size"], shown["bitRate"]) == ("al-1", 40_000, 200)
    assert shown["artists"] == [{"id": "ar-1", "name": "Artist"}, {"id": "ar-2", "name": "Guest"}]
    assert shown["isrc"] == ["X1"]
    assert "year" not in shown


def test_a_song_of_another_system_has_no_ids_of_artist_and_album():
    """The other system does not have Segue's ids of artists and albums."""
    assert {"artistId", "albumId", "parent", "coverArt"}.isdisjoint(song(TRACK, Namespace("navidrome")))


def test_spotify_conditions_apply_to_the_numbers_of_unknown_values():
    """A track with an unknown liveness counts as 0, and one without a key as −1."""
    query = SpotifyQuery.model_validate({"seed_tracks": "a", "max_liveness": 0.8, "min_key": 0, "target_energy": 0.5})

    assert query.filters().ranges == {"liveness": Range(None, 0.8), "key": Range(0, None)}
    assert query.filters().or_unknown == {"liveness"}
    assert query.targets() == {"energy": 0.5}


def test_spotify_seeds_are_separated_by_commas():
    """Spaces, empty parts and duplicates are removed."""
    query = SpotifyQuery.model_validate({"seed_tracks": "a, b,,a", "seed_genres": "folk"})

    assert (query.tracks, query.artists, query.genres) == (["a", "b"], [], ["folk"])
