"""Examples of what is playing, and of the APIs for scrobblers."""

from collections.abc import Mapping

from services.api.openapi.examples.values import AWAKENING, LISTENER, PLAYED_AT, SERVICE, TRACK, Example, Json

NOW_PLAYING: Mapping[str, Example] = {
    "getNowPlaying": Example(
        response={
            "playing": [
                {
                    "listener": LISTENER,
                    "client": "mpd",
                    "started_at": PLAYED_AT,
                    "track_id": AWAKENING,
                    "artist": "Maxstack",
                    "title": "Awakening",
                    "album": None,
                    "duration_ms": 208_000,
                    "track": TRACK,
                }
            ]
        }
    ),
    "setNowPlaying": Example({"user": LISTENER}, {"track_id": AWAKENING, "client": "My player"}),
    "clearNowPlaying": Example({"user": LISTENER}),
}

RECORDING = "4a0a6d1e-3c11-4f0c-8d4b-1f0f3a6f5b1d"
SCROBBLED_AT = 1_772_396_100

SUCCESS: Json = {"status": "ok"}
SCROBBLED: Json = {"artist_name": "Maxstack", "track_name": "Awakening", "release_name": None}

PLAYLIST_ID = "6f1b3a52-2f6c-4f63-9d0f-1c7c8a6d2a11"
OWN_PLAYLIST: Json = {
    "identifier": f"{SERVICE}/1/playlist/{PLAYLIST_ID}",
    "title": "Rainy Sunday",
    "annotation": "",
    "creator": LISTENER,
    "date": PLAYED_AT,
    "extension": {
        "https://musicbrainz.org/doc/jspf#playlist": {
            "creator": LISTENER,
            "last_modified_at": PLAYED_AT,
            "public": False,
        }
    },
    "track": [],
}
MIX: Json = {
    **OWN_PLAYLIST,
    "title": "Daily mix 1",
    "annotation": "calm, ambient, slow",
    "creator": "segue",
    "extension": {
        "https://musicbrainz.org/doc/jspf#playlist": {
            "additional_metadata": {"algorithm_metadata": {"source_patch": "daily:1"}},
            "creator": "segue",
            "created_for": LISTENER,
            "last_modified_at": PLAYED_AT,
            "public": False,
        }
    },
}


def _page(playlist: Json) -> Json:
    return {"playlists": [{"playlist": playlist}], "count": 1, "offset": 0, "playlist_count": 1}


LISTENBRAINZ: dict[str, Example] = {
    "submitListens": Example(
        body={
            "listen_type": "single",
            "payload": [
                {
                    "listened_at": SCROBBLED_AT,
                    "track_metadata": {**SCROBBLED, "additional_info": {"duration_ms": 208_000}},
                }
            ],
        },
        response=SUCCESS,
    ),
    "validateToken": Example(
        {"token": LISTENER}, response={"code": 200, "message": "Token valid.", "valid": True, "user_name": LISTENER}
    ),
    "getScrobbles": Example(
        {"user": LISTENER, "count": 10},
        response={
            "payload": {
                "user_id": LISTENER,
                "count": 1,
                "listens": [
                    {
                        "listened_at": SCROBBLED_AT,
                        "recording_msid": RECORDING,
                        "user_name": LISTENER,
                        "track_metadata": {
                            **SCROBBLED,
                            "additional_info": {"recording_msid": RECORDING, "segue_track_id": AWAKENING},
                        },
                    }
                ],
                "latest_listen_ts": SCROBBLED_AT,
                "oldest_listen_ts": SCROBBLED_AT,
            }
        },
    ),
    "getScrobbleCount": Example({"user": LISTENER}, response={"payload": {"count": 1}}),
    "getPlayingNow": Example(
        {"user": LISTENER},
        response={
            "payload": {
                "user_id": LISTENER,
                "count": 1,
                "playing_now": True,
                "listens": [
                    {
                        "playing_now": True,
                        "track_metadata": {
                            **SCROBBLED,
                            "additional_info": {"recording_msid": RECORDING, "media_player": "mpd"},
                        },
                    }
                ],
            }
        },
    ),
    "deleteScrobble": Example(body={"listened_at": SCROBBLED_AT, "recording_msid": RECORDING}, response=SUCCESS),
    "getFeedback": Example(
        {"user": LISTENER, "score": 1, "metadata": True},
        response={
            "feedback": [
                {
                    "user_id": LISTENER,
                    "created": SCROBBLED_AT,
                    "score": 1,
                    "recording_mbid": None,
                    "recording_msid": RECORDING,
                    "track_metadata": {
                        **SCROBBLED,
                        "additional_info": {"recording_msid": RECORDING, "segue_track_id": AWAKENING},
                    },
                }
            ],
            "count": 1,
            "total_count": 1,
            "offset": 0,
        },
    ),
    "getRecommendedRecordings": Example(
        {"user": LISTENER, "artist_type": "raw", "count": 10},
        response={
            "payload": {
                "user_name": LISTENER,
                "type": "raw",
                "entity": "recording",
                "mbids": [{"recording_mbid": RECORDING, "score": 0.83}],
                "count": 1,
                "total_mbid_count": 1,
                "offset": 0,
                "last_updated": SCROBBLED_AT,
            }
        },
    ),
    "getCreatedPlaylists": Example({"user": LISTENER, "count": 10}, response=_page(MIX)),
    "getOwnPlaylists": Example({"user": LISTENER, "count": 10}, response=_page(OWN_PLAYLIST)),
    "getCreatedPlaylist": Example(
        {"playlist_id": PLAYLIST_ID},
        response={
            "playlist": {
                **OWN_PLAYLIST,
                "track": [
                    {
                        "identifier": [f"https://musicbrainz.org/recording/{RECORDING}"],
                        "title": "Awakening",
                        "creator": "Maxstack",
                        "album": None,
                        "duration": 208_000,
                        "extension": {
                            "https://musicbrainz.org/doc/jspf#track": {
                                "additional_metadata": {"segue_track_id": AWAKENING}
                            }
                        },
                    }
                ],
            }
        },
    ),
    "submitFeedback": Example(body={"recording_mbid": RECORDING, "score": 1}, response=SUCCESS),
    "getLatestImport": Example({"user_name": LISTENER}, response={"musicbrainz_id": LISTENER, "latest_import": 0}),
    "setLatestImport": Example(body={"ts": SCROBBLED_AT}, response=SUCCESS),
}

SESSION = "YWNjb3VudDphZGEKYWRh.s5VfvOtqXv3x3gXbTzS0fE0nYb2c1xwqkD1u5m8m0bQ"
SIGNATURE = "0cc175b9c0f1b6a831c399e269772661"

AUDIOSCROBBLER: dict[str, Example] = {
    "audioscrobblerRead": Example(
        {"method": "user.getInfo", "sk": SESSION, "format": "json"},
        response={
            "user": {
                "name": LISTENER,
                "realname": "",
                "url": f"{SERVICE}/",
                "image": [],
                "country": "",
                "subscriber": "0",
                "playcount": "1",
                "playlists": "0",
                "registered": {"unixtime": str(SCROBBLED_AT), "#text": "01 Mar 2026, 20:15"},
                "type": "user",
            }
        },
    ),
    "audioscrobblerCall": Example(
        body={
            "method": "track.updateNowPlaying",
            "artist": "Maxstack",
            "track": "Awakening",
            "duration": "208",
            "sk": SESSION,
            "api_sig": SIGNATURE,
            "format": "json",
        },
        response={
            "nowplaying": {
                "artist": {"corrected": "0", "#text": "Maxstack"},
                "track": {"corrected": "0", "#text": "Awakening"},
                "album": {"corrected": "0", "#text": ""},
                "albumArtist": {"corrected": "0", "#text": ""},
                "ignoredMessage": {"code": "0", "#text": ""},
            }
        },
    ),
    "audioscrobblerHandshake": Example(
        {"u": LISTENER, "t": str(SCROBBLED_AT), "a": SIGNATURE},
        response=f"OK\n{SESSION}\n{SERVICE}/audioscrobbler/now-playing\n{SERVICE}/audioscrobbler/submissions\n",
    ),
    "audioscrobblerNowPlaying": Example(
        body={"s": SESSION, "a": "Maxstack", "t": "Awakening", "l": "208"}, response="OK\n"
    ),
    "audioscrobblerSubmit": Example(
        body={"s": SESSION, "a[0]": "Maxstack", "t[0]": "Awakening", "i[0]": str(SCROBBLED_AT), "l[0]": "208"},
        response="OK\n",
    ),
}

SCROBBLING: Mapping[str, Example] = {**NOW_PLAYING, **LISTENBRAINZ, **AUDIOSCROBBLER}
