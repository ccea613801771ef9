"""Search, seeds and paths on an index in memory."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from services.domain.errors import TrackNotFound
from services.domain.filters import Filters, Range
from services.domain.listening import Profile, Taste
from services.domain.question import Question
from services.recommend import Recommender
from services.recommend.path import Paths
from services.recommend.penalties import TARGET_WINDOW
from services.recommend.rank import RankingContext, RankingOptions
from services.recommend.search import POOL_GROWTH, POOL_PER_TASTE, Search, Searcher, random_profile, without_artists
from services.recommend.seeds import (
    DIRECTIONS_PER_SEED,
    by_artist,
    exemplars,
    exemplars_by_name,
    of_genre,
    random_directions,
    seed_weights,
)
from tests.fakes.music import NOON, ExactIndex, MemoryTracks, Song, embedded, random_songs

AXES = np.eye(128, dtype=np.float32)


def unit(vector):
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def songs_of(*artists, genre="Folk"):
    """Songs around one axis, the first nearest to it."""
    return [
        Song(
            embedded(
                f"{n:03}", unit(AXES[0] + 0.01 * n * AXES[1]), f"T {n}", artist, None, 100_000 + 9_000 * n, genre=genre
            ),
            genre,
        )
        for n, artist in enumerate(artists)
    ]


def search(**changed):
    wanted = {
        "profile": Profile((Taste(AXES[0], 1.0, ()),), ()),
        "tracks": {},
        "filters": Filters(),
        "exclude": frozenset(),
        "excluded_recordings": (),
        "options": RankingOptions(limit=3, max_per_artist=None, max_per_album=None),
    }
    return Search(**wanted | changed)


def chosen(songs, wanted):
    index = ExactIndex(songs)
    result = Searcher(MemoryTracks(songs), index).choose(wanted)
    return [choice.candidate.id for choice in result.choices], index


def test_the_pool_grows_until_the_answer_is_full():
    """If all but the last tracks are copies of an excluded recording, the first pool is not enough."""
    copies = [
        Song(embedded(f"copy {n:03}", unit(AXES[0] + 0.001 * AXES[2 + n % 90]), "x", None, None, 50_000))
        for n in range(POOL_PER_TASTE + 5)
    ]
    others = songs_of("A", "B", "C")
    found, index = chosen([*copies, *others], search(excluded_recordings=[copies[0].track]))

    assert sorted(found) == ["000", "001", "002"]
    assert [query.limit for query in index.asked] == [POOL_PER_TASTE, POOL_GROWTH * POOL_PER_TASTE]


def test_an_answer_is_short_if_the_library_has_no_more():
    """One query is enough: the pool is not full."""
    found, index = chosen(songs_of("A", "B"), search())

    assert sorted(found) == ["000", "001"]
    assert len(index.asked) == 1


def test_only_given_ids_are_chosen():
    """A track must meet filters, exclusions and `only`."""
    songs = [*songs_of(*"ABCDEF"), Song(embedded("rock", AXES[0], "rock"), "Rock")]
    wanted = search(
        filters=Filters(any_of={"genre": ("FOLK",)}), exclude=frozenset({"001"}), only={"001", "002", "rock"}
    )

    assert chosen(songs, wanted)[0] == ["002"]


def test_the_pool_has_other_artists_if_a_gap_is_required():
    """If one artist fills the pool, the index is queried again without this artist."""
    songs = songs_of(*["Crowd"] * (POOL_PER_TASTE + 10), "Other", "Third")
    options = RankingOptions(limit=3, max_per_artist=None, max_per_album=None, artist_gap=2)
    found, index = chosen(songs, search(options=options))
    artists = [next(song.track.artist for song in songs if song.track.id == name) for name in found]

    assert all(one != other for one, other in pairwise(artists))
    assert index.asked[-1].filters.none_of == {"artist": ("crowd",)}


def test_the_pool_has_other_genres_if_a_maximum_is_set():
    """If one genre fills the pool, the index is queried again without it."""
    folk = songs_of(*[f"Artist {number}" for number in range(2 * POOL_PER_TASTE)])
    rock = [
        Song(replace(song.track, id=f"rock {n}", vector=AXES[5 + n], genres=("rock",)), "Rock")
        for n, song in enumerate(songs_of("A", "B"))
    ]
    options = RankingOptions(limit=4, max_per_genre=2)
    found, index = chosen([*folk, *rock], search(options=options))

    assert len(found) == 4
    assert {"rock 0", "rock 1"} <= set(found)
    assert index.asked[-1].filters.none_of == {"genre": ("folk",)}


def test_the_artist_gap_counts_from_the_previous_track():
    """The first track is not by the artist that was played just before."""
    songs = songs_of("A", "A", "B")
    options = RankingOptions(limit=1, artist_gap=2)
    context = RankingContext(previous=[embedded("p", AXES[5], "p", "a")])

    assert chosen(songs, search(options=options, context=context))[0] == ["002"]


def test_targets_add_a_query_around_them():
    """The query is within the filters; targets outside of the filters add none."""
    songs = songs_of("A")
    options = RankingOptions(limit=1, targets={"energy": 0.5})
    filters = Filters({"energy": Range(min=0.45)})
    asked = chosen(songs, search(options=options, filters=filters))[1].asked
    outside = chosen(songs, search(options=options, filters=Filters({"energy": Range(min=0.9)})))[1].asked

    assert [query.filters.ranges["energy"] for query in asked] == [Range(0.45), Range(0.45, 0.5 + TARGET_WINDOW)]
    assert len(outside) == 1


def test_excluded_artists_are_added_to_those_excluded_already():
    """An empty list changes nothing."""
    filters = Filters(none_of={"artist": ("a",)})

    assert without_artists(filters, frozenset("cb")).none_of == {"artist": ("a", "b", "c")}
    assert without_artists(filters, frozenset()) is filters


def test_a_random_profile_depends_on_its_seed():
    """The profile consists of unit vectors, the same for the same seed, negative seeds included."""
    one, again, other = (random_profile(seed, 128).tastes for seed in (3, 3, -4))

    assert [taste.vector.tolist() for taste in one] == [taste.vector.tolist() for taste in again]
    assert one[0].vector.tolist() != other[0].vector.tolist()
    assert np.linalg.norm(random_directions(5, 4, 400), axis=1) == pytest.approx([1] * 4, abs=1e-6)


def test_similar_tracks_leave_out_copies_of_the_track_and_of_each_other():
    """Copies of excluded tracks are left out too, even if the answer is then short."""
    seed = embedded("seed", AXES[0], "Seed", "A", None, 100_000)
    twin = embedded("twin", unit(AXES[0] + 0.01 * AXES[1]), "Seed", "A", None, 100_500)
    out = embedded("out", unit(AXES[0] + 0.5 * AXES[2]), "Out", "B", None, 200_000)
    out_copy = embedded("out2", unit(AXES[0] + 0.51 * AXES[2]), "Out", "B", None, 200_500)
    new = embedded("new", unit(AXES[0] + AXES[3]), "New", "C", None, 300_000)
    songs = [Song(track) for track in (seed, twin, out, out_copy, new)]
    recommender = Recommender(MemoryTracks(songs), ExactIndex(songs), lambda: NOON, half_life_days=30)

    assert [each.track_id for each in recommender.similar("seed", limit=9, exclude=["out"])] == ["new"]
    assert [each.track_id for each in recommender.similar("seed", limit=9)] == ["out", "new"]


def test_seeds_have_the_same_weight_whatever_their_number_of_tracks():
    """Tracks that are not ready are left out; a track of two seeds counts for both."""
    assert seed_weights([["a", "b", "gone"], ["b"], []], {"a", "b"}) == {"a": 0.5, "b": 1.5}


def test_exemplars_are_all_tracks_of_a_small_seed_and_some_of_a_large_one():
    """Exemplars are in the order of the filters; a filter that no track meets has none."""
    index = ExactIndex([*songs_of(*["Many"] * 60), *songs_of("Few", genre="Rock")])
    few, many, none = exemplars(index, [by_artist("FEW"), by_artist("many"), by_artist("nobody")], drawn=3)

    assert few == ("000",)
    assert 3 <= len(many) <= 3 * DIRECTIONS_PER_SEED
    assert none == ()
    assert exemplars(index, []) == []


def test_a_genre_name_matches_genres_and_tags():
    """Tracks that meet either filter represent the name."""
    tagged = Song(embedded("tagged", AXES[1], ""), "Rock", ("folk",))

    assert exemplars_by_name(ExactIndex([*songs_of("A"), tagged]), {"folk": (of_genre("Folk"),), "x": ()}) == {
        "folk": ("000", "tagged"),
        "x": (),
    }


def test_seeded_recommendations_come_from_every_seed():
    """Their own tracks may be returned unless they are excluded; without ready tracks the result is empty."""
    songs = random_songs(60)
    recommender = Recommender(MemoryTracks(songs), ExactIndex(songs), lambda: NOON, half_life_days=30)
    seeds = [[songs[0].track.id, songs[6].track.id], [songs[1].track.id]]
    found = recommender.seeded(seeds, Question(limit=10))
    genres = {song.track.id: song.genre for song in songs}

    assert {genres[each.track_id] for each in found} >= {"Genre 0", "Genre 1"}
    assert recommender.seeded([["gone"], []], Question()) == ()


CIRCLE = [
    Song(
        embedded(
            f"{degrees:03}", unit(np.cos(np.radians(degrees)) * AXES[0] + np.sin(np.radians(degrees)) * AXES[1]), ""
        )
    )
    for degrees in range(0, 91, 3)
]


def path(songs, start, end, **asked):
    return [step.track_id for step in Paths(MemoryTracks(songs), ExactIndex(songs)).between(start, end, **asked)]


def test_a_path_is_evenly_spaced_on_the_great_circle():
    """Both ends are included, and each track is at its place."""
    assert path(CIRCLE, "000", "090", steps=4) == ["000", "030", "060", "090"]
    assert path(CIRCLE, "090", "000", steps=4) == ["090", "060", "030", "000"]


def test_a_path_has_fewer_tracks_if_the_library_has_no_more():
    """Filters hold for the tracks in between; two steps are the ends alone."""
    few = [CIRCLE[0], CIRCLE[10], CIRCLE[-1]]

    assert path(few, "000", "090", steps=9) == ["000", "030", "090"]
    assert path(few, "000", "090", steps=9, filters=Filters(any_of={"genre": ("folk",)})) == ["000", "090"]
    assert path(CIRCLE, "000", "090", steps=2) == ["000", "090"]


def test_a_path_from_a_track_to_itself_is_that_track():
    """Its similarity is 1."""
    [step] = Paths(MemoryTracks(CIRCLE), ExactIndex(CIRCLE)).between("030", "test:10", steps=5)

    assert (step.track_id, step.similarity) == ("030", 1.0)


def test_the_ends_of_a_path_must_exist():
    """The error names the id."""
    with pytest.raises(TrackNotFound, match="nobody"):
        path(CIRCLE, "000", "nobody", steps=3)


def test_no_recording_comes_twice_on_a_path():
    """A copy of a track in between is left out."""
    song, copy = (embedded(name, CIRCLE[10].track.vector, "S", "A", None, 99_000) for name in ("one", "two"))
    found = path([CIRCLE[0], CIRCLE[-1], Song(song), Song(copy)], "000", "090", steps=9)

    assert len(found) == 3


def test_similarities_are_those_of_neighbours():
    """Each similarity is the cosine of a track to the previous one."""
    steps = Paths(MemoryTracks(CIRCLE), ExactIndex(CIRCLE)).between("000", "090", steps=4)

    assert [step.similarity for step in steps] == pytest.approx([1, *[np.cos(np.radians(30))] * 3], abs=1e-5)


def test_opposite_ends_have_a_path():
    """No great circle is defined between them, so any is used."""
    songs = [*CIRCLE, Song(embedded("far", -AXES[0], ""))]

    found = path(songs, "000", "far", steps=4)

    assert (found[0], found[-1], len(found)) == ("000", "far", 4)
