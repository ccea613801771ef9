"""ListenBrainz's API for scrobblers."""

import itertools
import time
from datetime import UTC, datetime

import pytest

from services.domain.track import Tags
from tests.fakes.library import register, track_id, write_tone

MBID = "4a0a6d1e-3c11-4f0c-8d4b-1f0f3a6f5b1d"
NOON = 1_760_000_000
names = (f"scrobbler {number}" for number in itertools.count())


@pytest.fixture
def user():
    return next(names)


def token(user):
    return {"Authorization": f"Token {user}"}


def listen(title="Title 001", artist="Artist 1", at=NOON, release=None, **info):
    metadata = {"artist_name": artist, "track_name": title, "additional_info": info}
    if release is not None:
        metadata["release_name"] = release
    return {"listened_at": at, "track_metadata": metadata}


def submit(api, user, *payload, kind="import"):
    return api.post("/1/submit-listens", json={"listen_type": kind, "payload": list(payload)}, headers=token(user))


def scrobbles(api, user, **parameters):
    answer = api.get(f"/1/user/{user}/listens", query_string=parameters)
    assert answer.status_code == 200
    return answer.json["payload"]


def kept(api, user):
    return api.get(f"/v1/users/{user}/listens").json["listens"]


def test_a_single_listen_is_a_play(api, user):
    """A player sends it at the end of a track; the same listen again is a duplicate."""
    sent = listen(duration_ms=2000, media_player="mpd", submission_client="x", origin_url="https://example.org")
    answers = [submit(api, user, sent, kind="single") for _ in range(2)]
    [found] = kept(api, user)

    assert [(answer.status_code, answer.json) for answer in answers] == [(200, {"status": "ok"})] * 2
    assert (found["track_id"], found["event"]) == (track_id(1), "play")
    assert datetime.fromisoformat(found["at"]) == datetime.fromtimestamp(NOON, UTC)


def test_playing_now_is_shown_and_not_stored(api, user):
    """The listen is no play. The list of what is playing has it, with the library's track and the player's name."""
    playing = {
        "track_metadata": listen(media_player="mpd", submission_client="x", duration_ms=60_000)["track_metadata"]
    }
    before = api.get(f"/1/user/{user}/playing-now").json["payload"]
    answer = submit(api, user, playing, kind="playing_now").json
    shown = api.get(f"/1/user/{user}/playing-now").json["payload"]
    [track] = [each["track_metadata"] for each in shown["listens"]]

    assert before == {"user_id": user, "count": 0, "playing_now": True, "listens": []}
    assert answer == {"status": "ok"}
    assert kept(api, user) == []
    assert (shown["count"], shown["listens"][0]["playing_now"]) == (1, True)
    assert (track["track_name"], track["additional_info"]["segue_track_id"]) == ("Title 001", track_id(1))
    assert (track["additional_info"]["media_player"], track["additional_info"]["duration_ms"]) == ("mpd", 60_000)


def test_a_listen_finds_its_track_by_id_before_names(api, user):
    """By recording MBID, then ISRC, then artist and title without regard to case."""
    api.put("/v1/tracks/test:5/ids", json={"ids": {"mbid": MBID}})
    api.put("/v1/tracks/test:6/ids", json={"ids": {"isrc": "USRC17607839"}})
    other = "00000000-0000-4000-8000-000000000000"
    listens = [
        listen(at=NOON + 5, recording_mbid=MBID.upper(), isrc="USRC17607839"),
        listen(at=NOON + 4, recording_mbid=other, isrc="us-rc1-76-07839"),
        listen(at=NOON + 3, recording_mbid=other, isrc=["nobody's", "USRC17607839"]),
        listen(at=NOON + 2, track_mbid=MBID),
        listen(" TITLE 001", "artist 1 ", at=NOON + 1, release="another", recording_mbid="no mbid", duration="long"),
        listen("Title 001", "Artist 2", at=NOON),
    ]
    submit(api, user, *listens)

    assert [found["track_id"] for found in kept(api, user)] == [*map(track_id, (5, 6, 6, 5, 1)), None]
    api.put("/v1/tracks/test:5/ids", json={"ids": {"mbid": None}})


def test_a_listen_is_attached_when_its_track_is_added(api, services, user, tmp_path):
    """By the ids in the file's tags, or by artist and title."""
    submit(api, user, listen("Rain", "Choir"), listen("?", "?", at=NOON + 1, recording_mbid=MBID))
    before = [found["track_id"] for found in kept(api, user)]
    own = register(services.catalogue, write_tone(tmp_path / "rain.wav", 300), 90, "Rain")
    stamped = services.catalogue.library.known_files(str(tmp_path))[str(tmp_path / "rain.wav")].stamp
    services.catalogue.library.register(own, Tags("Rain", ("Choir",), ids={"mbid": (MBID,)}), stamped)

    assert before == [None, None]
    assert [found["track_id"] for found in kept(api, user)] == [own, own]
    services.catalogue.library.forget_files([str(tmp_path / "rain.wav")])


def test_a_token_is_validated(api):
    """It may be in the header or in the query."""
    valid = {"code": 200, "message": "Token valid.", "valid": True, "user_name": "Adä"}

    assert api.get("/1/validate-token", headers={"Authorization": "Token Adä".encode().decode("latin-1")}).json == valid
    assert api.get("/1/validate-token?token=Adä").json == valid
    assert api.get("/1/validate-token?token=a/b").json == {"code": 200, "message": "Token invalid.", "valid": False}
    assert api.get("/1/validate-token").json == {"code": 400, "error": "You need to provide an Authorization token."}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "Cannot parse JSON document"),
        ({"listen_type": "import", "payload": [listen(), 5]}, "must be an object"),
        ({"listen_type": "import", "payload": [listen(at=int(time.time()) + 7200)]}, "too high"),
    ],
)
def test_invalid_submissions_get_listenbrainzs_errors(api, user, body, message):
    """With status 400 in its format, and nothing of the request is stored."""
    sent = {"data": body} if isinstance(body, bytes) else {"json": body}
    answer = api.post("/1/submit-listens", headers=token(user), **sent)

    assert (answer.status_code, answer.json["code"], answer.content_type) == (400, 400, "application/json")
    assert set(answer.json) == {"code", "error"}
    assert message in answer.json["error"]
    assert kept(api, user) == []


@pytest.mark.parametrize("header", [{}, {"Authorization": "Token"}, {"Authorization": "Basic YTpi"}, token("a/b")])
def test_a_token_is_required(api, header):
    """401 in ListenBrainz's format."""
    for path in ("submit-listens", "delete-listen", "feedback/recording-feedback", "latest-import"):
        answer = api.post(f"/1/{path}", json={}, headers=header)
        assert (answer.status_code, answer.json["code"]) == (401, 401)


def test_all_errors_have_listenbrainzs_format(api, user):
    """Also those that occur before the view."""
    foreign = api.post("/1/submit-listens", json={}, headers={**token(user), "Host": "evil.example"})
    method = api.get("/1/submit-listens")
    name = api.get("/1/user/a%00b/listens")
    number = api.get(f"/1/user/{user}/listens?count=x")
    huge = api.post("/1/delete-listen", data=b" " * 300_000, headers=token(user))

    assert [answer.status_code for answer in (foreign, method, name, number, huge)] == [403, 405, 400, 400, 413]
    for answer in (foreign, name, number, huge):
        assert set(answer.json) == {"code", "error"}


def test_a_thousand_large_listens_are_accepted(api, user):
    """ListenBrainz's own limits: 1,000 listens of 10,240 bytes."""
    submitted = submit(api, user, *(listen(at=NOON + number, note="x" * 9_000) for number in range(1000)))

    assert submitted.status_code == 200
    assert api.get(f"/1/user/{user}/listen-count").json == {"payload": {"count": 1000}}


def test_plays_are_listed_newest_first_between_times(api, user):
    """`max_ts` and `min_ts` are exclusive; with `min_ts` alone, the oldest plays after it are listed."""
    submit(api, user, *(listen(at=NOON + number) for number in range(5)))

    def times(**parameters):
        payload = scrobbles(api, user, **parameters)
        assert payload["count"] == len(payload["listens"])
        return [found["listened_at"] - NOON for found in payload["listens"]]

    assert times() == [4, 3, 2, 1, 0]
    assert times(count=2) == [4, 3]
    assert times(max_ts=NOON + 3) == [2, 1, 0]
    assert times(min_ts=NOON + 1) == [4, 3, 2]
    assert times(min_ts=NOON, count=2) == [2, 1]
    assert times(min_ts=NOON, max_ts=NOON + 4, count=2) == [3, 2]
    assert times(max_ts=10**30) == [4, 3, 2, 1, 0]
    assert scrobbles(api, user)["latest_listen_ts"] == NOON + 4
    assert scrobbles(api, "nobody") == {
        "user_id": "nobody",
        "count": 0,
        "listens": [],
        "latest_listen_ts": 0,
        "oldest_listen_ts": 0,
    }


def test_plays_have_their_metadata(api, user):
    """As sent, with ids; a play that was sent by id alone has the library's names. Skips are not listed."""
    submit(api, user, listen("T", "A", release="R", recording_mbid=MBID, duration=3))
    body = [{"track_id": "test:2", "at": "2020-01-01T00:00:00Z"}, {"track_id": "x:1", "at": "2019-01-01T00:00:00Z"}]
    api.post(f"/v1/users/{user}/listens", json={"listens": [*body, {"track_id": "test:2", "event": "skip"}]})
    sent, known, unknown = (found["track_metadata"] for found in scrobbles(api, user)["listens"])
    info = sent.pop("additional_info")

    assert sent == {"artist_name": "A", "track_name": "T", "release_name": "R"}
    assert (info["recording_mbid"], info["duration_ms"]) == (MBID, 3000)
    assert (known["artist_name"], known["track_name"]) == ("Artist 2", "Title 002")
    assert known["additional_info"]["segue_track_id"] == track_id(2)
    assert (unknown["artist_name"], unknown["track_name"]) == ("[unknown]", "x:1")


def test_a_listen_is_deleted_by_time_and_recording(api, user):
    """Other recordings of the same second, and the same recording at other times, are kept."""
    submit(api, user, listen(), listen("Other"), listen(at=NOON + 1))
    msid = scrobbles(api, user)["listens"][0]["recording_msid"]
    deleted = [
        api.post("/1/delete-listen", json={"listened_at": NOON, "recording_msid": msid}, headers=token(user))
        for _ in range(2)
    ]
    bad = api.post("/1/delete-listen", json={"listened_at": NOON, "recording_msid": "x"}, headers=token(user))

    assert [answer.json for answer in deleted] == [{"status": "ok"}] * 2
    assert bad.status_code == 400
    assert [
        (found["listened_at"], found["track_metadata"]["track_name"]) for found in scrobbles(api, user)["listens"]
    ] == [
        (NOON + 1, "Title 001"),
        (NOON, "Other"),
    ]


def test_love_is_a_like_and_hate_a_dislike(api, user):
    """By either id. Repeated feedback changes nothing, other feedback replaces it, and 0 removes it."""
    api.put("/v1/tracks/test:7/ids", json={"ids": {"mbid": MBID}})
    submit(api, user, listen("Title 007", "Artist 3"))
    msid = scrobbles(api, user)["listens"][0]["recording_msid"]

    def verdicts_after(**feedback):
        answer = api.post("/1/feedback/recording-feedback", json=feedback, headers=token(user))
        assert (answer.status_code, answer.json) == (200, {"status": "ok"})
        verdicts = [found for found in kept(api, user) if found["event"] != "play"]
        assert all(found["track_id"] == track_id(7) for found in verdicts)
        return [found["event"] for found in verdicts]

    assert verdicts_after(recording_mbid=MBID, score=1) == ["like"]
    assert verdicts_after(recording_msid=msid, score=1) == ["like"]
    assert verdicts_after(recording_msid=msid, score=-1) == ["dislike"]
    answer = api.get(f"/v1/users/{user}/recommendations", query_string={"limit": 100}).json
    assert track_id(7) not in {track["id"] for track in answer["tracks"]}
    assert verdicts_after(recording_mbid=MBID, score=0) == []
    api.put("/v1/tracks/test:7/ids", json={"ids": {"mbid": None}})


@pytest.mark.parametrize("feedback", [{}, {"recording_msid": MBID, "score": 1}])
def test_invalid_feedback_is_refused(api, user, feedback):
    """In ListenBrainz's format."""
    answer = api.post("/1/feedback/recording-feedback", json=feedback, headers=token(user))

    assert (answer.status_code, answer.json["code"]) == (400, 400)
    assert kept(api, user) == []


def test_an_import_always_starts_from_the_beginning(api, user):
    """The time that an import reached is accepted and ignored."""
    noted = api.post("/1/latest-import", json={"ts": NOON}, headers=token(user))

    assert noted.json == {"status": "ok"}
    assert api.get("/1/latest-import", query_string={"user_name": user}).json == {
        "musicbrainz_id": user,
        "latest_import": 0,
    }


def test_feedback_is_listed(api, user):
    """Loved and hated recordings, latest first, in pages; with their metadata on request."""
    submit(api, user, listen(), listen("Title 002", "Artist 2", NOON + 1), listen("Title 003", "Artist 3", NOON + 2))
    msids = [each["recording_msid"] for each in scrobbles(api, user)["listens"]]
    for msid, score in zip(msids, (1, -1, 1), strict=True):
        body = {"recording_msid": msid, "score": score}
        assert api.post("/1/feedback/recording-feedback", json=body, headers=token(user)).status_code == 200

    def given(**parameters):
        return api.get(f"/1/feedback/user/{user}/get-feedback", query_string=parameters).json

    everything, hated = given(), given(score=-1, metadata="true")
    assert [(each["recording_msid"], each["score"]) for each in everything["feedback"]] == [
        (msids[2], 1),
        (msids[1], -1),
        (msids[0], 1),
    ]
    assert (everything["count"], everything["total_count"], everything["offset"]) == (3, 3, 0)
    assert everything["feedback"][0]["track_metadata"] is None
    assert [each["track_metadata"]["track_name"] for each in hated["feedback"]] == ["Title 002"]
    assert [each["recording_msid"] for each in given(count=1, offset=2)["feedback"]] == [msids[0]]
    assert given(score=5)["code"] == 400


def test_recommended_recordings_have_an_mbid(api, user):
    """Other tracks cannot be named in this format; the rest is as `GET /v1/users/{user}/recommendations` orders it."""
    mbids = {f"test:{number}": f"{number:08d}-0000-4000-8000-000000000000" for number in (3, 7)}
    for name, mbid in mbids.items():
        api.put(f"/v1/tracks/{name}/ids", json={"ids": {"mbid": mbid}})
    submit(api, user, listen())
    own = api.get(f"/v1/users/{user}/recommendations?limit=100").json["tracks"]
    answer = api.get(f"/1/cf/recommendation/user/{user}/recording?artist_type=raw&count=1&offset=1").json["payload"]
    expected = [mbids[f"test:{number}"] for each in own for number in (3, 7) if each["id"] == track_id(number)]

    assert [each["recording_mbid"] for each in answer["mbids"]] == expected[1:]
    assert (answer["count"], answer["total_mbid_count"], answer["offset"]) == (1, 2, 1)
    assert (answer["type"], answer["entity"], answer["user_name"]) == ("raw", "recording", user)
    assert api.get(f"/1/cf/recommendation/user/{user}/recording?artist_type=any").status_code == 400
    for name in mbids:
        api.put(f"/v1/tracks/{name}/ids", json={"ids": {"mbid": None}})


def test_mixes_and_smart_playlists_are_made_for_a_listener(api, user):
    """Both are listed without tracks; the id at the end of the identifier gets the tracks."""
    submit(api, user, *(listen(f"Title 00{number}", f"Artist {number % 4}", NOON + number) for number in range(8)))
    api.put("/v1/tracks/test:1/ids", json={"ids": {"mbid": MBID}})
    made = [{"name": "Own", "tracks": ["test:1", "test:2"]}, {"name": "Smart", "rules": {"limit": 3}}]
    for body in made:
        assert api.post("/v1/playlists", json={**body, "owner": user}).status_code == 201, body

    def listed(path):
        page = api.get(f"/1/user/{user}/{path}").json
        assert page["count"] == page["playlist_count"] == len(page["playlists"])
        return [each["playlist"] for each in page["playlists"]]

    def tracks(playlist):
        place = f"/1/playlist/{playlist['identifier'].rpartition('/')[2]}"
        answer = api.get(place, headers=token(user))
        assert answer.status_code == 200
        assert answer.json["playlist"].items() >= {**playlist, "track": answer.json["playlist"]["track"]}.items()
        return answer.json["playlist"]["track"]

    created, own = listed("playlists/createdfor"), listed("playlists")
    extensions = [each["extension"]["https://musicbrainz.org/doc/jspf#playlist"] for each in created]
    sources = [each["additional_metadata"]["algorithm_metadata"]["source_patch"] for each in extensions]
    assert sources[0] == "daily:1"
    assert sources[-1] == "smart-playlist"
    assert {each["created_for"] for each in extensions} == {user}
    assert [each["track"] for each in created] == [[] for _ in created]
    assert [len(tracks(each)) > 0 for each in created] == [True for _ in created]
    assert [each["title"] for each in own] == ["Own"]
    first, second = tracks(own[0])
    assert (first["title"], first["identifier"]) == ("Title 001", [f"https://musicbrainz.org/recording/{MBID}"])
    assert second["identifier"] == []
    details = second["extension"]["https://musicbrainz.org/doc/jspf#track"]["additional_metadata"]
    assert details == {"segue_track_id": track_id(2)}
    assert api.get(f"/1/playlist/{own[0]['identifier'].rpartition('/')[2]}", headers=token("bob")).status_code == 404
    api.put("/v1/tracks/test:1/ids", json={"ids": {"mbid": None}})
