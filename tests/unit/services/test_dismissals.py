"""Dismissed tastes and stable ids of tastes, on a library in memory."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from services.domain.listening import EventKind, ListenEvent, NewListen, Profile, Remembered, StoredTaste, Taste, plays
from services.domain.question import Question
from services.recommend import Recommender
from services.recommend.dismissals import avoiding, centre_of, without_dismissed
from services.recommend.penalties import avoidance_penalty
from services.recommend.tastes import NO_PLAYS_ID, Tastes
from tests.fakes.music import NOON, ExactIndex, catalogue_of
from tests.fakes.station import KINDS, SONGS, Station, id_of, numbers

AMBIENT, FOLK, JAZZ, ROCK = (numbers(kind) for kind in range(len(KINDS)))
LIMIT = 8


def dismissed(*tracks):
    return StoredTaste(id="unwanted", label="unwanted", plays=tuple(map(id_of, tracks)), dismissed_at=NOON)


def past(*tracks, **more):
    events = tuple(ListenEvent(id_of(number), at=NOON - timedelta(hours=1)) for number in tracks)
    return Remembered(events=events, heard={event.track_id: NOON for event in events}, **more)


@pytest.fixture
def recommender():
    catalogue = catalogue_of(SONGS)
    return Recommender(catalogue.tracks, ExactIndex(SONGS), lambda: NOON, half_life_days=30)


def kinds(recommender, remembered, **more):
    question = Question(remembered=remembered, limit=LIMIT, max_per_artist=None, max_per_album=None, **more)
    return [KINDS[int(each.track_id) // 12] for each in recommender.recommend(question).recommendations]


def test_plays_of_a_dismissed_taste_have_no_weight(recommender):
    """The other taste takes every place."""
    both = past(*AMBIENT[:4], *ROCK[:4])

    assert set(kinds(recommender, both)) == {"Ambient", "Rock"}
    assert set(kinds(recommender, replace(both, dismissed=(dismissed(*ROCK[:4]),)))) == {"Ambient"}


def test_later_plays_of_a_dismissed_kind_are_no_taste(recommender):
    """Tracks that were not part of the dismissed taste are left out because they are near to its centre."""
    later = past(*AMBIENT[:2], *ROCK[4:8], dismissed=(dismissed(*ROCK[:4]),))

    assert set(kinds(recommender, later)) == {"Ambient"}


def test_without_another_taste_the_answer_comes_from_elsewhere(recommender):
    """Nothing of the dismissed kind comes first, and no taste explains the answer."""
    only = past(*ROCK[:4], dismissed=(dismissed(*ROCK[:4]),))
    answer = recommender.recommend(Question(remembered=only, limit=LIMIT))

    assert answer.tastes == ()
    assert "Rock" not in kinds(recommender, only)


def test_what_a_request_plays_itself_counts(recommender):
    """The history of the request may be of a dismissed kind, even one of its tracks."""
    remembered = past(*AMBIENT[:4], dismissed=(dismissed(*ROCK[:4]),))

    assert "Rock" in kinds(recommender, remembered, history=plays([id_of(ROCK[0])]))


def test_rejections_in_a_dismissed_taste_still_count():
    """Only positive weights are taken away."""
    weights = {"a": 1.0, "b": -1.0, "c": 2.0}

    assert without_dismissed(weights, [StoredTaste(id="x", label="", plays=("a", "b"))], ()) == {"b": -1.0, "c": 2.0}
    assert without_dismissed(weights, [StoredTaste(id="x", label="", plays=("a", "b"))], {"a"}) == weights


def test_the_centre_of_a_taste_is_that_of_its_tracks_in_the_library():
    """Tracks that left the library do not count; without any there is no centre."""
    tracks = {song.track.id: song.track for song in SONGS[:2]}
    taste = dismissed(0, 1, 99)
    expected = tracks[id_of(0)].vector + tracks[id_of(1)].vector

    assert centre_of(taste, tracks) == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)
    assert centre_of(dismissed(99), tracks) is None


def test_a_taste_without_plays_is_not_of_a_dismissed_kind():
    """The taste of words has no plays: whoever asks for a kind of music gets it."""
    vector = SONGS[0].track.vector
    profile = Profile((Taste(vector, 1.0, ()),), ())

    assert avoiding(profile, (vector,), {}, ()) == replace(profile, avoided=(vector,))


def test_only_tracks_nearer_to_a_dismissed_taste_are_penalised():
    """The penalty is the surplus of cosine; a track of a taste close to the dismissed one has none."""
    x, y = np.eye(128)[:2]
    between = (x + y) / np.sqrt(2)

    assert avoidance_penalty(np.stack([x, y, between]), [x], [y]) == pytest.approx([0.0, 1.0, 0.0])
    assert avoidance_penalty(np.stack([x]), [x], []).tolist() == [0.0]


@pytest.fixture
def listening():
    """A catalogue whose listens a test sets, and the tastes made from them."""
    catalogue, index = catalogue_of(SONGS), ExactIndex(SONGS)
    return catalogue, Tastes(catalogue, Recommender(catalogue.tracks, index, lambda: NOON, half_life_days=30))


def hear(catalogue, *tracks, kind=EventKind.PLAY):
    """Replace the listens of ada."""
    catalogue.listens.kept["ada"] = [NewListen(names=(id_of(number),), kind=kind, at=NOON) for number in tracks]


def ids(tastes, number):
    """The id of the taste that a song is behind."""
    return next(each.id for each in tastes.of("ada").tastes if id_of(number) in each.described.plays)


def test_a_taste_keeps_its_id_while_it_grows_and_while_others_come(listening):
    """Another kind gets another id, and a kind that was gone for a while gets its old one."""
    catalogue, found = listening
    hear(catalogue, *ROCK[:3])
    rock = ids(found, ROCK[0])
    hear(catalogue, *ROCK[:8], *JAZZ[:3])
    jazz = ids(found, JAZZ[0])
    assert ids(found, ROCK[7]) == rock != jazz
    hear(catalogue, *JAZZ[:3])
    assert ids(found, JAZZ[0]) == jazz
    hear(catalogue, *ROCK[4:8], *JAZZ[:3])

    assert (ids(found, ROCK[4]), ids(found, JAZZ[0])) == (rock, jazz)


def test_the_taste_of_rejections_has_a_fixed_id_and_is_not_stored(listening):
    """It has no plays, so there is nothing to recognise it by."""
    catalogue, found = listening
    hear(catalogue, 0, kind=EventKind.DISLIKE)

    assert [each.id for each in found.of("ada").tastes] == [NO_PLAYS_ID]
    assert catalogue.tastes.shown == {}


def test_a_radio_of_a_listener_avoids_dismissed_tastes():
    """Its directions are made from the other tastes, and its tracks are of their kinds; seeds still win."""
    station = Station()
    hear(station.catalogue, *AMBIENT[:4], *ROCK[:4])
    station.catalogue.tastes.kept["ada"] = (dismissed(*ROCK[:4]),)
    session = station.start(listener="ada")
    found = [KINDS[int(pick.recommendation.track_id) // 12] for pick in station.next(session, limit=6).picks]
    seeded = station.start(ROCK[0], listener="ada")

    assert set(found) == {"Ambient"}
    assert [direction.taste.plays for direction in seeded.directions] == [(id_of(ROCK[0]),)]


def test_a_running_radio_drops_the_directions_of_a_taste_that_is_dismissed():
    """They are left at the next call; a taste that was dismissed before the session does not end its seeds."""
    station = Station()
    hear(station.catalogue, *AMBIENT[:4], *ROCK[:4])
    session = station.start(listener="ada")
    seeded = station.start(ROCK[0], listener="ada")
    assert len(session.directions) == 2
    station.catalogue.tastes.kept["ada"] = (replace(dismissed(*ROCK[:4]), dismissed_at=NOON + timedelta(minutes=1)),)
    after = [KINDS[int(pick.recommendation.track_id) // 12] for pick in station.next(session, limit=6).picks]
    station.catalogue.tastes.kept["ada"] = (dismissed(*ROCK[:4]),)
    wanted = [KINDS[int(pick.recommendation.track_id) // 12] for pick in station.next(seeded, limit=6).picks]

    assert set(after) == {"Ambient"}
    assert set(wanted) == {"Rock"}
