"""Stored listeners over HTTP: listens, recommendations, taste, and deletion."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.api.request_limits import LISTENS_MAX
from tests.fakes.library import register, track_id, write_tone
from tests.fakes.serving import LIBRARY_SIZE

FEELS = 4
names = (f"listener {number}" for number in itertools.count())


@pytest.fixture
def user():
    return next(names)


def ago(**time):
    return (datetime.now(UTC) - timedelta(**time)).isoformat()


def send(api, user, *listens, status=200):
    answer = api.post(f"/v1/users/{user}/listens", json={"listens": list(listens)})
    assert answer.status_code == status, answer.json
    return answer.json


def listen(number, event="play", at=None, **more):
    return {"track_id": f"test:{number}", "event": event, "at": at or ago(hours=1), **more}


def recommended(api, user, **options):
    answer = api.get(f"/v1/users/{user}/recommendations", query_string=options)
    assert answer.status_code == 200, answer.json
    return answer.json


def numbers(answer):
    known = {track_id(number): number for number in range(LIBRARY_SIZE)}
    return [known[track["id"]] for track in answer["tracks"]]


def test_listens_are_kept_and_listed_newest_first(api, user):
    """Each listen has an outcome; pages and filters show the stored listens."""
    answer = send(
        api,
        user,
        listen(1, at=ago(days=3), played_ms=1500),
        listen(2, "like", at=ago(days=2)),
        {"artist": "Nobody", "title": "Never heard", "album": "A", "duration_ms": 7, "at": ago(days=1), "key": "k1"},
    )
    page = api.get(f"/v1/users/{user}/listens", query_string={"limit": 2}).json
    rest = api.get(f"/v1/users/{user}/listens", query_string={"limit": 2, "cursor": page["next_cursor"]}).json
    liked = api.get(f"/v1/users/{user}/listens", query_string={"event": ["like", "ban"]}).json
    lately = api.get(f"/v1/users/{user}/listens", query_string={"since": ago(hours=30)}).json
    unknown = api.get(f"/v1/users/{user}/listens", query_string={"tracks": "unknown"}).json

    assert (answer["recorded"], answer["duplicates"], answer["unknown"]) == (3, 0, 1)
    assert [outcome["track_id"] for outcome in answer["listens"]] == [track_id(1), track_id(2), None]
    assert [kept["title"] for kept in page["listens"]] == ["Never heard", None]
    assert rest["next_cursor"] is None
    assert rest["listens"][0] == {
        "id": answer["listens"][0]["id"],
        "track_id": track_id(1),
        "names": ["test:1"],
        **dict.fromkeys(("artist", "title", "album", "duration_ms", "key", "undated_plays")),
        "event": "play",
        "at": rest["listens"][0]["at"],
        "played_ms": 1500,
    }
    assert [kept["event"] for kept in liked["listens"]] == ["like"]
    assert lately["listens"] == unknown["listens"] == page["listens"][:1]


def test_listens_are_listed_with_their_tracks_if_asked_for(api, user):
    """A listen whose track the library does not have has no track."""
    send(api, user, listen(1), {"artist": "Nobody", "title": "Never heard", "at": ago(days=1)})
    listed = api.get(f"/v1/users/{user}/listens", query_string={"details": "true"}).json["listens"]

    assert listed[0]["track"] == api.get("/v1/tracks/test:1").json
    assert "track" not in listed[1]


def test_duplicates_are_not_stored(api, user):
    """Duplicates, by key or by track, event and time, are reported with the id of the stored listen."""
    batch = [listen(1, at="2026-01-01T00:00:00Z"), listen(2, key="k")]
    first = send(api, user, *batch)
    again = send(api, user, {**batch[0], "track_id": track_id(1), "at": "2026-01-01T01:00:00+01:00"}, batch[1])

    assert (again["recorded"], again["duplicates"]) == (0, 2)
    assert [outcome["status"] for outcome in again["listens"]] == ["duplicate", "duplicate"]
    assert [outcome["id"] for outcome in again["listens"]] == [outcome["id"] for outcome in first["listens"]]


def test_listens_without_a_time_get_the_current_time_in_order(api, user):
    """Listens without a time are never duplicates, even two of one track."""
    answer = send(api, user, *({"track_id": f"test:{number}"} for number in (1, 2, 1)))
    kept = api.get(f"/v1/users/{user}/listens").json["listens"]

    assert answer["recorded"] == 3
    assert [listen["track_id"] for listen in kept] == [track_id(number) for number in (1, 2, 1)]


def test_plays_without_a_time_are_listed_without_one(api, user):
    """Their number is shown, and the listener has heard the track, at an unknown time."""
    send(api, user, {"track_id": "test:1", "undated_plays": 12})
    [kept] = api.get(f"/v1/users/{user}/listens").json["listens"]
    counts = api.get(f"/v1/users/{user}/taste").json["counts"]

    assert (kept["event"], kept["at"], kept["undated_plays"]) == ("play", None, 12)
    assert (counts["events"]["play"], counts["last_at"]) == (12, None)


def test_a_request_may_contain_a_thousand_listens(api, user):
    """A thousand listens with long names are stored; with one more, the request is refused and none is stored."""
    batch = [
        {
            **listen(number % LIBRARY_SIZE, at=ago(minutes=number)),
            "key": f"{number:0200}",
            "artist": "A" * 300,
            "title": "T",
        }
        for number in range(LISTENS_MAX + 1)
    ]

    assert send(api, user, *batch[:-1])["recorded"] == LISTENS_MAX
    send(api, "nobody", *batch, status=422)
    assert api.get("/v1/users/nobody/listens").json["listens"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"artist": "A"},
        {"track_id": "test:1", "title": "T"},
        {"track_id": "test:1", "event": "dance"},
        {"track_id": "test:1", "at": "2026-01-01T00:00:00"},
        {"track_id": "test:1", "at": "1969-12-31T23:59:59Z"},
        {"track_id": "test:1", "at": "2999-01-01T00:00:00Z"},
        {"track_id": "test:1", "played_ms": -1},
        {"track_id": "test:1", "undated_plays": 0},
        {"track_id": "test:1", "undated_plays": 3, "at": "2026-01-01T00:00:00Z"},
        {"track_id": "test:1", "undated_plays": 3, "event": "like"},
        {"track_id": "test:1", "key": ""},
        {"track_id": "a\0b"},
        {"track_id": "test:1", "x": 1},
    ],
)
def test_an_invalid_listen_is_named(api, user, wrong):
    """The problem has a pointer to the listen, and no listen of the request is stored."""
    answer = send(api, user, listen(1), wrong, status=422)

    assert answer["errors"][0]["pointer"].startswith("#/listens/1")
    assert api.get(f"/v1/users/{user}/listens").json["listens"] == []


@pytest.mark.parametrize("name", ["Ada Lovelace", "ada@example.org", "Ünïcödé 🎧", "a.b", "x" * 200, "%41"])
def test_a_listener_may_have_any_name(api, name):
    """Paths and bodies name the same listener; composed and decomposed letters are the same."""
    path = "/v1/users/" + "".join(f"%{byte:02X}" for byte in name.encode())
    api.post(f"{path}/listens", json={"listens": [listen(1)]})
    body = {"user": name.replace("ü", "u\N{COMBINING DIAERESIS}"), "limit": 1}

    assert len(api.get(f"{path}/listens").json["listens"]) == 1
    assert api.post("/v1/recommendations", json=body).json["tracks"][0]["because_of"] == [track_id(1)]
    assert api.delete(path).json == {"listens": 1}


@pytest.mark.parametrize("name", ["x" * 201, "a%00b", "a%0Ab", "a%7Fb"])
def test_an_invalid_name_is_refused(api, name):
    """Names that are too long or contain control characters are refused."""
    for answer in (
        api.get(f"/v1/users/{name}/listens"),
        api.get(f"/v1/users/{name}/taste"),
        api.get(f"/v1/users/{name}/recommendations"),
        api.delete(f"/v1/users/{name}"),
        api.post(f"/v1/users/{name}/listens", json={"listens": [listen(1)]}),
    ):
        assert (answer.status_code, answer.json["title"]) == (422, "Invalid listener name")
    assert api.post("/v1/recommendations", json={"user": "a/b"}).status_code == 422


def test_an_unknown_listener_gets_tracks_from_the_whole_library(api):
    """A listener without listens gets tracks that belong to no taste."""
    answer = recommended(api, "nobody", limit=12, seed=3)
    taste = api.get("/v1/users/nobody/taste").json

    assert len({track["genre"] for track in answer["tracks"]}) == FEELS
    assert (answer["tastes"], answer["unknown"]) == ([], [])
    assert api.get("/v1/users/nobody/listens").json == {"listens": [], "next_cursor": None}
    assert taste["tastes"] == []
    assert taste["counts"]["events"] == dict.fromkeys(["play", "skip", "like", "dislike", "ban"], 0)
    assert api.delete("/v1/users/nobody").json == {"listens": 0}


def test_a_stored_history_gives_the_same_answer_as_a_sent_one(api, user):
    """Stored events have the same weights as the same events in a request."""
    events = [listen(0), listen(4, "like"), listen(3, played_ms=1900), listen(2, "skip", played_ms=100)]
    send(api, user, *events)
    sent = api.post("/v1/recommendations", json={"history": events, "limit": 8}).json

    assert numbers(recommended(api, user, limit=8)) == numbers(sent)
    assert recommended(api, user, limit=8)["tastes"] == [
        {**taste, "weight": pytest.approx(taste["weight"], abs=1e-4)} for taste in sent["tastes"]
    ]


def test_a_sent_history_counts_beside_the_stored_one(api, user):
    """An event in both counts once, and the tracks of both are left out."""
    send(api, user, stored := listen(0), listen(4))
    both = api.post(
        "/v1/recommendations", json={"user": user, "history": [listen(3), listen(7), stored], "limit": 8}
    ).json

    assert {frozenset(taste["plays"]) for taste in both["tastes"]} == {
        frozenset({track_id(0), track_id(4)}),
        frozenset({track_id(3), track_id(7)}),
    }
    assert [taste["weight"] for taste in both["tastes"]] == pytest.approx([0.5, 0.5], abs=0.01)
    assert not {0, 3, 4, 7} & set(numbers(both))


def test_query_parameters_give_the_same_answer_as_a_body(api, user):
    """Every option that is a query parameter has the same effect in a body."""
    send(api, user, listen(0), listen(1))
    line = {
        "limit": 5,
        "min_tempo": 85,
        "max_year": 2020,
        "genre": ["folk", "Ambient", "industrial"],
        "target_energy": 0.5,
        "exclude_track": ["test:8", "test:9"],
        "exclude_artist": "Artist 2",
        "diversity": 0.7,
        "max_per_artist": 4,
        "max_per_album": 1,
        "max_per_genre": 3,
        "variety": 0.5,
        "seed": 7,
        "order": "energy_down",
        "half_life_days": 3,
        "repeat_after_days": "never",
        "explain": "false",
        "private": "true",  # then the answers have no ids, which differ
    }
    body = {
        "user": user,
        "limit": 5,
        "filters": {"tempo": {"min": 85}, "year": {"max": 2020}, "genre": ["folk", "Ambient", "industrial"]},
        "targets": {"energy": 0.5},
        "exclude": {"tracks": ["test:8", "test:9"], "artists": ["Artist 2"]},
        "diversity": 0.7,
        "max_per_artist": 4,
        "max_per_album": 1,
        "max_per_genre": 3,
        "variety": 0.5,
        "seed": 7,
        "order": "energy_down",
        "half_life_days": 3,
        "repeat_after_days": None,
        "explain": False,
        "private": True,
    }

    assert recommended(api, user, **line) == api.post("/v1/recommendations", json=body).json
    own = recommended(api, user, exclude_seed_artists=True, limit=100)
    assert {track["artist"] for track in own["tracks"]} == {"Artist 2", "Artist 3"}


@pytest.mark.parametrize("wrong", [{"repeat_after_days": -1}, {"repeat_after_days": "x"}, {"limit": 0}, {"nothing": 1}])
def test_a_wrong_parameter_is_named(api, user, wrong):
    """The problem names the parameter."""
    answer = api.get(f"/v1/users/{user}/recommendations", query_string=wrong)

    assert answer.status_code == 422
    assert answer.json["errors"][0]["parameter"].startswith(next(iter(wrong)))


def test_a_history_or_a_user_is_required(api):
    """A request with an empty history is accepted; one without history and user is refused."""
    assert api.post("/v1/recommendations", json={}).status_code == 422
    assert api.post("/v1/recommendations", json={"history": []}).status_code == 200
    assert api.post("/v1/recommendations", json={"user": "nobody"}).status_code == 200


def test_recently_heard_tracks_are_returned_only_if_nothing_else_is_left(api, user):
    """Tracks heard longest ago come first; with `never`, no heard track is returned."""
    send(api, user, *(listen(number, at=ago(days=number)) for number in range(10)))
    everything = numbers(recommended(api, user, limit=100))
    some = numbers(recommended(api, user, limit=17))

    assert set(everything[:14]) == set(range(10, LIBRARY_SIZE))
    assert {6, 7, 8, 9} < set(everything[14:19])
    assert {0, 1, 2, 3} < set(everything[19:])
    assert set(some[14:]) <= {6, 7, 8, 9}
    assert set(numbers(recommended(api, user, limit=100, repeat_after_days="never"))) == set(range(10, LIBRARY_SIZE))


def test_a_track_heard_long_ago_ranks_below_similar_new_tracks(api, user):
    """A track heard long ago is a candidate with a penalty."""
    send(api, user, *(listen(number, at=ago(days=60)) for number in (0, 4, 8)))
    places = {number: place for place, number in enumerate(numbers(recommended(api, user, limit=100)))}
    strict = numbers(recommended(api, user, limit=100, repeat_after_days=90))

    assert len(places) == LIBRARY_SIZE
    assert min(places[number] for number in (0, 4, 8)) > min(places[number] for number in (12, 16, 20))
    assert max(places[number] for number in (0, 4, 8)) < LIBRARY_SIZE - 1
    assert set(strict[-3:]) == {0, 4, 8}


def test_a_repeated_track_is_not_its_own_reason(api, user):
    """Other plays are the reasons, if there are any."""
    send(api, user, *(listen(number, at=ago(days=60)) for number in (0, 4, 8)))
    reasons = {track["id"]: track["because_of"] for track in recommended(api, user, limit=100)["tracks"]}

    assert set(reasons[track_id(0)]) == {track_id(4), track_id(8)}


def test_a_ban_holds_until_it_is_undone(api, user):
    """A ban applies whatever its age; deleting it, or a like, ends it."""
    banned = send(api, user, listen(5, "ban", at=ago(days=4000)))["listens"][0]["id"]
    send(api, user, listen(6, "dislike", at=ago(days=4000)))
    for _ in range(2):
        send(api, user, *(listen(1, at=ago(minutes=number), key=f"{number} {_}") for number in range(LISTENS_MAX)))
    before = set(numbers(recommended(api, user, limit=100)))
    send(api, user, listen(6, "like"))
    gone = api.delete(f"/v1/users/{user}/listens/{banned}")
    after = set(numbers(recommended(api, user, limit=100)))

    assert not {5, 6} & before
    assert (gone.status_code, gone.data) == (204, b"")
    assert {5, 6} <= after
    assert api.delete(f"/v1/users/{user}/listens/{banned}").status_code == 404
    assert api.delete(f"/v1/users/{user}/listens/{10**30}").status_code == 404


def test_tastes_have_labels_and_counts(api, user):
    """Each taste has its share and its plays; the counts are of stored listens."""
    send(api, user, *(listen(number) for number in (0, 4, 8)), listen(3, "like"), listen(2, "ban"))
    send(api, user, {"track_id": "navidrome:none", "at": ago(days=9)})
    answer = api.get(f"/v1/users/{user}/taste").json
    labels = {frozenset(taste["plays"]): taste["label"].split(", ")[0] for taste in answer["tastes"]}

    assert labels == {
        frozenset(map(track_id, (0, 4, 8))): "calm",
        frozenset({track_id(3)}): "energetic",
    }
    assert sum(taste["weight"] for taste in answer["tastes"]) == pytest.approx(1)
    assert answer["counts"]["events"] == {"play": 4, "skip": 0, "like": 1, "dislike": 0, "ban": 1}
    assert (answer["counts"]["tracks"], answer["counts"]["unknown"]) == (5, 1)
    assert answer["counts"]["first_at"] < answer["counts"]["last_at"]


def test_a_forgotten_listener_has_no_data(api, user):
    """Everything is deleted at once; a second deletion is no error."""
    send(api, user, listen(0), listen(1, "ban"), {"track_id": "navidrome:none"})

    assert [api.delete(f"/v1/users/{user}").json["listens"] for _ in range(2)] == [3, 0]
    assert api.get(f"/v1/users/{user}/listens").json["listens"] == []
    assert recommended(api, user)["tastes"] == []


def test_external_ids_are_accepted_wherever_a_track_id_is(api, user):
    """Ids set by PUT are shown in the track and accepted in paths, histories, exclusions and listens."""
    answer = api.put("/v1/tracks/test:11/ids", json={"ids": {"navidrome": "a1/b:2", "deezer": "9"}})
    name = "navidrome:a1/b:2"
    api.put(f"/v1/tracks/{name}/ids", json={"ids": {"deezer": None}})

    assert (answer.status_code, answer.json["id"]) == (200, track_id(11))
    assert answer.json["ids"] == {"test": "11", "navidrome": "a1/b:2", "deezer": "9"}
    assert api.get(f"/v1/tracks/{name}").json["ids"] == {"test": "11", "navidrome": "a1/b:2"}
    assert api.get("/v1/tracks/deezer:9").status_code == 404
    assert api.get(f"/v1/tracks/{name}/similar").json["tracks"][0]["because_of"] == [track_id(11)]
    assert api.get(f"/v1/tracks/{name}/audio").status_code == 200
    assert api.get(f"/v1/audio-features/{name}").json["id"] == track_id(11)
    played = api.post("/v1/recommendations", json={"history": [{"track_id": name}], "limit": 100}).json
    assert (played["unknown"], track_id(11) in {track["id"] for track in played["tracks"]}) == ([], False)
    excluded = api.post("/v1/recommendations", json={"history": [], "exclude": {"tracks": [name]}, "limit": 100}).json
    assert len(excluded["tracks"]) == LIBRARY_SIZE - 1
    assert 11 not in numbers(recommended(api, "nobody", exclude_track=name, limit=100))
    assert send(api, user, {"track_id": name})["listens"][0]["track_id"] == track_id(11)


@pytest.mark.parametrize(
    "ids",
    [
        {},
        {"UPPER": "x"},
        {"a b": "x"},
        {"": "x"},
        {"n" * 33: "x"},
        {"n": ""},
        {"n": "x" * 256},
        {"n": 5},
        {"n": "a\0b"},
    ],
)
def test_an_invalid_external_id_is_refused(api, ids):
    """Namespaces are plain words; values are neither empty nor too long."""
    assert api.put("/v1/tracks/test:1/ids", json={"ids": ids}).status_code == 422


def test_listens_are_matched_when_their_track_is_added(api, services, user, tmp_path):
    """A new track gets listens by the id of its audio, by an external id set later, or by artist and title."""
    send(api, user, {"track_id": "navidrome:late"}, {"artist": "ARTIST 3", "title": "late"}, {"track_id": track_id(99)})
    unknown = api.get(f"/v1/users/{user}/taste").json["counts"]["unknown"]
    own = register(services.catalogue, write_tone(tmp_path / "late.wav", 440), 99, "Late")
    api.put(f"/v1/tracks/{own}/ids", json={"ids": {"navidrome": "late"}})
    kept = api.get(f"/v1/users/{user}/listens").json["listens"]

    assert unknown == 3
    assert [listen["track_id"] for listen in kept] == [own] * 3
    services.catalogue.library.forget_files([str(tmp_path / "late.wav")])


def test_a_scan_keeps_ids_that_a_client_set(api, services, tmp_path):
    """Ids set by a client are kept even if the tags of the file differ."""
    own = register(services.catalogue, write_tone(tmp_path / "a.wav", 440), 98)
    api.put(f"/v1/tracks/{own}/ids", json={"ids": {"test": "mine"}})
    register(services.catalogue, tmp_path / "a.wav", 98, "Retagged")

    assert api.get(f"/v1/tracks/{own}").json["ids"] == {"test": "mine"}
    assert api.get("/v1/tracks/test:98").status_code == 404
    services.catalogue.library.forget_files([str(tmp_path / "a.wav")])


def test_the_log_has_no_data_of_a_listener(api, capsys):
    """The log has neither names nor tracks, for requests that succeed and for requests that fail."""
    name, words = "Augusta", "Secret pleasure"
    send(api, name, {"artist": "Nobody", "title": words}, {"track_id": f"x:{words}"})
    send(api, name, {"track_id": ""}, status=422)
    for path in ("listens", "listens?cursor=x", "taste", "recommendations", "recommendations?limit=0", "nothing"):
        api.get(f"/v1/users/{name}/{path}")
    token = {"Authorization": f"Token {name}"}
    metadata = {"artist_name": "Nobody", "track_name": words}
    api.post(
        "/1/submit-listens",
        json={"listen_type": "playing_now", "payload": [{"track_metadata": metadata}]},
        headers=token,
    )
    api.post("/1/submit-listens", data=words, headers=token)
    for path in (f"user/{name}/listens", f"users/{name}/recent-listens", f"stats/user/{name}/artists"):
        api.get(f"/1/{path}")
    api.get(f"/v1/users/a%2F{name}/listens")
    api.get(f"/1/validate-token?token={name}")
    api.delete(f"/v1/users/{name}")
    written = "".join(capsys.readouterr())

    assert "/v1/users/…/taste" in written
    assert name not in written
    assert words not in written


tracks = st.integers(0, LIBRARY_SIZE - 1)
events = st.fixed_dictionaries(
    {
        "track_id": tracks.map("test:{}".format),
        "event": st.sampled_from(["play", "skip", "like", "dislike", "ban"]),
        "played_ms": st.one_of(st.none(), st.integers(0, 2500)),
        "at": st.integers(0, 90).map(lambda days: (datetime.now(UTC) - timedelta(days=days, minutes=1)).isoformat()),
    }
)
wishes = st.fixed_dictionaries(
    {"limit": st.integers(1, 30), "repeat_after_days": st.one_of(st.none(), st.floats(0, 100))},
    optional={
        "diversity": st.floats(0, 1),
        "variety": st.floats(0, 1),
        "seed": st.integers(0, 2**63 - 1),
        "order": st.sampled_from(["relevance", "flow", "energy_up", "energy_down"]),
        "targets": st.fixed_dictionaries({}, optional={"energy": st.floats(0, 1), "tempo": st.floats(0, 1000)}),
        "filters": st.fixed_dictionaries({"tempo": st.fixed_dictionaries({"min": st.integers(75, 105)})}),
        "history": st.lists(st.fixed_dictionaries({"track_id": tracks.map("test:{}".format)}), max_size=3),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stored=st.lists(events, max_size=30, unique_by=lambda event: (event["track_id"], event["at"])), asked=wishes)
def test_no_banned_track_is_returned_and_the_answer_is_full(api, stored, asked):
    """No rejected, sent or filtered track is returned; all that qualify are, up to the limit."""
    user = next(names)
    if stored:
        send(api, user, *stored)
    answer = api.post("/v1/recommendations", json={"user": user, **asked})
    last = {
        event["track_id"]: event["event"]
        for event in sorted(stored, key=lambda event: event["at"])
        if event["event"] not in ("play", "skip")
    }
    out = {name for name, verdict in last.items() if verdict != "like"}
    out |= {event["track_id"] for event in asked.get("history", ())}
    if asked["repeat_after_days"] is None:
        out |= {event["track_id"] for event in stored if event["event"] in ("play", "skip", "like")}
    least = asked.get("filters", {"tempo": {"min": 0}})["tempo"]["min"]
    qualified = {number for number in range(LIBRARY_SIZE) if f"test:{number}" not in out and 80 + number >= least}

    assert answer.status_code == 200
    found = numbers(answer.json)
    assert len(set(found)) == len(found) == min(asked["limit"], len(qualified))
    assert set(found) <= qualified
    api.delete(f"/v1/users/{user}")


@pytest.mark.parametrize("moment", ["0.5", "1767225600", "+5"])
def test_a_number_is_not_a_time(api, moment):
    """Numbers are refused as times, although pydantic reads them as seconds since 1970."""
    track = track_id(1)
    answers = [
        api.get("/v1/users/anna/listens", query_string={"since": moment}),
        api.get("/v1/users/anna/listens", query_string={"before": moment}),
        api.post("/v1/users/anna/listens", json={"listens": [{"track_id": track, "event": "play", "at": moment}]}),
        api.post("/v1/recommendations", json={"history": [{"track_id": track, "at": moment}]}),
        api.post("/v1/recommendations", json={"history": [{"track_id": track, "at": float(moment)}]}),
    ]

    assert [answer.status_code for answer in answers] == [422] * 5
    assert all("with a time" in answer.text for answer in answers)
