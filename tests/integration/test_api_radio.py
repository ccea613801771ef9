"""An endless radio over HTTP: where it goes, what it never repeats, and that a session is one whoever serves it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.api.app import create_app
from services.catalog import Catalogue
from services.composition import compose
from services.settings import Settings
from tests.fakes.library import track_id, write_library
from tests.fakes.serving import LIBRARY_SIZE, wait_until_indexed

FEELS = 4


def start(api, *numbers, **body):
    seeds = {"tracks": [f"test:{number}" for number in numbers]} if numbers else {}
    answer = api.post("/v1/radio", json={"seeds": seeds, "seed": 1, **body})
    assert answer.status_code == 201, answer.json
    return answer.json


def following(api, session, *events, limit=10, **body):
    answer = api.post(f"/v1/radio/{session['id']}/next", json={"events": list(events), "limit": limit, **body})
    assert answer.status_code == 200, answer.json
    return answer.json


def ids(answer):
    return [track["id"] for track in answer["tracks"]]


def event(track, kind="play"):
    return {"track_id": track, "event": kind}


def test_a_session_is_started_shown_and_ended(api):
    """The Location leads to the session, with its directions in words; after DELETE nothing is left of it."""
    answer = api.post("/v1/radio", json={"seeds": {"tracks": ["test:0", "nobody"]}})
    shown = api.get(answer.headers["Location"])

    assert (answer.status_code, shown.status_code) == (201, 200)
    assert answer.json["unknown"] == ["nobody"]
    [direction] = shown.json["directions"]
    assert (direction["active"], direction["plays"], direction["weight"]) == (True, [track_id(0)], 1)
    assert direction["label"].startswith("calm")
    assert api.delete(answer.headers["Location"]).status_code == 204
    for gone in (api.get, api.delete):
        assert gone(answer.headers["Location"]).json["type"] == "urn:segue:problem:radio-not-found"


@pytest.mark.parametrize(
    ("seeds", "genre"), [({"artists": ["ARTIST 1"]}, "Folk"), ({"genres": ["industrial"]}, "Industrial")]
)
def test_an_artist_or_a_genre_is_a_seed(api, seeds, genre):
    """A name is a direction made from its tracks, which may be played themselves."""
    session = start(api, seeds=seeds)
    heard = following(api, session, limit=4)["tracks"]

    assert Counter(track["genre"] for track in heard).most_common(1)[0][0] == genre


def test_a_genre_is_one_of_the_files_or_one_that_was_heard(api):
    """The rule of Spotify's dialect: no file says "calm", yet all tracks sound so."""
    session = start(api, seeds={"genres": ["Calm", "polka"]})

    assert session["unknown"] == ["genre:polka"]
    assert session["directions"]
    assert len(ids(following(api, session, limit=4))) == 4


def test_seeds_that_nothing_goes_by_start_nothing(api):
    """A radio of an unknown artist would be one of anything."""
    answer = api.post("/v1/radio", json={"seeds": {"artists": ["Nobody"], "tracks": ["spotify:x"]}})

    assert (answer.status_code, answer.json["title"]) == (422, "Invalid request")


def test_a_session_from_nothing_plays_from_all_over_the_library(api):
    """Without seeds and history several directions are opened at the first call."""
    session = start(api)
    answer = following(api, session)

    assert session["directions"] == []
    assert len(set(ids(answer))) == 10
    assert len({track["genre"] for track in answer["tracks"]}) > 1


def test_nothing_is_repeated_until_everything_was_heard(api):
    """Every track comes once, the seed counts as heard; then the oldest come, the seed first, artists apart."""
    session = start(api, 0)
    heard = []
    for _ in range(8):
        heard += ids(following(api, session, *map(event, heard[-3:]), limit=3))
    again = ids(following(api, session, *map(event, heard[-3:]), limit=3))

    assert len(set(heard)) == len(heard) == LIBRARY_SIZE
    assert track_id(0) in heard[-3:]
    assert set(again) <= set(heard[:12])


def test_what_was_answered_and_not_reported_is_not_answered_in_the_next_call(api):
    """A player that fetches ahead gets no track twice, even if nothing else is left."""
    session = start(api, 0, filters={"genre": ["Ambient"]})
    first = ids(following(api, session, limit=100))
    second = ids(following(api, session, limit=100))
    third = ids(following(api, session, limit=100))

    assert set(first) == {track_id(number) for number in range(0, LIBRARY_SIZE, FEELS)}
    assert second == []
    assert set(third) == set(first)


def test_no_artist_follows_themselves_while_others_are_left(api):
    """Artists are spaced within an answer and from one call to the next."""
    session = start(api, 0)
    artists = []
    for limit in (1, 1, 1, 2, 3, 1, 4):
        artists += [track["artist"] for track in following(api, session, limit=limit)["tracks"]]

    assert all(one != other for one, other in pairwise(artists))


def test_a_radio_of_one_album_plays_more_than_two_tracks_of_it(api):
    """An answer's caps are none of an endless session's: the gap alone keeps an artist's tracks apart."""
    session = start(api, 0, variety=0)
    albums = Counter(track["album"] for track in following(api, session, limit=8)["tracks"])

    assert albums["Album 0"] > 2


def test_three_skips_of_one_kind_change_direction(api):
    """The kind's share of the next ten falls by 70 % at least, the answer says so, and a like brings it back."""
    numbers = (0, 4, 3, 7)
    before = following(api, start(api, *numbers), limit=10)
    session = start(api, *numbers)
    first = following(api, session, limit=3)
    assert {direction["active"] for direction in first["directions"]} == {True}
    events = [event(track_id(number), "skip") for number in (8, 12, 16)]
    after = following(api, session, *events, limit=10)

    def share(answer):
        return sum(track["genre"] == "Ambient" for track in answer["tracks"]) / len(answer["tracks"])

    [turned] = [direction for direction in after["directions"] if not direction["active"]]
    assert set(turned["plays"]) == {track_id(0), track_id(4)}
    assert turned["rejections"] == 3
    assert share(before) >= 0.3
    assert share(after) <= 0.3 * share(before)
    back = following(api, session, event(track_id(8), "like"))
    assert all(direction["active"] for direction in back["directions"])


def test_a_session_of_one_kind_opens_another_direction(api):
    """Where all that was known is skipped, a new direction is opened elsewhere."""
    session = start(api, 0, 4)
    following(api, session, limit=1)
    answer = following(api, session, *(event(track_id(number), "skip") for number in (8, 12, 16)), limit=6)

    assert [direction["active"] for direction in answer["directions"]] == [False, True]
    assert sum(track["genre"] == "Ambient" for track in answer["tracks"]) <= 1


def test_skips_with_a_play_between_change_nothing(api):
    """Only rejections in a row count; one that was played to the end takes them back."""
    session = start(api, 0, 3)
    skips = [event(track_id(number), "skip") for number in (4, 8)]
    answer = following(api, session, *skips, event(track_id(12)), event(track_id(16), "skip"))

    assert all(direction["active"] for direction in answer["directions"])


def test_likes_pull(api):
    """A direction whose tracks are liked gets more of the next ones."""

    def share(kind):
        session = start(api, 0, 3, variety=0)
        reported = [event(track_id(4), kind), event(track_id(8), kind)]
        return sum(track["genre"] == "Ambient" for track in following(api, session, *reported, limit=5)["tracks"])

    assert share("like") > share("skip")


def test_what_is_played_by_hand_opens_a_direction(api):
    """A play of another kind is followed as well."""
    session = start(api, 0)
    answer = following(api, session, event(track_id(3), "like"), limit=6)

    assert [direction["plays"] for direction in answer["directions"]][1] == [track_id(3)]
    assert 2 in {track["direction"] for track in answer["tracks"]}


def test_a_repeated_call_gets_the_same_answer_and_counts_once(api):
    """After a lost answer the client repeats its call; the session has moved on by one call only."""
    session = start(api, 0)
    first, again = (following(api, session, event("test:4", "skip"), call="a") for _ in range(2))
    other = api.post(f"/v1/radio/{session['id']}/next", json={"call": "a", "limit": 3})
    shown = api.get(f"/v1/radio/{session['id']}").json

    assert first == again
    assert (shown["answered"], len(shown["played"])) == (10, 1)
    assert other.status_code == 422
    assert "'a'" in other.json["detail"]
    assert not set(ids(first)) & set(ids(following(api, session, call="b")))


def test_an_event_with_the_same_time_counts_once(api):
    """A player that reports its last events with every call does not skip a track three times."""
    session = start(api, 0)
    skip = event("test:4", "skip") | {"at": "2026-11-01T12:00:00Z"}
    following(api, session, skip)
    answer = following(api, session, skip, event("spotify:x"))

    assert [direction["rejections"] for direction in answer["directions"]] == [1]
    assert answer["unknown"] == ["spotify:x"]
    assert len(api.get(f"/v1/radio/{session['id']}").json["played"]) == 1


def test_calls_at_once_answer_different_tracks(app):
    """Several processes may go on with one session: nothing is answered twice, nothing is lost."""
    session = start(app.test_client(), 0)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ids(following(app.test_client(), session, limit=4)), range(5)))
    heard = [track for answer in answers for track in answer]

    assert len(heard) == 20
    assert len(set(heard)) == 20


def test_the_same_seed_gives_the_same_session(api):
    """Same start, same reports, same tracks; another seed gives others; without one it is drawn and shown."""

    def play(**body):
        session = start(api, 0, 3, **body)
        first = ids(following(api, session, limit=5))
        return first + ids(following(api, session, event(first[0], "skip"), event(first[1], "like"), limit=7))

    played = {seed: play(seed=seed, variety=1) for seed in (1, 2, 3)}

    assert played[1] == play(seed=1, variety=1)
    assert len({tuple(each) for each in played.values()}) > 1
    assert len({start(api, 0, seed=None)["seed"] for _ in range(3)}) > 1


def test_an_order_holds_for_every_answer(api):
    """energy_up orders each answer."""
    session = start(api, 0, 1, 2, 3, order="energy_up")
    for _ in range(2):
        energies = [track["attributes"]["energy"] for track in following(api, session, limit=6)["tracks"]]

        assert energies == sorted(energies)


numbers = st.integers(0, LIBRARY_SIZE - 1)
reports = st.lists(st.tuples(numbers, st.sampled_from(["play", "skip", "like", "dislike", "ban"])), max_size=5)


terms = st.fixed_dictionaries(
    {
        "filters": st.fixed_dictionaries({"tempo": st.fixed_dictionaries({"min": st.integers(75, 105)})}),
        "exclude": st.fixed_dictionaries(
            {
                "tracks": st.lists(numbers.map("test:{}".format), max_size=4),
                "artists": st.lists(st.sampled_from([f"Artist {feel}" for feel in range(FEELS)]), max_size=2),
            }
        ),
        "order": st.sampled_from(["relevance", "flow", "energy_down"]),
        "targets": st.sampled_from([{}, {"energy": 1.0, "tempo": 90}]),
    }
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seeds=st.lists(numbers, max_size=3, unique=True),
    terms=terms,
    calls=st.lists(st.tuples(reports, st.integers(1, 12)), min_size=1, max_size=4),
)
def test_whatever_happens_the_session_keeps_to_its_terms(api, seeds, terms, calls):
    """Nothing excluded, rejected for good or out of the filters; nothing twice while anything new is left."""
    session = start(api, *seeds, **terms)
    qualified = {
        track_id(number)
        for number in range(LIBRARY_SIZE)
        if 80 + number >= terms["filters"]["tempo"]["min"]
        and f"test:{number}" not in terms["exclude"]["tracks"]
        and f"Artist {number % FEELS}" not in terms["exclude"]["artists"]
    }
    heard, barred = {track_id(number) for number in seeds}, set()
    for reported, limit in calls:
        for number, kind in reported:
            heard.add(track_id(number))
            if kind in ("ban", "dislike"):
                barred.add(track_id(number))
            elif kind == "like":
                barred.discard(track_id(number))
        events = [event(f"test:{number}", kind) for number, kind in reported]
        answered = ids(following(api, session, *events, limit=limit))

        assert len(answered) == len(set(answered))
        assert set(answered) <= qualified - barred
        assert len(set(answered) - heard) == min(limit, len(qualified - heard))
        heard.update(answered)


@pytest.mark.parametrize("size", [0, 1])
def test_a_library_of_nothing_or_one_track(tmp_path, broker_url, size):
    """An empty library answers nothing; the only track comes again once it was reported."""
    folder = tmp_path / "data"
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    write_library(catalogue, folder / "music", size)
    catalogue.close()
    services = compose(Settings(data_dir=folder, redis_url=broker_url))
    try:
        wait_until_indexed(services)
        api = create_app(services).test_client()
        session = start(api)
        answers = [ids(following(api, session, *([event(track_id(0))] * size))) for _ in range(3)]
    finally:
        services.close()

    assert answers == [[track_id(0)] * size] * 3
