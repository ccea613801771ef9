"""Examples of OpenSubsonic's methods."""

from collections.abc import Mapping

from services.api.openapi.examples.playlists import PLAYLIST
from services.api.openapi.examples.values import ALBUM, API_KEY, ARTIST, AWAKENING, COHERENCE, LISTENER, Example, Json

SONG: Json = {
    "id": COHERENCE,
    "isDir": False,
    "title": "Coherence",
    "artist": "Maxstack",
    "album": "Endgame: Singularity Original Soundtrack",
    "year": 2012,
    "contentType": "audio/ogg",
    "suffix": "ogg",
    "duration": 229,
    "isVideo": False,
    "type": "music",
    "mediaType": "song",
    "bpm": 120,
    "musicBrainzId": "",
    "displayArtist": "Maxstack",
    "isrc": [],
    "genres": [],
}
SHOWN_ALBUM: Json = {
    "id": ALBUM,
    "name": "Endgame: Singularity Original Soundtrack",
    "artist": "Maxstack",
    "artistId": ARTIST,
    "coverArt": ALBUM,
    "songCount": 8,
    "duration": 1_734,
    "created": "2026-03-01T12:00:00Z",
    "year": 2012,
    "genres": [],
    "artists": [{"id": ARTIST, "name": "Maxstack"}],
    "displayArtist": "Maxstack",
}
ALBUM_FOLDER: Json = {
    "id": ALBUM,
    "parent": ARTIST,
    "isDir": True,
    "title": "Endgame: Singularity Original Soundtrack",
    "album": "Endgame: Singularity Original Soundtrack",
    "artist": "Maxstack",
    "coverArt": ALBUM,
    "mediaType": "album",
}
SHOWN_ARTIST: Json = {"id": ARTIST, "name": "Maxstack", "coverArt": ARTIST, "albumCount": 1}
ARTIST_FOLDER: Json = {"id": ARTIST, "name": "Maxstack"}
NO_FILE: Json = {"status": "failed", "error": {"code": 70, "message": "No track has the id 'nobody'."}}
SHOWN_PLAYLIST: Json = {
    "id": PLAYLIST,
    "name": "Rainy",
    "comment": "",
    "owner": LISTENER,
    "public": False,
    "readonly": False,
    "songCount": 1,
    "duration": 229,
    "created": "2026-03-01T12:00:00Z",
    "changed": "2026-03-01T12:00:00Z",
    "coverArt": PLAYLIST,
}
QUEUE: Json = {
    "position": 61_000,
    "username": LISTENER,
    "changed": "2026-03-01T12:00:00Z",
    "changedBy": "Tempo",
    "entry": [SONG],
}
METHODS: dict[str, tuple[Json, Json]] = {
    "Ping": ({}, {}),
    "GetLicense": ({}, {"license": {"valid": True}}),
    "GetOpenSubsonicExtensions": ({}, {"openSubsonicExtensions": [{"name": "sonicSimilarity", "versions": [1]}]}),
    "GetUser": (
        {"username": LISTENER},
        {
            "user": {
                "username": LISTENER,
                "scrobblingEnabled": True,
                "adminRole": False,
                "playlistRole": True,
                "folder": [0],
            }
        },
    ),
    "TokenInfo": ({"apiKey": API_KEY}, {"tokenInfo": {"username": LISTENER}}),
    "GetMusicFolders": ({}, {"musicFolders": {"musicFolder": [{"id": 0, "name": "Music"}]}}),
    "GetIndexes": (
        {},
        {
            "indexes": {
                "lastModified": 1_772_366_400_000,
                "ignoredArticles": "The El La",
                "index": [{"name": "M", "artist": [ARTIST_FOLDER]}],
            }
        },
    ),
    "GetMusicDirectory": (
        {"id": ARTIST},
        {"directory": {"id": ARTIST, "name": "Maxstack", "child": [ALBUM_FOLDER]}},
    ),
    "GetArtists": (
        {},
        {"artists": {"ignoredArticles": "The El La", "index": [{"name": "M", "artist": [SHOWN_ARTIST]}]}},
    ),
    "GetArtist": ({"id": ARTIST}, {"artist": {**SHOWN_ARTIST, "album": [SHOWN_ALBUM]}}),
    "GetAlbum": ({"id": ALBUM}, {"album": {**SHOWN_ALBUM, "song": [SONG]}}),
    "GetSong": ({"id": AWAKENING}, {"song": SONG}),
    "GetGenres": ({}, {"genres": {"genre": [{"value": "Ambient", "songCount": 8, "albumCount": 1}]}}),
    "GetAlbumList": ({"type": "newest", "size": 1}, {"albumList": {"album": [ALBUM_FOLDER]}}),
    "GetAlbumList2": ({"type": "newest", "size": 1}, {"albumList2": {"album": [SHOWN_ALBUM]}}),
    "GetRandomSongs": ({"size": 1}, {"randomSongs": {"song": [SONG]}}),
    "GetSongsByGenre": ({"genre": "Ambient", "count": 1}, {"songsByGenre": {"song": [SONG]}}),
    "Search2": (
        {"query": "maxstack"},
        {"searchResult2": {"artist": [ARTIST_FOLDER], "album": [ALBUM_FOLDER], "song": [SONG]}},
    ),
    "Search3": (
        {"query": "maxstack"},
        {"searchResult3": {"artist": [SHOWN_ARTIST], "album": [SHOWN_ALBUM], "song": [SONG]}},
    ),
    "GetTopSongs": ({"artist": "Maxstack"}, {"topSongs": {"song": [SONG]}}),
    "GetArtistInfo": ({"id": ARTIST}, {"artistInfo": {"similarArtist": [ARTIST_FOLDER]}}),
    "GetArtistInfo2": ({"id": ARTIST}, {"artistInfo2": {"similarArtist": [SHOWN_ARTIST]}}),
    "GetAlbumInfo": ({"id": ALBUM}, {"albumInfo": {}}),
    "GetAlbumInfo2": ({"id": ALBUM}, {"albumInfo": {}}),
    "GetScanStatus": ({}, {"scanStatus": {"scanning": False, "count": 45}}),
    "StartScan": ({}, {"scanStatus": {"scanning": True, "count": 45}}),
    "GetCoverArt": ({"id": ALBUM, "size": 320}, NO_FILE),
    "Stream": ({"id": AWAKENING}, NO_FILE),
    "Download": ({"id": AWAKENING}, NO_FILE),
    "GetLyrics": (
        {"artist": "Maxstack", "title": "Awakening"},
        {"lyrics": {"artist": "Maxstack", "title": "Awakening", "value": "Wake up"}},
    ),
    "GetLyricsBySongId": (
        {"id": AWAKENING},
        {
            "lyricsList": {
                "structuredLyrics": [
                    {
                        "displayArtist": "Maxstack",
                        "displayTitle": "Awakening",
                        "lang": "xxx",
                        "synced": True,
                        "line": [{"start": 12_400, "value": "Wake up"}],
                    }
                ]
            }
        },
    ),
    "Star": ({"u": LISTENER, "id": AWAKENING}, {}),
    "Unstar": ({"u": LISTENER, "id": AWAKENING}, {}),
    "SetRating": ({"u": LISTENER, "id": AWAKENING, "rating": 4}, {}),
    "Scrobble": ({"u": LISTENER, "id": AWAKENING, "time": 1_772_366_400_000}, {}),
    "GetStarred": ({"u": LISTENER}, {"starred": {"artist": [], "album": [], "song": [SONG]}}),
    "GetStarred2": ({"u": LISTENER}, {"starred2": {"artist": [SHOWN_ARTIST], "album": [SHOWN_ALBUM], "song": [SONG]}}),
    "GetNowPlaying": (
        {},
        {"nowPlaying": {"entry": [{**SONG, "username": LISTENER, "minutesAgo": 1, "playerId": 1}]}},
    ),
    "GetPlaylists": ({"u": LISTENER}, {"playlists": {"playlist": [SHOWN_PLAYLIST]}}),
    "GetPlaylist": ({"id": PLAYLIST}, {"playlist": {**SHOWN_PLAYLIST, "entry": [SONG]}}),
    "CreatePlaylist": (
        {"u": LISTENER, "name": "Rainy", "songId": [AWAKENING]},
        {"playlist": {**SHOWN_PLAYLIST, "entry": [SONG]}},
    ),
    "UpdatePlaylist": ({"playlistId": PLAYLIST, "comment": "For the evening"}, {}),
    "DeletePlaylist": ({"id": PLAYLIST}, {}),
    "SavePlayQueue": ({"u": LISTENER, "id": [AWAKENING], "current": AWAKENING, "position": 61_000}, {}),
    "SavePlayQueueByIndex": ({"u": LISTENER, "id": [AWAKENING], "currentIndex": 0, "position": 61_000}, {}),
    "GetPlayQueue": ({"u": LISTENER}, {"playQueue": {"current": COHERENCE, **QUEUE}}),
    "GetPlayQueueByIndex": ({"u": LISTENER}, {"playQueueByIndex": {"currentIndex": 0, **QUEUE}}),
    "GetSimilarSongs": ({"id": AWAKENING, "count": 1}, {"similarSongs": {"song": [SONG]}}),
    "GetSimilarSongs2": ({"id": AWAKENING, "count": 1}, {"similarSongs2": {"song": [SONG]}}),
    "GetSonicSimilarTracks": ({"id": AWAKENING, "count": 1}, {"sonicMatch": [{"entry": SONG, "similarity": 0.83}]}),
    "FindSonicPath": (
        {"startSongId": AWAKENING, "endSongId": COHERENCE, "count": 3},
        {"sonicMatch": [{"entry": SONG, "similarity": 0.83}]},
    ),
}
"""Parameters and result of each method of Subsonic; the request is sent as a query or as a form."""


def _examples() -> dict[str, Example]:
    examples: dict[str, Example] = {}
    for method, (parameters, result) in METHODS.items():
        sent = {"f": "json", **parameters}
        envelope = {
            "status": "ok",
            "version": "1.16.1",
            "type": "segue",
            "serverVersion": "0.1.0",
            "openSubsonic": True,
            **result,
        }
        response = {"subsonic-response": envelope}
        examples[f"subsonic{method}"] = Example(sent, response=response)
        examples[f"subsonic{method}ByForm"] = Example(body=sent, response=response)
    return examples


SUBSONIC: Mapping[str, Example] = _examples()
