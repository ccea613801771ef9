"""How many tracks a path has, one track per artist, and variety."""

from itertools import pairwise

import numpy as np
import pytest

from services.domain.question import PathOptions
from services.domain.track import EMBEDDING_DIM
from services.recommend.path import SMOOTH, Paths
from tests.fakes.music import ExactIndex, Song, catalogue_of, embedded


def arc(degrees, aside=0.0):
    """A point on the great circle from the first axis to the second, turned aside towards the third."""
    point = np.zeros(EMBEDDING_DIM)
    along, away = np.radians(degrees), np.radians(aside)
    point[:3] = np.cos(along) * np.cos(away), np.sin(along) * np.cos(away), np.sin(away)
    return point.astype(np.float32)


def library(*tracks):
    """Paths in a library with these tracks: an id, a point, and an artist of its own unless one is given."""
    songs = [
        Song(embedded(name, point, f"Title {name}", artist=artist[0] if artist else f"Artist {name}", duration_ms=n))
        for n, (name, point, *artist) in enumerate(tracks)
    ]
    return Paths(catalogue_of(songs).tracks, ExactIndex(songs))


def ids(steps):
    return [step.track_id for step in steps]


def test_a_path_stops_where_more_tracks_would_break_it():
    """A track far aside is left out although the path may be longer."""
    paths = library(("a", arc(0)), ("b", arc(20)), ("far", arc(45, 85)), ("c", arc(70)), ("z", arc(90)))
    steps = paths.between("a", "z", steps=25)

    assert ids(steps) == ["a", "b", "c", "z"]
    assert min(step.similarity for step in steps) == pytest.approx(np.cos(np.radians(50)), abs=1e-3)


def test_a_path_is_as_long_as_it_may_be_where_its_hops_are_smooth():
    """Also if a shorter one had smoother hops."""
    places = [0, 3, 5, 8, 11, 12, 16, 40, 60]
    paths = library(*((f"{place:02}", arc(place, aside=(place % 3) * 12)) for place in places))
    steps = paths.between("00", "60", steps=len(places))

    assert len(steps) == len(places)
    assert min(step.similarity for step in steps) >= SMOOTH


def test_no_hop_of_a_library_in_parts_gets_much_worse():
    """Between two groups that have nothing in common, the path crosses the gap once, where it is narrowest."""
    groups = [(f"{side}{n}", arc(side * 80 + 4 * n, 3 * (n % 2))) for side in (0, 1) for n in range(4)]
    steps = library(*groups).between("00", "13", steps=25)
    weak = [step for step in steps if step.similarity < SMOOTH]

    assert len(steps) == len(groups)
    assert [step.track_id for step in weak] == ["10"]


@pytest.mark.parametrize(("steps", "expected"), [(1, ["a"]), (2, ["a", "z"])])
def test_a_short_path_has_its_ends(steps, expected):
    """A single step is the start."""
    paths = library(("a", arc(0)), ("b", arc(30)), ("z", arc(60)))

    assert ids(paths.between("a", "z", steps=steps)) == expected


def test_each_artist_comes_once_if_asked():
    """The track that is nearest to its neighbours stays; the artists of the ends do not come again."""
    tracks = [("a", arc(0), "First"), ("z", arc(90), "Last"), ("y", arc(80), "Last"), ("x", arc(10), "First")]
    tracks += [(f"m{n}", arc(10 * n + 10, n % 2), f"Artist {n % 3}") for n in range(7)]
    paths = library(*tracks)
    artists = {name: artist for name, _, artist in tracks}
    once = ids(paths.between("a", "z", steps=11, options=PathOptions(one_per_artist=True)))

    assert len(ids(paths.between("a", "z", steps=11))) == 11
    assert (once[0], once[-1], len(once)) == ("a", "z", 5)
    assert len({artists[name] for name in once}) == len(once)


def test_variety_changes_a_path_and_a_seed_repeats_it():
    """Whatever is drawn, the path leads forward without a bad hop."""
    tracks = [("a", arc(0)), ("z", arc(80))]
    tracks += [(f"{n:03}", arc(1 + 0.75 * n, 8 * np.sin(n))) for n in range(100)]
    paths = library(*tracks)
    found = [
        ids(paths.between("a", "z", steps=8, options=PathOptions(variety=1.0, seed=seed))) for seed in (1, 1, 2, 3)
    ]
    places = dict(tracks)

    assert found[0] == found[1]
    assert len({tuple(each) for each in found}) == 3
    assert found[0] != ids(paths.between("a", "z", steps=8))
    for each in found:
        assert all(float(places[one] @ places[other]) >= SMOOTH for one, other in pairwise(each))
