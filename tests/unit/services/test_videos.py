"""Which tracks fit a video: mood, then energy, length and build."""

from services.domain.track import Track, TrackStatus
from services.index import Hit
from services.recommend.videos import Wanted, fitting

WANTED = Wanted(seconds=60, energy=0.8, valence=0.8, changes=True)


def track(name, energy=0.8, valence=0.8, seconds=200):
    return Track(
        id=name,
        title=name,
        artist=None,
        album=None,
        year=None,
        genre=None,
        duration_ms=round(1000 * seconds),
        path=None,
        status=TrackStatus.READY,
        reason=None,
        attributes={"energy": energy, "valence": valence},
        descriptors=None,
        model_version=None,
        ids={},
    )


def names(tracks, wanted=WANTED, dispersions=None, moods=None, limit=10):
    hits = [Hit(each.id, (moods or {}).get(each.id, 0.4)) for each in tracks]
    return [fit.track.id for fit in fitting(hits, {each.id: each for each in tracks}, dispersions or {}, wanted, limit)]


def test_energy_and_valence_decide_between_tracks_of_one_mood():
    """The lively track comes before the gloomy one."""
    assert names([track("gloomy", 0.1, 0.1), track("lively")])[0] == "lively"


def test_a_much_better_mood_wins():
    """A small difference of energy does not outweigh the mood."""
    assert names([track("near", 0.6), track("far")], moods={"near": 0.6, "far": 0.3})[0] == "near"


def test_a_track_that_is_too_short_yields():
    """Half of the length costs; a longer track costs nothing, because it can be cut."""
    assert names([track("short", seconds=30), track("long", seconds=600)])[0] == "long"


def test_a_clip_that_changes_gets_a_varied_track():
    """And a steady clip gets an even one."""
    tracks, dispersions = [track("even"), track("varied")], {"even": 0.05, "varied": 0.3}
    steady = Wanted(60, 0.8, 0.8, changes=False)

    assert names(tracks, dispersions=dispersions)[0] == "varied"
    assert names(tracks, steady, dispersions)[0] == "even"


def test_tracks_that_left_the_library_are_left_out():
    """The index may know more than the catalogue."""
    assert fitting([Hit("gone", 0.9)], {}, {}, WANTED, 5) == []
