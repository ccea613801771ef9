"""Calls of liblistenbrainz and pylast: `calls.py URL TLS_HOST USER OTHER_USER PASSWORD TOKEN`.

pylast speaks HTTPS only, so it gets the name and the port of a proxy. It signs in as the other user.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

import liblistenbrainz
import pylast

MBID = "4a0a6d1e-3c11-4f0c-8d4b-1f0f3a6f5b1d"
NOW = int(time.time())
PLAYED = [(f"Artist {number % 4}", f"Title 00{number}", NOW - 600 + 100 * number) for number in range(4)]


def report(client: str, call: str, run: Callable[[], object]) -> None:
    """Print whether a call returned what it should, or the error that the client raised."""
    try:
        result = "ok" if run() else "unexpected content"
    except liblistenbrainz.errors.ListenBrainzAPIException as error:
        result = f"refused ({error.status_code})"
    except pylast.WSError as error:
        result = f"refused (error {error.get_id()})"
    except Exception as error:  # noqa: BLE001  the table shows what a client makes of a response
        result = f"{type(error).__name__}: {str(error).splitlines()[0]}"
    print(json.dumps({"client": f"{client} {version(client)}", "call": call, "result": result}))


def call_liblistenbrainz(url: str, user: str, token: str) -> None:
    """Call each method of liblistenbrainz."""
    client = liblistenbrainz.ListenBrainz(api_base_url=url)
    plays = [liblistenbrainz.Listen(title, artist, listened_at=at) for artist, title, at in PLAYED]
    playing = liblistenbrainz.Listen("Title 005", "Artist 1", additional_info={"media_player": "A player"})
    is_accepted = {"status": "ok"}.__eq__
    for call, run in {
        "set_auth_token": lambda: client.set_auth_token(token) is None,
        "submit_single_listen": lambda: is_accepted(client.submit_single_listen(plays[0])),
        "submit_multiple_listens": lambda: is_accepted(client.submit_multiple_listens(plays)),
        "submit_playing_now": lambda: is_accepted(client.submit_playing_now(playing)),
        "get_playing_now": lambda: client.get_playing_now(user).track_name == "Title 005",
        "get_listens": lambda: (
            [each.listened_at for each in client.get_listens(user)] == [NOW - 300, NOW - 400, NOW - 500, NOW - 600]
        ),
        "get_listens (min_ts)": lambda: len(client.get_listens(user, min_ts=NOW - 500)) == 2,
        "get_user_listen_count": lambda: client.get_user_listen_count(user) == 4,
        "delete_listen": lambda: (
            is_accepted(client.delete_listen(client.get_listens(user, count=1)[0]))
            and client.get_user_listen_count(user) == 3
        ),
        "submit_user_feedback": lambda: is_accepted(client.submit_user_feedback(1, MBID)),
        "get_user_feedback": lambda: (
            client.get_user_feedback(user, score=1, metadata=True)["feedback"][0]["recording_mbid"] == MBID
        ),
        "get_user_recommendation_recordings": lambda: (
            client.get_user_recommendation_recordings(user, artist_type="raw")["payload"]["entity"] == "recording"
        ),
        "get_user_artists": lambda: client.get_user_artists(user),
        "get_user_recordings": lambda: client.get_user_recordings(user),
    }.items():
        report("liblistenbrainz", call, run)


def call_pylast(host: str, user: str, password: str) -> None:
    """Call the methods of pylast that scrobblers use."""
    network = pylast.LastFMNetwork("key of an application", "secret of an application")
    network.ws_server = (host, "/2.0/")
    listener, song = network.get_user(user), network.get_track("Artist 2", "Title 002")
    plays = [{"artist": artist, "title": title, "timestamp": at} for artist, title, at in PLAYED]

    def sign_in() -> bool:
        generator = pylast.SessionKeyGenerator(network)
        network.session_key = generator.get_session_key(user, pylast.md5(password))
        return bool(network.session_key)

    def recent() -> list[str]:
        return [played.track.title for played in listener.get_recent_tracks(limit=2)]

    for call, run in {
        "auth.getMobileSession (wrong password)": lambda: pylast.SessionKeyGenerator(network).get_session_key(
            user, pylast.md5("wrong")
        ),
        "auth.getMobileSession": sign_in,
        "track.scrobble": lambda: (
            network.scrobble("Artist 0", "Title 000", NOW - 600, album="Album 0", mbid=MBID) is None
        ),
        "track.scrobble (batch)": lambda: network.scrobble_many(plays) is None,
        "track.updateNowPlaying": lambda: network.update_now_playing("Artist 1", "Title 005", duration=200) is None,
        "track.love": lambda: song.love() is None,
        "track.unlove": lambda: song.unlove() is None,
        "user.getRecentTracks": lambda: recent() == ["Title 003", "Title 002"],
        "user.getRecentTracks (now playing)": lambda: listener.get_now_playing().title == "Title 005",
        "user.getInfo": lambda: listener.get_playcount() == 4 and listener.get_unixtime_registered() == NOW - 600,
        "user.getInfo (own)": lambda: network.get_authenticated_user().get_name() == user,
        "user.getLovedTracks": lambda: list(listener.get_loved_tracks()),
    }.items():
        report("pylast", call, run)


URL, HOST, USER, OTHER_USER, PASSWORD, TOKEN = sys.argv[1:]
call_liblistenbrainz(URL, USER, TOKEN)
call_pylast(HOST, OTHER_USER, PASSWORD)
