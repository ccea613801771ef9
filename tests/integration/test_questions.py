"""Options of recommendations over HTTP."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.library import track_id
from tests.fakes.serving import LIBRARY_SIZE

URL = "/v1/recommendations"
FEELS = 4


def ask(api, *history, **options):
    answer = api.post(URL, json={"history": [{"track_id": f"test:{number}"} for number in history], **options})
    assert answer.status_code == 200, answer.json
    return answer.json


def ids(answer):
    return [track["id"] for track in answer["tracks"]]


def test_targets_move_the_answer_towards_them(api):
    """A target for the tempo moves the mean tempo towards it and leaves out no track."""

    def mean_tempo(answer):
        return sum(track["descriptors"]["tempo"] for track in answer["tracks"]) / len(answer["tracks"])

    plain = ask(api, 0, limit=5)
    slow, fast = (ask(api, 0, limit=5, targets={"tempo": tempo}) for tempo in (80, 103))

    assert mean_tempo(slow) < mean_tempo(plain) < mean_tempo(fast)
    assert len(ask(api, 0, limit=100, targets={"tempo": 300})["tracks"]) == LIBRARY_SIZE - 1


def test_artists_are_excluded_without_regard_to_case(api):
    """Named artists are excluded and, with `seed_artists`, those of the history."""
    named = ask(api, 1, limit=100, exclude={"artists": ["ARTIST 1", "nobody"]})
    own = ask(api, 1, 2, limit=100, exclude={"seed_artists": True})

    assert {track["artist"] for track in named["tracks"]} == {"Artist 0", "Artist 2", "Artist 3"}
    assert {track["artist"] for track in own["tracks"]} == {"Artist 0", "Artist 3"}


def test_a_genre_has_at_most_max_per_genre_tracks(api):
    """`max_per_genre` spreads the answer over the library's four genres; without it, one genre leads."""
    plain = ask(api, 0, limit=8, max_per_artist=None, max_per_album=None)
    spread = ask(api, 0, limit=8, max_per_artist=None, max_per_album=None, max_per_genre=2)

    assert max(Counter(track["genre"] for track in plain["tracks"]).values()) > 2
    assert set(Counter(track["genre"] for track in spread["tracks"]).values()) == {2}


def test_tags_of_the_analysis_are_a_filter(api):
    """Every track of the library has the tag `calm`, and none has `harp`."""
    assert len(ask(api, 1, limit=100, filters={"tags": ["Calm"]})["tracks"]) == LIBRARY_SIZE - 1
    assert ask(api, 1, filters={"tags": ["harp"]})["tracks"] == []


def test_two_clusters_of_plays_are_two_tastes(api):
    """Plays of two clusters give two labelled tastes; each track has its taste and the plays that led to it."""
    answer = ask(api, 0, 4, 3, 7, limit=8)

    assert len(answer["tastes"]) == 2
    assert abs(sum(taste["weight"] for taste in answer["tastes"]) - 1) < 1e-6
    for track in answer["tracks"]:
        taste = answer["tastes"][track["taste"]]
        assert set(track["because_of"]) <= set(taste["plays"])
    assert {track["taste"] for track in answer["tracks"]} == {0, 1}
    labels = {frozenset(taste["plays"]): taste["label"] for taste in answer["tastes"]}
    assert labels[frozenset({track_id(0), track_id(4)})].split(", ")[0] == "calm"
    assert labels[frozenset({track_id(3), track_id(7)})].split(", ")[0] == "energetic"


def test_an_answer_without_explanations(api):
    """Without `explain` the tracks are the same, without tastes and reasons."""
    plain = ask(api, 0, 3, explain=False)

    assert ids(plain) == ids(ask(api, 0, 3))
    assert plain["tastes"] == []
    assert all(track["because_of"] == [] for track in plain["tracks"])


def test_an_empty_history_gets_tracks_from_the_whole_library(api):
    """The tracks meet the filters and are the same for the same seed."""
    answer = ask(api, limit=12, seed=3)

    assert len({track["genre"] for track in answer["tracks"]}) == FEELS
    assert ids(answer) == ids(ask(api, limit=12, seed=3))
    assert {track["genre"] for track in ask(api, limit=12, filters={"genre": ["folk"]})["tracks"]} == {"Folk"}


def test_a_shorter_half_life_favours_newer_plays(api):
    """A newer play has a larger share than one 60 days older, increasing with a shorter half-life."""
    history = [
        {"track_id": "test:0", "at": "2020-01-01T00:00:00Z"},
        {"track_id": "test:3", "at": "2020-03-01T00:00:00Z"},
    ]
    shares = []
    for half_life in (5, 30, 300):
        answer = api.post(URL, json={"history": history, "half_life_days": half_life}).json
        [newer] = [taste["weight"] for taste in answer["tastes"] if taste["plays"] == [track_id(3)]]
        shares.append(newer)

    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.9
    assert shares[1] > 0.7
    assert shares[-1] > 0.5


numbers = st.integers(0, LIBRARY_SIZE - 1)
events = st.fixed_dictionaries(
    {
        "track_id": numbers.map("test:{}".format),
        "event": st.sampled_from(["play", "skip", "like", "dislike", "ban"]),
        "played_ms": st.one_of(st.none(), st.integers(0, 2500)),
    }
)


bodies = st.fixed_dictionaries(
    {
        "history": st.lists(events, max_size=8),
        "limit": st.integers(1, 30),
        "filters": st.fixed_dictionaries({"tempo": st.fixed_dictionaries({"min": st.integers(75, 105)})}),
        "exclude": st.fixed_dictionaries(
            {
                "tracks": st.lists(numbers.map("test:{}".format), max_size=4),
                "artists": st.lists(st.sampled_from([f"Artist {feel}" for feel in range(FEELS)]), max_size=2),
            }
        ),
    },
    optional={
        "diversity": st.floats(0, 1),
        "variety": st.floats(0, 1),
        "seed": st.integers(0, 2**63 - 1),
        "order": st.sampled_from(["relevance", "flow", "energy_up", "energy_down"]),
        "targets": st.fixed_dictionaries({}, optional={"energy": st.floats(0, 1), "tempo": st.floats(0, 1000)}),
    },
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies)
def test_every_answer_meets_its_conditions_and_is_full(api, body):
    """No heard, excluded or filtered track is returned, none twice; all that qualify are, up to the limit."""
    answer = api.post(URL, json=body)
    out = {event["track_id"] for event in body["history"]} | set(body["exclude"]["tracks"])
    qualified = {
        track_id(number)
        for number in range(LIBRARY_SIZE)
        if 80 + number >= body["filters"]["tempo"]["min"]
        and f"test:{number}" not in out
        and f"Artist {number % FEELS}" not in body["exclude"]["artists"]
    }

    assert answer.status_code == 200
    assert len(set(ids(answer.json))) == len(ids(answer.json)) == min(body["limit"], len(qualified))
    assert set(ids(answer.json)) <= qualified
