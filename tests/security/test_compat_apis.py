"""Keys, listeners and limits in the APIs of ListenBrainz, Spotify and OpenSubsonic, and in radio sessions."""

import uuid

import pytest

from services.domain.access import Scope

TRACK = "test:3"
LISTENS = {"listens": [{"track_id": TRACK, "event": "like", "at": "2026-03-01T20:15:00Z"}]}
SCROBBLE = {
    "listen_type": "single",
    "payload": [{"listened_at": 1_772_000_000, "track_metadata": {"artist_name": "Nobody", "track_name": "Nothing"}}],
}


@pytest.fixture
def ada(key_for):
    """A key that is bound to ada."""
    return key_for(Scope.LISTEN, Scope.READ, listeners=("ada",))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "/v1/users/bob/listens", None),
        ("post", "/v1/users/bob/listens", LISTENS),
        ("get", "/v1/users/bob/recommendations", None),
        ("get", "/v1/users/bob/taste", None),
        ("get", "/v1/users/bob/start", None),
        ("post", "/v1/users/bob/start", {"tracks": [TRACK]}),
        ("delete", "/v1/users/bob", None),
        ("post", "/v1/recommendations", {"user": "bob"}),
        ("post", "/v1/radio", {"user": "bob"}),
        ("get", "/1/user/bob/listens", None),
        ("get", "/1/user/bob/listen-count", None),
        ("get", "/1/user/bob/playing-now", None),
        ("get", "/1/latest-import?user_name=bob", None),
        ("get", "/1/feedback/user/bob/get-feedback", None),
        ("get", "/1/cf/recommendation/user/bob/recording", None),
        ("get", "/1/user/bob/playlists", None),
        ("get", "/1/user/bob/playlists/createdfor", None),
        ("get", "/2.0/?method=user.getInfo&user=bob", None),
        ("get", "/2.0/?method=user.getRecentTracks&user=bob", None),
    ],
)
def test_a_bound_key_is_refused_for_other_listeners(locked, ada, method, path, body):
    """Every route that a key of ada can use is refused for bob."""
    send = getattr(locked, method)
    mine = path.replace("bob", "ada"), body if body is None else {**body, **({"user": "ada"} if "user" in body else {})}

    assert send(path, headers=ada, json=body).status_code == 403
    assert send(mine[0], headers=ada, json=mine[1]).status_code in (200, 201, 404)


@pytest.mark.parametrize("path", ["/v1/recommendations", "/v1/radio"])
def test_naming_a_listener_needs_the_scope_listen(locked, key_for, path):
    """The same request without a listener does not."""
    headers = key_for(Scope.READ)

    assert locked.post(path, headers=headers, json={"user": "ada"}).status_code == 403
    assert locked.post(path, headers=headers, json={"history": []}).status_code in (200, 201)


def test_a_radio_session_of_a_listener_needs_a_key_of_the_listener(locked, ada, key_for):
    """The id of ada's session is not enough."""
    place = locked.post("/v1/radio", headers=ada, json={"user": "ada", "seeds": {"tracks": [TRACK]}}).headers[
        "Location"
    ]
    others = key_for(Scope.LISTEN, Scope.READ, listeners=("bob",))

    assert locked.get(place, headers=others).status_code == 403
    assert locked.post(f"{place}/next", headers=others, json={}).status_code == 403
    assert locked.delete(place, headers=others).status_code == 403
    assert locked.post(f"{place}/next", headers=ada, json={}).status_code == 200


def test_a_scrobblers_token_is_a_key_bound_to_a_listener(locked, ada, key_for):
    """If keys are required, a listener's name and an unbound key are refused."""
    token = ada["Authorization"].replace("Bearer", "Token")
    unbound = key_for(Scope.LISTEN)["Authorization"].replace("Bearer", "Token")

    def submit(authorization):
        return locked.post("/1/submit-listens", json=SCROBBLE, headers={"Authorization": authorization})

    assert submit(token).json == {"status": "ok"}
    assert locked.get("/1/user/ada/listen-count", headers={"Authorization": token}).json["payload"]["count"] == 1
    assert (submit("Token ada").status_code, submit(unbound).status_code) == (401, 401)
    assert "not bound to one listener" in submit(unbound).json["error"]
    valid = locked.get("/1/validate-token", headers={"Authorization": token}).json
    assert (valid["valid"], valid["user_name"]) == (True, "ada")
    assert locked.get("/1/validate-token?token=ada").json["valid"] is False


def test_scrobblers_of_two_listeners_may_use_one_idempotency_key(api, services):
    """Without keys a name is a token; each listener's request is executed."""
    both = [f"{name} {uuid.uuid4()}" for name in ("anna", "bert")]
    for name in both:
        headers = {"Authorization": f"Token {name}", "Idempotency-Key": "same"}
        assert api.post("/1/submit-listens", json=SCROBBLE, headers=headers).status_code == 200

    assert [services.catalogue.listens.count(name) for name in both] == [1, 1]


def test_another_form_with_the_same_idempotency_key_is_refused(api):
    """The fields of a form are compared, even after they were parsed."""
    headers = {"Idempotency-Key": str(uuid.uuid4())}

    def send(name):
        return api.post("/rest/getUser", data={"username": name, "f": "json"}, headers=headers)

    assert send("me").json["subsonic-response"]["user"]["username"] == "me"
    assert send("me").headers["Idempotency-Replayed"] == "true"
    assert send("other").json["subsonic-response"]["status"] == "failed"


def test_stored_responses_are_deleted_with_their_listener(api, services):
    """A repeated request after the deletion is executed again."""
    name = f"eve {uuid.uuid4()}"
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = api.post(f"/v1/users/{name}/listens", json=LISTENS, headers=headers)
    api.delete(f"/v1/users/{name}")
    again = api.post(f"/v1/users/{name}/listens", json=LISTENS, headers=headers)

    assert (first.status_code, again.status_code) == (200, 200)
    assert "Idempotency-Replayed" not in again.headers
    assert again.json["recorded"] == 1
    services.catalogue.listeners.forget_history(name)


def test_spotify_clients_may_send_any_token_if_no_key_is_required(api, locked, key_for):
    """They always send a token. If keys are required, it must be one."""
    path = "/v1/compat/spotify/audio-features/test:1"
    anything = {"Authorization": "Bearer whatever"}

    assert api.get(path, headers=anything).status_code == 200
    refused = locked.get(path, headers=anything)
    assert (refused.status_code, refused.json["error"]["status"]) == (401, 401)
    assert locked.get(path, headers=key_for(Scope.READ)).status_code == 200


def test_an_audiomuse_client_sends_a_key_as_token_or_in_a_header(locked, key_for):
    """The health check needs none."""
    bearer = key_for(Scope.READ)
    sent = [{}, {"Authorization": "Bearer wrong"}, bearer, {"X-Api-Key": bearer["Authorization"].split()[1]}]
    answers = [locked.get("/api/similar_tracks?item_id=test:1", headers=headers) for headers in sent]

    assert [answer.status_code for answer in answers] == [401, 401, 200, 200]
    assert locked.get("/api/health").json == {"status": "ok"}


def test_a_subsonic_client_signs_in_with_a_key(locked, key_for):
    """`apiKey` is a Segue key with the scope `read`."""

    def send(key):
        return locked.get("/rest/ping", query_string={"apiKey": key, "f": "json"}).json["subsonic-response"]

    keys = [key_for(scope)["Authorization"].split()[1] for scope in (Scope.READ, Scope.INGEST)]
    assert [send(key)["status"] for key in (*keys, "segue_x_y")] == ["ok", "failed", "failed"]
    refused = send(keys[1])["error"]
    assert (refused["code"], "`read`" in refused["message"]) == (50, True)
    assert send("segue_x_y")["error"]["code"] == 44


def test_programs_for_lastfm_are_told_to_sign_in(locked):
    """Not to send a header, which they cannot."""
    refused = locked.get("/2.0/?method=user.getInfo&format=json").json

    assert refused["error"] == 9
    assert "auth.getMobileSession" in refused["message"]
    assert "Bearer" not in refused["message"]


@pytest.mark.parametrize("token", ["Token wrong", "Token segue_x_y", "Bearer segue_x_y", "wrong"])
def test_a_wrong_token_counts_before_a_wrong_body(locked, token):
    """A scrobbler learns that its token is wrong."""
    answer = locked.post("/1/submit-listens", data="{", headers={"Authorization": token})

    assert answer.status_code == 401


def test_a_stored_ban_applies_to_radio_sessions(api):
    """A track that was banned long ago is not returned, and events reported to the session are stored."""
    name = f"dan {uuid.uuid4()}"
    banned = api.get("/v1/tracks/test:7").json["id"]
    ban = {"listens": [{"track_id": banned, "event": "ban", "at": "2001-03-01T20:15:00Z"}]}
    api.post(f"/v1/users/{name}/listens", json=ban)
    place = api.post("/v1/radio", json={"user": name, "seeds": {"tracks": [TRACK]}}).headers["Location"]
    returned = api.post(f"{place}/next", json={"limit": 100}).json["tracks"]
    played = {"track_id": returned[0]["id"], "event": "play", "at": "2026-03-01T20:15:00Z"}
    returned += api.post(f"{place}/next", json={"events": [played], "limit": 100}).json["tracks"]

    assert banned not in {track["id"] for track in returned}
    kept = api.get(f"/v1/users/{name}/listens").json["listens"]
    assert [(listen["track_id"], listen["event"]) for listen in kept] == [(returned[0]["id"], "play"), (banned, "ban")]
    api.delete(f"/v1/users/{name}")
    assert api.get(place).status_code == 404


def test_a_verdict_applies_to_a_running_radio_session(api):
    """Each call reads the verdicts: a ban excludes a track, and a later like allows it again."""
    name = f"fay {uuid.uuid4()}"
    track = api.get("/v1/tracks/test:7").json["id"]
    place = api.post("/v1/radio", json={"user": name, "seeds": {"tracks": [TRACK]}}).headers["Location"]

    def report(kind, day):
        listen = {"track_id": track, "event": kind, "at": f"2026-03-0{day}T20:15:00Z"}
        assert api.post(f"/v1/users/{name}/listens", json={"listens": [listen]}).json["recorded"] == 1
        return {found["id"] for found in api.post(f"{place}/next", json={"limit": 100}).json["tracks"]}

    assert track not in report("ban", 1)
    assert track in report("like", 2)
    api.delete(f"/v1/users/{name}")


def test_unknown_seeds_are_refused_despite_stored_listens(api):
    """The listens of a listener do not replace seeds that are not in the library."""
    name = f"hal {uuid.uuid4()}"
    api.post(f"/v1/users/{name}/listens", json=LISTENS)

    assert api.post("/v1/radio", json={"user": name, "seeds": {"artists": ["Nobody"]}}).status_code == 422
    api.delete(f"/v1/users/{name}")


def test_events_of_a_radio_session_are_stored_once(api):
    """A repeated call stores nothing twice; events of unknown tracks are stored, events in the future are refused."""
    name = f"gil {uuid.uuid4()}"
    place = api.post("/v1/radio", json={"user": name, "seeds": {"tracks": [TRACK]}}).headers["Location"]
    body = {"events": [{"track_id": "test:1"}, {"track_id": "mbid:nobody-has-this"}], "call": "1"}
    for _ in range(2):
        assert api.post(f"{place}/next", json=body).status_code == 200
    late = {"events": [{"track_id": "test:1", "event": "ban", "at": "9999-01-01T00:00:00Z"}]}

    assert api.post(f"{place}/next", json=late).status_code == 422
    kept = api.get(f"/v1/users/{name}/listens").json["listens"]
    assert len(kept) == 2
    assert {listen["track_id"] is None for listen in kept} == {True, False}
    api.delete(f"/v1/users/{name}")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_at_the_limits_of_utc_are_no_error(api, at):
    """They count as the first or last UTC time, or are refused."""
    started = api.post(
        "/v1/radio", json={"history": [{"track_id": "test:1", "event": "skip", "at": at}], "half_life_days": 36_500}
    )

    assert started.status_code == 201
    assert (
        api.post(f"{started.headers['Location']}/next", json={"events": [{"track_id": "test:1", "at": at}]}).status_code
        == 422
    )
    for end in ("since", "before"):
        assert api.get("/v1/users/x/listens", query_string={end: at}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/rest/getSonicSimilarTracks?id=test:0&count=100&f=json",
        "/rest/getSimilarSongs?id=test:0&count=100&f=json",
        "/v1/compat/spotify/recommendations?seed_tracks=test:0&limit=100",
    ],
)
def test_a_bound_keys_listener_determines_the_banned_tracks(locked, ada, path):
    """For apps that cannot name a listener, the key's listener counts."""
    banned = locked.get("/v1/tracks/test:4", headers=ada).json
    ban = {"listens": [{"track_id": banned["id"], "event": "ban"}]}
    url = f"{path}&apiKey={ada['Authorization'].split()[1]}" if path.startswith("/rest") else path

    assert f"{banned['title']}" in locked.get(url, headers=ada).text
    locked.post("/v1/users/ada/listens", json=ban, headers=ada)
    assert f"{banned['title']}" not in locked.get(url, headers=ada).text
    locked.delete("/v1/users/ada", headers=ada)
