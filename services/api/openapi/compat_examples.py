"""Request and response examples of the operations that are compatible with other systems."""

from collections.abc import Mapping

from services.api.openapi.examples.subsonic import SUBSONIC
from services.api.openapi.examples.values import (
    ALBUM,
    ARTIST,
    ATTRIBUTES,
    AWAKENING,
    COHERENCE,
    DESCRIPTORS,
    NEBULA,
    SERVICE,
    Example,
    Json,
)

SHORT_ID = "6pHtQ8mY2VdWxk4mR1cZsE"
SPOTIFY_API = f"{SERVICE}/v1/compat/spotify"
MAXSTACK = ARTIST.removeprefix("ar-")
SPOTIFY_ARTIST: Json = {
    "external_urls": {"spotify": f"{SERVICE}/v1/tracks?q=Maxstack"},
    "href": f"{SPOTIFY_API}/artists/{MAXSTACK}",
    "id": MAXSTACK,
    "name": "Maxstack",
    "type": "artist",
    "uri": f"spotify:artist:{MAXSTACK}",
}
SPOTIFY_TRACK: Json = {
    "album": {
        "album_type": "album",
        "artists": [SPOTIFY_ARTIST],
        "available_markets": [],
        "external_urls": {"spotify": f"{SERVICE}/v1/tracks?q=Maxstack%20Endgame"},
        "href": f"{SERVICE}/v1/albums/{ALBUM}",
        "id": ALBUM.removeprefix("al-"),
        "images": [{"url": f"{SERVICE}/v1/albums/{ALBUM}/cover?size=640", "height": 640, "width": 640}],
        "name": "Endgame: Singularity Original Soundtrack",
        "release_date": "2012",
        "release_date_precision": "year",
        "total_tracks": 8,
        "type": "album",
        "uri": f"spotify:album:{ALBUM.removeprefix('al-')}",
    },
    "artists": [SPOTIFY_ARTIST],
    "available_markets": [],
    "disc_number": 1,
    "duration_ms": 228_574,
    "explicit": False,
    "external_ids": {},
    "external_urls": {"spotify": f"{SERVICE}/v1/tracks/{COHERENCE}"},
    "href": f"{SPOTIFY_API}/tracks/{SHORT_ID}",
    "id": SHORT_ID,
    "is_local": False,
    "is_playable": True,
    "name": "Coherence",
    "popularity": 0,
    "preview_url": f"{SERVICE}/v1/tracks/{COHERENCE}/audio#t=60.500,90.500",
    "track_number": 6,
    "type": "track",
    "uri": f"spotify:track:{SHORT_ID}",
}
SPOTIFY_FEATURES: Json = {
    **{name: value or 0.0 for name, value in ATTRIBUTES.items()},
    **{name: DESCRIPTORS[name] for name in ("tempo", "key", "mode", "time_signature", "loudness")},
    "analysis_url": f"{SERVICE}/v1/audio-features/{AWAKENING}",
    "duration_ms": 208_000,
    "id": SHORT_ID,
    "track_href": f"{SPOTIFY_API}/tracks/{SHORT_ID}",
    "type": "audio_features",
    "uri": f"spotify:track:{SHORT_ID}",
}

SPOTIFY: dict[str, Example] = {
    "spotifyRecommendations": Example(
        {"seed_tracks": AWAKENING, "limit": 1, "target_energy": 0.3, "max_tempo": 180},
        response={
            "seeds": [
                {
                    "afterFilteringSize": 40,
                    "afterRelinkingSize": 40,
                    "href": f"{SPOTIFY_API}/tracks/{AWAKENING}",
                    "id": AWAKENING,
                    "initialPoolSize": 45,
                    "type": "TRACK",
                }
            ],
            "tracks": [SPOTIFY_TRACK],
        },
    ),
    "spotifySeveralAudioFeatures": Example(
        {"ids": f"{AWAKENING},{NEBULA}"}, response={"audio_features": [SPOTIFY_FEATURES, None]}
    ),
    "spotifyAudioFeatures": Example({"track_id": AWAKENING}, response=SPOTIFY_FEATURES),
    "spotifyAudioAnalysis": Example({"track_id": AWAKENING}),
    "spotifySeveralTracks": Example({"ids": f"{COHERENCE},{NEBULA}"}, response={"tracks": [SPOTIFY_TRACK, None]}),
    "spotifyTrack": Example({"track_id": COHERENCE}, response=SPOTIFY_TRACK),
    "spotifyArtist": Example(
        {"artist_id": "Maxstack"},
        response={
            **SPOTIFY_ARTIST,
            "followers": {"href": None, "total": 0},
            "genres": ["Soundtrack"],
            "images": [{"url": f"{SERVICE}/v1/artists/{ARTIST}/cover?size=640", "height": 640, "width": 640}],
            "popularity": 0,
        },
    ),
    "spotifySearch": Example(
        {"q": "coherence artist:maxstack", "type": "track", "limit": 1},
        response={
            "tracks": {
                "href": f"{SPOTIFY_API}/search?q=coherence+artist%3Amaxstack&type=track&limit=1&offset=0",
                "items": [SPOTIFY_TRACK],
                "limit": 1,
                "next": None,
                "offset": 0,
                "previous": None,
                "total": 1,
            }
        },
    ),
    "spotifyGenreSeeds": Example(response={"genres": ["Soundtrack", "ambient"]}),
}

MUSE_TRACK: Json = {
    "item_id": COHERENCE,
    "title": "Coherence",
    "author": "Maxstack",
    "album": "Endgame: Singularity Original Soundtrack",
}
AUDIOMUSE: dict[str, Example] = {
    "museHealth": Example(response={"status": "ok"}),
    "museSimilarTracks": Example({"item_id": AWAKENING, "n": 1}, response=[{**MUSE_TRACK, "distance": 0.17}]),
    "museFindPath": Example(
        {"start_song_id": AWAKENING, "end_song_id": COHERENCE, "max_steps": 3},
        response={"path": [MUSE_TRACK], "total_distance": 0.17},
    ),
    "museSimilarArtists": Example({"artist": "Maxstack", "n": 1}, response=[{"artist": "Artist 1"}]),
    "museSearchTracks": Example({"title": "coherence"}, response=[MUSE_TRACK]),
}

COMPAT_EXAMPLES: Mapping[str, Example] = {**SPOTIFY, **AUDIOMUSE, **SUBSONIC}
