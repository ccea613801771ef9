"""Radio sessions on a library in memory: start, new directions, next tracks, and repeated calls."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from services.domain.errors import InvalidRequest, RadioBusy, RadioNotFound
from services.domain.filters import Filters, Range
from services.domain.listening import EventKind, ListenEvent, NewListen
from services.domain.question import Exclusion, Order
from services.domain.radio import Direction
from services.radio.directions import INITIAL_DIRECTIONS_MAX, DirectionFinder, evaluate, with_direction
from services.radio.next_tracks import BLOCK
from services.radio.sessions import ATTEMPTS, DIRECTIONS_MAX, NEW_DIRECTION_SHARE
from tests.fakes.music import NOON, ExactIndex, Song
from tests.fakes.station import PER_KIND, SONGS, Station, event, id_of, ids, kinds, numbers, skips


def artists(answer):
    return [SONGS[int(name)].track.artist for name in ids(answer)]


def test_seeds_that_resemble_each_other_are_one_direction():
    """Each kind of the seeds is a direction with its share."""
    view = Station().start(0, 1, 12)

    assert [each.taste.plays for each in view.directions] == [("000", "001"), ("012",)]
    assert [each.state.weight for each in view.directions] == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.parametrize(
    ("names", "kind"), [({"artists": ("FOLK 1",)}, 1), ({"genres": ("rock",)}, 3), ({"tags": ("Calm",)}, None)]
)
def test_names_are_represented_by_their_tracks(names, kind):
    """An artist, a genre or a tag becomes directions of its tracks, whatever its case."""
    view = Station().start(names=names)
    plays = [int(name) // PER_KIND for each in view.directions for name in each.taste.plays]

    assert set(plays) == ({kind} if kind is not None else {0, 1})


def test_a_name_weighs_as_much_as_a_track():
    """The number of tracks that represent it does not matter."""
    weights = [each.state.weight for each in Station().start(0, names={"genres": ("rock",)}).directions]

    assert weights == pytest.approx([0.5, 0.5])


def test_unknown_names_are_reported():
    """Unknown tracks, names, ids of the history and exclusions are listed."""
    view = Station().start(
        0, 99, history=[event(98)], names={"genres": ("polka",)}, exclude=Exclusion(tracks=("097", "001"))
    )

    assert view.unknown == ("099", "098", "097", "genre:polka")


def test_seeds_without_a_match_are_an_error():
    """If there is a history too, the seeds are ignored."""
    with pytest.raises(InvalidRequest, match="None of the seeds"):
        Station().start(99, names={"artists": ("Nobody",)})
    assert Station().start(99, history=[event(0)]).directions


def test_a_history_is_weighted_and_its_dislikes_are_excluded():
    """Likes make a direction; a disliked track is excluded and lowers the score of similar tracks."""
    station = Station()
    view = station.start(history=[event(0, EventKind.LIKE), event(1, EventKind.DISLIKE)])
    state = station.catalogue.radio.load(view.session.id)

    assert [each.taste.plays for each in view.directions] == [("000",)]
    assert {name: (track.position, track.barred) for name, track in state.tracks.items()} == {
        "001": (0, True),
        "000": (-1, False),
    }
    assert [(each.number, each.event.track_id) for each in state.events] == [(0, "001")]


def test_seeds_take_precedence_over_stored_listens():
    """Without seeds, the listens of the listener are the directions; with seeds, only their rejections count."""
    station = Station()
    station.catalogue.listens.add("ada", [NewListen(names=("012",), at=NOON)])

    assert [each.taste.plays for each in station.start(listener="ada").directions] == [("012",)]
    assert [each.taste.plays for each in station.start(0, listener="ada").directions] == [("000",)]


def test_excluded_seed_artists_become_filters():
    """None of their tracks is returned."""
    station = Station()
    view = station.start(0, exclude=Exclusion(artists=("folk 1",), seed_artists=True))

    assert view.session.terms.filters.none_of["artist"] == ("ambient 0", "folk 1")
    assert not {"Ambient 0", "Folk 1"} & set(artists(station.next(view, limit=40)))


def test_unheard_tracks_come_first_and_then_those_heard_longest_ago():
    """Every track comes once; the seed was heard first, so it comes again first."""
    station = Station()
    view = station.start(0)
    heard = []
    while len(heard) < len(SONGS) - 1:
        heard += ids(station.next(view, *map(event, map(int, heard[-6:])), limit=6))
    again = ids(station.next(view, *map(event, map(int, heard[-6:])), limit=6))

    assert sorted(heard[: len(SONGS) - 1]) == sorted(each.track.id for each in SONGS[1:])
    assert set(again) <= {id_of(0), *heard[:12]}


def test_a_track_that_was_not_reported_is_not_in_the_next_answer():
    """A player that fetches ahead has it in its queue; after another call it may be returned again."""
    station = Station()
    view = station.start(0, filters=Filters(any_of={"genre": ("ambient",)}))
    first, second, third = (ids(station.next(view, limit=limit)) for limit in (PER_KIND - 4, 10, 10))

    assert len(second) == 4  # with the seed, all others are in the queue
    assert not {*second} & {*first}
    assert len(third) == PER_KIND - 4
    assert {*third} == {*first}


@pytest.mark.parametrize("limit", [1, 5, 100])
def test_a_session_does_not_end_although_nothing_is_reported(limit):
    """Where the library has no others, even the tracks of the last answer come again: no answer is empty."""
    station = Station(SONGS[:5])
    view = station.start(0)
    answers = [ids(station.next(view, limit=limit)) for _ in range(12)]

    assert all(answers)
    assert {*answers[-1]} <= {each.track.id for each in SONGS[:5]}
    if limit > 5:
        assert [len(answer) for answer in answers] == [5] * 12


def test_a_reported_track_may_come_again_at_once():
    """It is returned only if no other track is left."""
    station = Station()
    view = station.start(0, filters=Filters(any_of={"genre": ("ambient",)}))
    first = ids(station.next(view, limit=100))

    assert sorted(ids(station.next(view, *map(event, map(int, first)), limit=100))) == sorted(first)


@pytest.mark.parametrize("kind", [EventKind.BAN, EventKind.DISLIKE])
def test_a_rejected_track_is_not_returned_again(kind):
    """A like makes it available again."""
    station = Station()
    view = station.start(0, filters=Filters(any_of={"genre": ("ambient",)}))
    station.next(view, limit=100)
    without = ids(station.next(view, event(5, kind), *map(event, range(6, 12)), limit=100))
    station.next(view, *map(event, numbers(0)))
    liked = ids(station.next(view, event(5, EventKind.LIKE), *map(event, range(6, 12)), limit=100))

    assert "005" not in without
    assert "005" in liked


def test_no_artist_comes_twice_in_a_row():
    """Within an answer and between calls, artists alternate as long as there are others."""
    station = Station()
    view = station.start(0, 1, 2)
    played = [artist for limit in (1, 1, 3, 2, 8, 1, 5) for artist in artists(station.next(view, limit=limit))]

    assert all(one != other for one, other in pairwise(played))


def test_a_session_has_no_maximum_per_artist_or_album():
    """All of twelve tracks of one genre by three artists are returned."""
    station = Station()
    view = station.start(0, filters=Filters(any_of={"genre": ("ambient",)}), variety=0)

    assert max(Counter(artists(station.next(view, limit=11))).values()) == 4


def test_other_encodings_of_a_returned_track_are_not_returned():
    """They are marked together with the track, so that no later call returns them either."""
    copy = replace(SONGS[5].track, id="copy", title="Title 5 (Remastered)")
    station = Station([*SONGS, Song(copy, "Ambient")])
    view = station.start(0)
    heard = [name for _ in range(6) for name in ids(station.next(view, limit=8))]

    assert len({"005", "copy"} & set(heard)) == 1


def test_directions_share_the_tracks_by_weight():
    """A direction of two seeds gets twice as many tracks as one of a single seed."""
    station = Station()
    found = kinds(station.next(station.start(0, 1, 12, variety=0), limit=6))

    assert (found[0], found[1]) == (4, 2)


@pytest.mark.parametrize("order", [Order.ENERGY_UP, Order.ENERGY_DOWN])
def test_each_answer_is_in_the_order_of_the_session(order):
    """With an order by energy, an artist may follow themselves."""
    station = Station()
    view = station.start(0, 12, order=order)
    for _ in range(2):
        energies = [SONGS[int(name)].track.measured["energy"] for name in ids(station.next(view))]

        assert energies == sorted(energies, reverse=order == Order.ENERGY_DOWN)


def test_a_direction_gets_another_waypoint_after_each_block():
    """Waypoints move a session away from its seed; they depend on the session's seed."""

    def waypoints(seed):
        station = Station()
        view = station.start(0, 12, seed=seed)
        found = []
        for _ in range(3):
            station.next(view, limit=BLOCK)
            found.append([each.waypoint for each in station.catalogue.radio.load(view.session.id).session.directions])
        return found

    first = waypoints(1)
    assert first[0] == [None, None]
    assert None not in first[1]
    assert first[1] != first[2]
    assert first == waypoints(1)
    assert first != waypoints(2)


def test_a_session_without_seeds_plays_several_kinds():
    """The first call opens directions from the whole library; the same seed opens the same."""
    station = Station()
    view = station.start()
    answer = station.next(view)
    directions = station.catalogue.radio.load(view.session.id).session.directions

    assert view.directions == ()
    assert 1 < len(directions) <= INITIAL_DIRECTIONS_MAX
    assert len(kinds(answer)) > 1
    other = Station()
    assert ids(answer) == ids(other.next(other.start()))


def test_three_skips_open_a_direction_of_another_kind():
    """A new direction opens when all others are inactive; tracks of the skipped kind become rare."""
    station = Station()
    view = station.start(0, 1)
    answer = station.next(view, *skips(2, 3, 4))

    assert [each.state.is_active for each in answer.directions] == [False, True]
    assert kinds(answer)[0] <= 1


def test_a_new_direction_keeps_apart_from_the_skipped_kind():
    """Its tracks are similar to each other and not to the skipped ones."""
    tracks = {each.track.id: each.track for each in SONGS}
    weights = dict.fromkeys(range(1, 4), -1.0)
    station = Station()
    view = station.start(0)
    station.next(view, *skips(1, 2, 3))
    state = station.catalogue.radio.load(view.session.id)
    current = evaluate((Direction(1, (("000", 1.0),)),), state.events, weights, tracks, frozenset())
    finder = DirectionFinder(station.catalogue.tracks, ExactIndex(SONGS))
    found = finder.elsewhere(current, 1, Filters(), frozenset(map(id_of, numbers(0))))

    assert len({int(name) // PER_KIND for name in found}) == 1
    assert max(float(current.centres[0] @ tracks[name].vector) for name in found) < 0.5
    assert finder.elsewhere(current, 1, Filters(ranges={"tempo": Range(min=999)}), frozenset()) == ()


def test_a_play_of_another_kind_opens_a_direction():
    """The new direction has half of the mean weight of the others."""
    station = Station()
    view = station.start(0)
    answer = station.next(view, event(12), limit=9)

    assert [each.taste.plays for each in answer.directions] == [("000",), ("012",)]
    assert answer.directions[1].state.weight == NEW_DIRECTION_SHARE
    assert kinds(answer)[0] > kinds(answer)[1] > 0


def test_the_oldest_direction_is_dropped_beyond_the_maximum():
    """Numbers are never used again."""
    directions = ()
    for number in range(1, DIRECTIONS_MAX + 3):
        directions = with_direction(directions, [str(number)], 1.0, 0, DIRECTIONS_MAX)

    assert [each.number for each in directions] == list(range(3, DIRECTIONS_MAX + 3))


@pytest.mark.parametrize("count", [0, 1])
def test_a_library_of_at_most_one_track(count):
    """An empty library returns nothing; no track comes twice in a row, so its only track comes once."""
    station = Station(SONGS[:count])
    view = station.start()

    assert [ids(station.next(view, *map(event, range(count)))) for _ in range(3)] == [["000"] * count, [], []]


def test_a_repeated_call_returns_the_same_answer_and_its_events_count_once():
    """A call repeated after a lost response advances the session once."""
    station = Station()
    view = station.start(0)
    first, again = (station.next(view, *skips(1), key="a") for _ in range(2))
    shown = station.radio.show(view.session.id)

    assert first == again
    assert (shown.session.position, len(shown.played)) == (8, 1)
    assert not set(ids(first)) & set(ids(station.next(view, key="b")))


@pytest.mark.parametrize("changed", [{"limit": 3}, {"events": skips(1)}])
def test_a_key_belongs_to_one_request(changed):
    """Another limit or other events with the same key are refused."""
    station = Station()
    view = station.start(0)
    station.next(view, key="a")

    with pytest.raises(InvalidRequest, match="'a'"):
        station.next(view, *changed.get("events", []), limit=changed.get("limit", 8), key="a")


def test_an_event_with_the_same_time_counts_once():
    """A player that reports its last events with every call does not skip a track twice."""
    station = Station()
    view = station.start(0)
    skip = event(1, EventKind.SKIP, NOON - timedelta(minutes=1))
    station.next(view, skip, skip)
    answer = station.next(view, skip, ListenEvent("spotify:x"))

    assert [each.state.rejections for each in answer.directions] == [1]
    assert answer.unknown == ("spotify:x",)


def test_a_call_is_retried_while_others_change_the_session():
    """Its listens are recorded once; after too many attempts the session is busy."""
    station = Station()
    view = station.start(0, listener="ada")
    station.catalogue.radio.rivals = ATTEMPTS - 1
    answer = station.next(view, event(1))

    assert len(answer.picks) == 8
    assert [listen.names for listen in station.catalogue.listens.kept["ada"]] == [("001",)]
    station.catalogue.radio.rivals = ATTEMPTS
    with pytest.raises(RadioBusy):
        station.next(view)


def test_events_of_a_listener_are_stored_with_a_key_that_makes_a_repeated_call_harmless():
    """An event with a time is identified by it, one without by session, call and place."""
    station = Station()
    view = station.start(0, listener="ada")
    station.next(view, event(1, at=NOON), event(2), key="a")

    assert [listen.key for listen in station.catalogue.listens.kept["ada"]] == [None, f"radio:{view.session.id}:a:1"]


def test_tracks_rejected_outside_of_the_session_are_not_returned():
    """The stored terms of the session do not change, so the track is available when the listener deletes the ban."""
    station = Station()
    view = station.start(0, listener="ada", filters=Filters(any_of={"genre": ("ambient",)}))
    station.catalogue.listens.add("ada", [NewListen(names=("005",), kind=EventKind.BAN, at=NOON)])

    assert "005" not in ids(station.next(view, limit=100))
    assert station.radio.show(view.session.id).session.terms.exclude == Exclusion()


def test_the_same_seed_and_the_same_events_give_the_same_session():
    """Another seed gives another one."""

    def play(seed):
        station = Station()
        view = station.start(0, 12, seed=seed, variety=1)
        first = ids(station.next(view))
        return first + ids(station.next(view, event(int(first[0]), EventKind.SKIP), event(int(first[1]))))

    assert play(1) == play(1)
    assert play(1) != play(2)


def test_an_ended_session_is_gone():
    """Every later call raises RadioNotFound."""
    station = Station()
    view = station.start(0)
    station.radio.end(view.session.id)

    for call in (station.radio.show, station.radio.end, lambda name: station.radio.next(name, [], limit=1)):
        with pytest.raises(RadioNotFound):
            call(view.session.id)
