"""Keys, listeners and limits where Segue speaks as ListenBrainz, Spotify and OpenSubsonic do, and in its radio."""

import uuid

import pytest

from services.domain.access import Scope

TRACK = "test:3"
LISTENS = {"listens": [{"track_id": TRACK, "event": "like", "at": "2026-03-01T20:15:00Z"}]}
SCROBBLE = {
    "listen_type": "single",
    "payload": [{"listened_at": 1_772_000_000, "track_metadata": {"artist_name": "Nobody", "track_name": "Nothing"}}],
}
PASSWORD = "correct horse"  # noqa: S105  the test's own


@pytest.fixture
def ada(key_for):
    """A key that is bound to ada."""
    return key_for(Scope.LISTEN, Scope.READ, users=("ada",))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "/v1/users/bob/listens", None),
        ("post", "/v1/users/bob/listens", LISTENS),
        ("get", "/v1/users/bob/recommendations", None),
        ("get", "/v1/users/bob/taste", None),
        ("delete", "/v1/users/bob", None),
        ("post", "/v1/recommendations", {"user": "bob"}),
        ("post", "/v1/radio", {"user": "bob"}),
        ("get", "/1/user/bob/listens", None),
        ("get", "/1/user/bob/listen-count", None),
        ("get", "/1/user/bob/playing-now", None),
        ("get", "/1/latest-import?user_name=bob", None),
    ],
)
def test_a_bound_key_reaches_no_other_listener(locked, ada, method, path, body):
    """What opens ada's data is refused for bob, on every way to it."""
    ask = getattr(locked, method)
    mine = path.replace("bob", "ada"), body if body is None else {**body, **({"user": "ada"} if "user" in body else {})}

    assert ask(path, headers=ada, json=body).status_code == 403
    assert ask(mine[0], headers=ada, json=mine[1]).status_code in (200, 201, 404)


@pytest.mark.parametrize("path", ["/v1/recommendations", "/v1/radio"])
def test_a_key_for_reading_reaches_no_listener(locked, key_for, path):
    """Naming a listener needs the scope `listen`; the same without one does not."""
    headers = key_for(Scope.READ)

    assert locked.post(path, headers=headers, json={"user": "ada"}).status_code == 403
    assert locked.post(path, headers=headers, json={"history": []}).status_code in (200, 201)


def test_a_radio_of_a_listener_is_gone_on_with_by_nobody_else(locked, ada, key_for):
    """Whoever learns the id of ada's session needs a key that may reach ada."""
    place = locked.post("/v1/radio", headers=ada, json={"user": "ada", "seeds": {"tracks": [TRACK]}}).headers[
        "Location"
    ]
    others = key_for(Scope.LISTEN, Scope.READ, users=("bob",))

    assert locked.get(place, headers=others).status_code == 403
    assert locked.post(f"{place}/next", headers=others, json={}).status_code == 403
    assert locked.delete(place, headers=others).status_code == 403
    assert locked.post(f"{place}/next", headers=ada, json={}).status_code == 200


def test_a_scrobbler_speaks_for_the_listener_its_key_is_bound_to(locked, ada, key_for):
    """With keys the token is one; the listener's name opens nothing, and a key of nobody says so."""
    token = ada["Authorization"].replace("Bearer", "Token")
    unbound = key_for(Scope.LISTEN)["Authorization"].replace("Bearer", "Token")

    def submit(authorization):
        return locked.post("/1/submit-listens", json=SCROBBLE, headers={"Authorization": authorization})

    assert submit(token).json == {"status": "ok"}
    assert locked.get("/1/user/ada/listen-count", headers={"Authorization": token}).json["payload"]["count"] == 1
    assert (submit("Token ada").status_code, submit(unbound).status_code) == (401, 401)
    assert "bound to no listener" in submit(unbound).json["error"]
    valid = locked.get("/1/validate-token", headers={"Authorization": token}).json
    assert (valid["valid"], valid["user_name"]) == (True, "ada")
    assert locked.get("/1/validate-token?token=ada").json["valid"] is False


def test_two_scrobblers_with_one_idempotency_key_are_two(api, services):
    """Without keys a name is a token: what anna sent is no answer to bert, and bert's listen is kept."""
    both = [f"{name} {uuid.uuid4()}" for name in ("anna", "bert")]
    for name in both:
        headers = {"Authorization": f"Token {name}", "Idempotency-Key": "same"}
        assert api.post("/1/submit-listens", json=SCROBBLE, headers=headers).status_code == 200

    assert [services.catalogue.listens.count(name) for name in both] == [1, 1]


def test_another_form_with_the_same_idempotency_key_is_refused(api):
    """A form's fields tell requests apart, though somebody has read them already."""
    headers = {"Idempotency-Key": str(uuid.uuid4())}

    def ask(name):
        return api.post("/rest/getUser", data={"username": name, "f": "json"}, headers=headers)

    assert ask("me").json["subsonic-response"]["user"]["username"] == "me"
    assert ask("me").headers["Idempotency-Replayed"] == "true"
    assert ask("other").json["subsonic-response"]["status"] == "failed"


def test_a_forgotten_listener_is_in_no_kept_answer(api, services):
    """Answers that are kept to be repeated go with the listener they are of."""
    name = f"eve {uuid.uuid4()}"
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = api.post(f"/v1/users/{name}/listens", json=LISTENS, headers=headers)
    api.delete(f"/v1/users/{name}")
    again = api.post(f"/v1/users/{name}/listens", json=LISTENS, headers=headers)

    assert (first.status_code, again.status_code) == (200, 200)
    assert "Idempotency-Replayed" not in again.headers
    assert again.json["recorded"] == 1
    services.catalogue.listens.forget(name)


def test_a_password_cannot_be_guessed_for_long(client_with):
    """After thirty wrong passwords a minute the right one is held up as well: an answer would tell that it is right."""
    client = client_with(require_keys=None, subsonic_user="ada", subsonic_password=PASSWORD)

    def ask(password):
        return client.get("/rest/ping", query_string={"u": "ada", "p": password, "f": "json"}).json["subsonic-response"]

    assert ask(PASSWORD)["status"] == "ok"
    assert {ask(f"guess {number}")["status"] for number in range(31)} == {"failed"}
    assert ask(PASSWORD)["status"] == "failed"


def test_spotifys_clients_may_send_any_token_until_keys_are_needed(api, locked, key_for):
    """They must send something: on one's own machine it counts for nothing, elsewhere it is a key or refused."""
    path = "/v1/compat/spotify/audio-features/test:1"
    anything = {"Authorization": "Bearer whatever"}

    assert api.get(path, headers=anything).status_code == 200
    refused = locked.get(path, headers=anything)
    assert (refused.status_code, refused.json["error"]["status"]) == (401, 401)
    assert locked.get(path, headers=key_for(Scope.READ)).status_code == 200


def test_a_subsonic_client_signs_in_with_a_key(locked, key_for):
    """`apiKey` is a Segue key that may read."""

    def ask(key):
        return locked.get("/rest/ping", query_string={"apiKey": key, "f": "json"}).json["subsonic-response"]

    keys = [key_for(scope)["Authorization"].split()[1] for scope in (Scope.READ, Scope.INGEST)]
    assert [ask(key)["status"] for key in (*keys, "segue_x_y")] == ["ok", "failed", "failed"]
    assert ask(keys[1])["error"]["code"] == 44


def test_a_stored_ban_holds_in_the_radio(api):
    """What a listener banned long ago never comes in a radio of theirs, and what they report there is kept."""
    name = f"dan {uuid.uuid4()}"
    banned = api.get("/v1/tracks/test:7").json["id"]
    ban = {"listens": [{"track_id": banned, "event": "ban", "at": "2001-03-01T20:15:00Z"}]}
    api.post(f"/v1/users/{name}/listens", json=ban)
    place = api.post("/v1/radio", json={"user": name, "seeds": {"tracks": [TRACK]}}).headers["Location"]
    answered = api.post(f"{place}/next", json={"limit": 100}).json["tracks"]
    played = {"track_id": answered[0]["id"], "event": "play", "at": "2026-03-01T20:15:00Z"}
    answered += api.post(f"{place}/next", json={"events": [played], "limit": 100}).json["tracks"]

    assert banned not in {track["id"] for track in answered}
    kept = api.get(f"/v1/users/{name}/listens").json["listens"]
    assert [(listen["track_id"], listen["event"]) for listen in kept] == [(answered[0]["id"], "play"), (banned, "ban")]
    api.delete(f"/v1/users/{name}")
    assert api.get(place).status_code == 404


def test_a_ban_stored_after_a_radio_began_holds_and_a_like_lifts_it(api):
    """The session asks at each call what its listener rejects, wherever they said so."""
    name = f"fay {uuid.uuid4()}"
    track = api.get("/v1/tracks/test:7").json["id"]
    place = api.post("/v1/radio", json={"user": name, "seeds": {"tracks": [TRACK]}}).headers["Location"]

    def say(kind, day):
        listen = {"track_id": track, "event": kind, "at": f"2026-03-0{day}T20:15:00Z"}
        assert api.post(f"/v1/users/{name}/listens", json={"listens": [listen]}).json["recorded"] == 1
        return {found["id"] for found in api.post(f"{place}/next", json={"limit": 100}).json["tracks"]}

    assert track not in say("ban", 1)
    assert track in say("like", 2)
    api.delete(f"/v1/users/{name}")


def test_seeds_that_lead_nowhere_are_refused_whatever_is_stored(api):
    """A listener's past is no answer to seeds that the library does not have."""
    name = f"hal {uuid.uuid4()}"
    api.post(f"/v1/users/{name}/listens", json=LISTENS)

    assert api.post("/v1/radio", json={"user": name, "seeds": {"artists": ["Nobody"]}}).status_code == 422
    api.delete(f"/v1/users/{name}")


def test_what_is_reported_to_a_radio_is_kept_once_and_of_unknown_tracks_too(api):
    """A call that is repeated records nothing twice, though its events have no time; the future is refused."""
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
def test_the_ends_of_time_are_no_crash(api, at):
    """Moments that have no UTC are taken for the end they lie at, or refused."""
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
def test_apps_that_cannot_name_a_listener_are_spared_what_their_keys_listener_banned(locked, ada, path):
    """A key that is bound to one listener says who listens."""
    banned = locked.get("/v1/tracks/test:4", headers=ada).json
    ban = {"listens": [{"track_id": banned["id"], "event": "ban"}]}
    asked = f"{path}&apiKey={ada['Authorization'].split()[1]}" if path.startswith("/rest") else path

    assert f"{banned['title']}" in locked.get(asked, headers=ada).text
    locked.post("/v1/users/ada/listens", json=ban, headers=ada)
    assert f"{banned['title']}" not in locked.get(asked, headers=ada).text
    locked.delete("/v1/users/ada", headers=ada)
