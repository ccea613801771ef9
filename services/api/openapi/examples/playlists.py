"""Examples of playlists."""

from collections.abc import Mapping

from services.api.openapi.examples.values import (
    AWAKENING,
    COHERENCE,
    LISTENER,
    OTHER,
    PLAYED_AT,
    RECOMMENDATIONS,
    SKIPPED_AT,
    TRACK,
    Example,
    Json,
)

PLAYLIST = "4d0f3c0e-58c1-4d2e-9a0b-6f2f1a7b7a01"
SMART_PLAYLIST = "b0a4c1de-7f0e-4a53-8f8e-0c4f3a1d9e55"
SUMMARY: Json = {
    "id": PLAYLIST,
    "name": "Rainy Sunday",
    "description": "",
    "owner": LISTENER,
    "smart": False,
    "tracks": 2,
    "missing": 0,
    "duration_ms": 436_574,
    "cover_tracks": [AWAKENING],
    "revision": 0,
    "created_at": PLAYED_AT,
    "updated_at": PLAYED_AT,
    "refreshed_at": None,
    "failure": None,
}
CONTENTS: Json = {
    **SUMMARY,
    "rules": None,
    "items": [
        {"id": 1, "missing": False, "added_at": PLAYED_AT, "track": TRACK},
        {"id": 2, "missing": False, "added_at": PLAYED_AT, "track": OTHER},
    ],
}
RULES: Json = {"filters": {"energy": {"max": 0.4}}, "text": ["calm and spacious"], "limit": 2}
SMART: Json = {
    **CONTENTS,
    "id": SMART_PLAYLIST,
    "smart": True,
    "revision": 1,
    "refreshed_at": SKIPPED_AT,
    "rules": {**RULES, "mood": None, "taste": False, "sort": "match", "descending": False},
}

PLAYLISTS: Mapping[str, Example] = {
    "listPlaylists": Example({"owner": LISTENER}, response={"playlists": [SUMMARY]}),
    "createPlaylist": Example(
        body={"name": "Rainy Sunday", "owner": LISTENER, "tracks": [AWAKENING, COHERENCE]}, response=CONTENTS
    ),
    "getPlaylist": Example({"playlist_id": PLAYLIST}, response=CONTENTS),
    "changePlaylist": Example(
        {"playlist_id": PLAYLIST},
        {"revision": 0, "name": "Rainy Monday", "items": [{"id": 2}, {"id": 1}]},
        {**CONTENTS, "name": "Rainy Monday", "revision": 1, "items": CONTENTS["items"][::-1]},
    ),
    "deletePlaylist": Example({"playlist_id": PLAYLIST}),
    "addPlaylistTracks": Example({"playlist_id": PLAYLIST}, {"tracks": [COHERENCE]}, {**CONTENTS, "revision": 1}),
    "extendPlaylist": Example({"playlist_id": PLAYLIST}, {"limit": 5}, RECOMMENDATIONS),
    "refreshPlaylist": Example({"playlist_id": SMART_PLAYLIST}, response=SMART),
    "exportPlaylist": Example({"playlist_id": PLAYLIST, "format": "m3u8", "paths": "relative"}),
    "exportTracks": Example(body={"name": "After Awakening", "tracks": [COHERENCE], "format": "xspf"}),
    "importPlaylist": Example(
        body={"file": "party.m3u8", "owner": LISTENER},
        response={
            "playlist": CONTENTS,
            "unmatched": [{"line": 7, "text": "../Other/Song.mp3", "names": "Other - Song"}],
        },
    ),
}
