"""Examples of OpenSubsonic's methods."""

from collections.abc import Mapping

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
METHODS: dict[str, tuple[Json, Json]] = {
    "Ping": ({}, {}),
    "GetLicense": ({}, {"license": {"valid": True}}),
    "GetOpenSubsonicExtensions": ({}, {"openSubsonicExtensions": [{"name": "sonicSimilarity", "versions": [1]}]}),
    "GetUser": ({"username": LISTENER}, {"user": {"username": LISTENER, "scrobblingEnabled": False}}),
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
