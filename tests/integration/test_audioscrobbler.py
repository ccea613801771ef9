"""Audioscrobbler 2.0 and 1.2: sign-in, scrobbles, what plays now, loved tracks."""

import hashlib
import itertools
import time
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from services.api.app import create_app
from services.domain.access import Scope
from tests.fakes.library import track_id

NOON = 1_760_000_000
SIGNATURE = 32 * "0"
PASSWORD = "correct horse"  # noqa: S105  the test's own
OTHER_PASSWORD = "another horse"  # noqa: S105
MBID = "4a0a6d1e-3c11-4f0c-8d4b-1f0f3a6f5b1d"
numbers = itertools.count()


def md5(text):
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
def user(services):
    """A listener with an account."""
    name = f"ann {next(numbers)}"
    services.catalogue.accounts.add(name, PASSWORD)
    yield name
    services.now_playing.clear(name)


def ask(api, method, verb="post", **given):
    sent = {"method": method, "api_key": 32 * "1", "api_sig": SIGNATURE, "format": "json", **given}
    sent = {name: value for name, value in sent.items() if value is not None}
    return api.get("/2.0/", query_string=sent) if verb == "get" else api.post("/2.0/", data=sent)


def sign_in(api, user, **given):
    answer = ask(api, "auth.getMobileSession", username=user, **(given or {"password": PASSWORD}))
    assert answer.status_code == 200, answer.text
    assert answer.json["session"]["name"] == user
    return answer.json["session"]["key"]


def shake_hands(api, user, password=PASSWORD, at=None):
    stamp = str(int(time.time()) if at is None else at)
    token = md5(md5(password) + stamp)
    parameters = {"hs": "true", "p": "1.2.1", "c": "tst", "v": "1.0", "u": user, "t": stamp, "a": token}
    return api.get("/", query_string=parameters)


def kept(services, user):
    return services.catalogue.listens.page(user, limit=100).listens


def playing(services, user):
    return [each.described.title for each in services.now_playing.all([user])]


def test_a_password_or_its_digest_signs_in(api, user):
    """With the password, or with the digest that programs store instead of it."""
    keys = [sign_in(api, user), sign_in(api, user, authToken=md5(user + md5(PASSWORD)))]

    assert keys[0] == keys[1]
    assert ask(api, "user.getInfo", sk=keys[0]).json["user"]["name"] == user


def test_a_scrobble_is_a_play(api, services, user):
    """The same scrobble again changes nothing; case of the method does not matter."""
    session = sign_in(api, user)
    sent = {"artist": "Artist 1", "track": "Title 001", "timestamp": NOON, "album": "Album", "duration": 2}
    first = ask(api, "track.scrobble", sk=session, **sent).json["scrobbles"]
    ask(api, "TRACK.SCROBBLE", sk=session, **sent)
    [found] = kept(services, user)

    assert first["@attr"] == {"accepted": "1", "ignored": "0"}
    assert first["scrobble"]["track"] == {"corrected": "0", "#text": "Title 001"}
    assert first["scrobble"]["ignoredMessage"] == {"code": "0", "#text": ""}
    assert (found.track_id, found.kind, found.at) == (track_id(1), "play", datetime.fromtimestamp(NOON, UTC))
    assert found.described.duration_ms == 2000


def test_scrobbles_come_in_batches(api, services, user):
    """Those that cannot be stored are ignored with a reason, and the others are stored."""
    session = sign_in(api, user)
    artists = ("Artist 1", "", "Artist 2", "Artist 3")
    titles, times = ("Title 001", "x", "", "y"), (NOON, NOON, NOON, int(time.time()) + 10_000)
    sent = {f"artist[{n}]": each for n, each in enumerate(artists)}
    sent |= {f"track[{n}]": each for n, each in enumerate(titles)}
    sent |= {f"timestamp[{n}]": each for n, each in enumerate(times)}
    answer = ask(api, "track.scrobble", sk=session, **sent, **{"mbid[0]": MBID}).json["scrobbles"]

    assert answer["@attr"] == {"accepted": "1", "ignored": "3"}
    assert [each["ignoredMessage"]["code"] for each in answer["scrobble"]] == ["0", "1", "2", "4"]
    assert [(each.track_id, each.names) for each in kept(services, user)] == [(track_id(1), (f"mbid:{MBID}",))]


def test_what_plays_now_is_shown(api, services, user):
    """It is no play, and comes first in the recent tracks."""
    session = sign_in(api, user)
    ask(api, "track.scrobble", sk=session, artist="Artist 2", track="Title 002", timestamp=NOON)
    answer = ask(api, "track.updateNowPlaying", sk=session, artist="Artist 1", track="Title 001", duration=100)
    recent = ask(api, "user.getRecentTracks", "get", sk=session).json["recenttracks"]

    assert answer.json["nowplaying"]["track"]["#text"] == "Title 001"
    assert playing(services, user) == ["Title 001"]
    assert [each["name"] for each in recent["track"]] == ["Title 001", "Title 002"]
    assert recent["track"][0]["@attr"] == {"nowplaying": "true"}
    assert recent["track"][1]["date"] == {"uts": str(NOON), "#text": "09 Oct 2025, 08:53"}
    assert recent["@attr"] == {"user": user, "totalPages": "1", "page": "1", "perPage": "50", "total": "1"}


def test_recent_tracks_have_pages_and_times(api, user):
    """Newest first; both times are included."""
    session = sign_in(api, user)
    for number in range(5):
        ask(api, "track.scrobble", sk=session, artist="Choir", track=f"Rain {number}", timestamp=NOON + number)

    def titles(**given):
        shown = ask(api, "user.getRecentTracks", sk=session, **given).json["recenttracks"]
        return [each["name"][-1] for each in shown["track"]], shown["@attr"]["totalPages"]

    assert titles(limit=2) == (["4", "3"], "3")
    assert titles(limit=2, page=3) == (["0"], "3")
    assert titles(**{"from": NOON + 1, "to": NOON + 3}) == (["3", "2", "1"], "1")


def test_a_loved_track_is_a_like(api, services, user):
    """Love twice is one like, and unlove takes it back."""
    session = sign_in(api, user)
    for _ in range(2):
        assert ask(api, "track.love", sk=session, artist="Artist 1", track="Title 001").json == {}
    loved = [(each.track_id, each.kind) for each in kept(services, user)]
    ask(api, "track.unlove", sk=session, artist="Artist 1", track="Title 001")

    assert loved == [(track_id(1), "like")]
    assert kept(services, user) == ()


def test_xml_is_the_default(api, user):
    """Successes and errors have the root element `lfm`, and texts keep every character that XML has."""
    session = sign_in(api, user)
    sent = {"artist": "A & B <\x01>", "track": "x", "timestamp": NOON}
    good = ET.fromstring(ask(api, "track.scrobble", sk=session, format=None, **sent).text)
    bad = ask(api, "track.scrobble", sk="no", format=None, **sent)
    error = ET.fromstring(bad.text)

    assert (good.tag, good.get("status"), good[0].get("accepted")) == ("lfm", "ok", "1")
    assert good.findtext("scrobbles/scrobble/artist") == "A & B <\ufffd>"
    assert good.find("scrobbles/scrobble/ignoredMessage").get("code") == "0"
    assert (bad.status_code, error.get("status"), error[0].get("code")) == (401, "failed", "9")
    assert bad.content_type == "text/xml; charset=utf-8"


@pytest.mark.parametrize(
    ("method", "given", "error"),
    [
        ("auth.getMobileSession", {"username": "nobody at all", "password": None}, 6),
        ("auth.getToken", {}, 3),
        ("", {}, 6),
        ("track.scrobble", {"artist": "x", "track": "x"}, 6),
        ("track.scrobble", {"artist": "x", "track": "x", "timestamp": "soon"}, 6),
        ("track.scrobble", {"artist": "x", "track": "x", "timestamp": NOON, "api_sig": "short"}, 13),
        ("track.scrobble", {}, 6),
        ("track.love", {"artist": "x"}, 6),
        ("user.getRecentTracks", {"page": "0"}, 6),
        ("user.getRecentTracks", {"user": "bob"}, 4),
    ],
)
def test_a_wrong_request_gets_the_error_of_the_protocol(api, user, method, given, error):
    """By its code; the status is in the 400s."""
    answer = ask(api, method, **{"sk": sign_in(api, user), **given})

    assert answer.json["error"] == error
    assert answer.json["message"]
    assert 400 <= answer.status_code < 500


def test_a_method_that_changes_something_needs_post(api, services, user):
    """A page of another site could make a browser send GET."""
    sent = {"artist": "x", "track": "x", "timestamp": NOON}
    answer = ask(api, "track.scrobble", "get", sk=sign_in(api, user), **sent)

    assert (answer.status_code, answer.json["error"]) == (400, 6)
    assert kept(services, user) == ()


def test_a_wrong_password_is_refused(api, user):
    """Neither the password nor its digest."""
    for given in ({"password": "wrong horse"}, {"authToken": md5("wrong")}):
        answer = ask(api, "auth.getMobileSession", username=user, **given)
        assert (answer.status_code, answer.json["error"]) == (401, 4)


def test_a_session_ends_with_its_password(api, services, user):
    """A changed password ends the sessions of the account; so does its removal."""
    old = sign_in(api, user)
    services.catalogue.accounts.change(user, OTHER_PASSWORD)
    new = sign_in(api, user, password=OTHER_PASSWORD)

    assert [ask(api, "user.getInfo", sk=key).status_code for key in (old, new)] == [401, 200]
    services.catalogue.accounts.remove(user)
    assert ask(api, "user.getInfo", sk=new).status_code == 401


def test_an_api_key_may_be_the_password(api, services):
    """It must be bound to the listener that signs in, and its sessions end when it is revoked."""
    own = services.catalogue.keys.create("own", [Scope.LISTEN], ["kim"])
    session = sign_in(api, "kim", password=own.text)

    assert ask(api, "user.getInfo", sk=session).json["user"]["name"] == "kim"
    assert ask(api, "auth.getMobileSession", username="bob", password=own.text).json["error"] == 4
    assert ask(api, "user.getInfo", api_key=own.text).json["user"]["name"] == "kim"
    services.catalogue.keys.revoke(own.id)
    assert ask(api, "user.getInfo", sk=session).status_code == 401


def test_a_local_listener_needs_no_account(api, services):
    """Where no key is needed, any name signs in; not where one is needed."""
    session = sign_in(api, "lee", password=OTHER_PASSWORD)
    ask(api, "track.scrobble", sk=session, artist="x", track="x", timestamp=NOON)

    assert len(kept(services, "lee")) == 1
    assert shake_hands(api, "lee").text.startswith("OK\n")
    locked = create_app(services).test_client()
    answer = locked.post(
        "/2.0/",
        data={"method": "user.getInfo", "sk": session, "format": "json"},
        headers={"X-Forwarded-For": "192.0.2.1"},
    )
    assert (answer.status_code, answer.json["error"]) == (401, 9)


def test_a_player_shakes_hands_and_submits(api, services, user):
    """Version 1.2: the handshake gives a session and two addresses, at which plays and what plays now are told."""
    answer = shake_hands(api, user)
    status, session, now_playing, submissions, end = answer.text.split("\n")
    noted = api.post(now_playing, data={"s": session, "a": "Artist 1", "t": "Title 001", "l": "100", "b": "", "m": ""})
    sent = {"s": session}
    for number, rating in enumerate(("", "L", "S")):
        fields = {"a": "Artist 1", "t": f"Title 00{number + 1}", "i": str(NOON + number), "o": "P", "r": rating}
        sent |= {f"{name}[{number}]": value for name, value in {**fields, "l": "2", "b": "", "n": "", "m": ""}.items()}
    submitted = api.post(submissions, data=sent)

    assert (status, end, answer.content_type) == ("OK", "", "text/plain; charset=utf-8")
    assert now_playing == "http://localhost/audioscrobbler/now-playing"
    assert (noted.text, submitted.text) == ("OK\n", "OK\n")
    assert playing(services, user) == ["Title 001"]
    found = sorted((each.described.title, each.kind.value) for each in kept(services, user))
    assert found == [("Title 001", "play"), ("Title 002", "like"), ("Title 002", "play"), ("Title 003", "skip")]


def test_a_rating_may_be_given_twice(api, services, user):
    """mpdscribble sends an empty one first."""
    session = shake_hands(api, user).text.split("\n")[1]
    body = f"s={session}&a[0]=Artist+1&t[0]=Title+001&i[0]={NOON}&r[0]=&r[0]=L"
    answer = api.post("/audioscrobbler/submissions", data=body, content_type="application/x-www-form-urlencoded")

    assert answer.text == "OK\n"
    assert sorted(each.kind for each in kept(services, user)) == ["like", "play"]


def test_a_wrong_handshake_is_refused(api, user):
    """By the words of the protocol, with the status 200."""
    answers = {
        "BADAUTH": shake_hands(api, user, OTHER_PASSWORD),
        "BADTIME": shake_hands(api, user, at=NOON),
        "BADSESSION": api.post("/audioscrobbler/now-playing", data={"s": "no", "a": "x", "t": "x"}),
    }

    assert {name: (answer.status_code, answer.text) for name, answer in answers.items()} == {
        name: (200, f"{name}\n") for name in answers
    }


@pytest.mark.parametrize("session", ["", "no", "0.0", "a.b.c", "\u00e9.x", "Og.x", "AAAA.x", "YWNjb3VudDphbm4KYW5u.x"])
def test_a_made_up_session_is_refused(api, session):
    """Whatever it looks like."""
    assert api.post("/audioscrobbler/submissions", data={"s": session, "a[0]": "x"}).text == "BADSESSION\n"
    answer = ask(api, "user.getInfo", sk=session)
    assert (answer.status_code, answer.json["error"]) == (401, 9)


def test_a_submission_without_a_time_fails(api, user):
    """The player keeps the play and tries again."""
    session = shake_hands(api, user).text.split("\n")[1]
    answer = api.post("/audioscrobbler/submissions", data={"s": session, "a[0]": "x", "t[0]": "x"})

    assert (answer.status_code, answer.text) == (200, "FAILED i is missing\n")


def test_the_page_is_still_at_the_root(api):
    """Only a handshake is answered otherwise."""
    assert api.get("/").content_type == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/2.0", "/2.0/"])
def test_a_call_without_a_method_is_told_so(api, path):
    """With and without the slash at the end."""
    answer = api.get(path, query_string={"format": "json"})

    assert (answer.status_code, answer.json["error"]) == (400, 6)
    assert answer.json["message"] == "Required parameter is missing: method."
