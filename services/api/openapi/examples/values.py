"""Ids and objects that the examples share.

The track ids are ids of the demo library, so the requests succeed on it. Only ids that the service creates (of jobs,
radio sessions and listens) have to be replaced.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

AWAKENING = "d275d79b-00d8-5451-8175-5c03b3b81d8a"
NEBULA = "3c988611-3b17-53b6-81e1-10ec6272aa18"
COHERENCE = "d0184dbe-de01-5d46-b24f-f6b4674eac0a"
THROUGH_SPACE = "cb1cc9e6-0b33-5e40-8ba3-d4886058d5e1"

ARTIST = "ar-891d3af63e4129a2"
ALBUM = "al-c7e2452905a872b0"

LISTENER = "ada"
JOB = "0b6f3c1e-6a0c-4f0e-9a55-0f6c1a7f3f0d"
SESSION = "N2y8mXo0c5uJ7bQ1"
LISTEN = 17
TASTE_ID = "5f0c9a1be27d"
API_KEY = "segue_0123456789abcdef"
KEY_ID = "0123456789ab"
PLAYED_AT = "2026-03-01T20:15:00Z"
SKIPPED_AT = "2026-03-01T20:18:30Z"
SERVICE = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Example:
    """A request and its response."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Values of the path and query parameters."""
    body: Json | None = None
    """The JSON body, or the fields of the form."""
    response: Json | list[Json] | str | None = None
    """The response's body; None if it has none or if it is audio."""


ATTRIBUTES: Json = {
    "energy": 0.07,
    "valence": 0.21,
    "danceability": 0.17,
    "acousticness": 0.73,
    "instrumentalness": 0.74,
    "liveness": None,
    "speechiness": None,
}
DESCRIPTORS: Json = {
    "tempo": 120.0,
    "tempo_confidence": 0.27,
    "key": 1,
    "key_confidence": 0.18,
    "mode": 1,
    "mode_confidence": 0.31,
    "time_signature": 4,
    "time_signature_confidence": 0.12,
    "loudness": -16.5,
    "brightness": 738.0,
    "onset_rate": 1.1,
    "flux": -4.2,
    "mobility": -2.9,
    "duration": 208.0,
}
TRACK: Json = {
    "id": AWAKENING,
    "title": "Awakening",
    "artist": "Maxstack",
    "artist_id": ARTIST,
    "artists": [{"id": ARTIST, "name": "Maxstack"}],
    "album": "Endgame: Singularity Original Soundtrack",
    "album_id": ALBUM,
    "album_artist": None,
    "album_artists": [],
    "compilation": False,
    "release_mbid": None,
    "disc_number": None,
    "disc_total": None,
    "track_number": None,
    "track_total": None,
    "year": 2012,
    "original_year": None,
    "genre": None,
    "genres": [],
    "composer": None,
    "comment": None,
    "tag_bpm": None,
    "tag_key": None,
    "replay_gain": None,
    "has_lyrics": False,
    "rating": None,
    "tags": ["slow", "ambient"],
    "added_at": PLAYED_AT,
    "duration_ms": 208_000,
    "path": "singularity-music/Awakening.ogg",
    "status": "ready",
    "attributes": ATTRIBUTES,
    "descriptors": DESCRIPTORS,
    "has_cover": False,
    "ids": {},
    "own_features": {"mine.energy": 0.4, "mine.radio_ok": True},
}
OTHER: Json = {
    **TRACK,
    "id": COHERENCE,
    "title": "Coherence",
    "duration_ms": 228_574,
    "path": "singularity-music/Coherence.ogg",
}
SOUNDTRACK: Json = {
    "id": ALBUM,
    "title": "Endgame: Singularity Original Soundtrack",
    "artist": "Maxstack",
    "artist_id": ARTIST,
    "artists": [{"id": ARTIST, "name": "Maxstack"}],
    "year": 2012,
    "genre": None,
    "tracks": 16,
    "duration_ms": 3_392_000,
    "cover": f"/v1/albums/{ALBUM}/cover",
}
COMPOSER: Json = {"id": ARTIST, "name": "Maxstack", "albums": 1, "tracks": 16, "cover": f"/v1/artists/{ARTIST}/cover"}
FOUND: Json = {**OTHER, "score": 0.83, "because_of": [AWAKENING]}
TASTE: Json = {"label": "calm, ambient, slow", "weight": 1.0, "plays": [AWAKENING]}
OWN_TASTE: Json = {
    **TASTE,
    "id": TASTE_ID,
    "tracks": [{**TRACK, "share": 1.0, "plays": 1, "liked": False}],
}
UNDERSTOOD: Json = {
    "text": "calm and spacious, under 100 bpm",
    "weight": 1.0,
    "filters": {"tempo": {"max": 100.0}},
    "exclude_artists": [],
    "targets": {},
    "like": [],
    "less": [],
    "rest": "calm and spacious",
    "warnings": [],
}
LOGGED: Json = {"recommendation_id": "7f0c2a9e-5d1b-4c3a-9e6f-2b8d4a1c0e37", "experiment": None}
DESCRIBED: Json = {**FOUND, "because_of": ["words:calm and spacious", AWAKENING], "taste": 0, "rank_score": 0.71}
RECOMMENDATIONS: Json = {
    "tracks": [DESCRIBED],
    "tastes": [TASTE],
    "understood": [UNDERSTOOD],
    "pictures": [],
    "unknown": [],
    **LOGGED,
}
DIRECTION: Json = {**TASTE, "number": 0, "active": True, "rejections": 0}
JOB_CREATED: Json = {
    "id": JOB,
    "kind": "scan",
    "state": "queued",
    "path": "/home/ada/Music",
    "total": 0,
    "done": 0,
    "failed": 0,
    "left_out": 0,
    "failures": [],
    "reason": None,
    "tracks": [],
    "created_at": PLAYED_AT,
    "finished_at": None,
}
RADIO: Json = {
    "id": SESSION,
    "user": None,
    "private": False,
    "seed": 7,
    "directions": [DIRECTION],
    "understood": [UNDERSTOOD],
    "mood": None,
    "played": [{"track_id": NEBULA, "event": "skip", "at": SKIPPED_AT, "played_ms": 4_000}],
    "answered": 5,
    "unknown": [],
    "created_at": PLAYED_AT,
    "expires_at": "2026-03-31T20:15:00Z",
}
COUNTS: Json = {
    "events": {"play": 1, "skip": 1},
    "tracks": 2,
    "unknown": 0,
    "first_at": PLAYED_AT,
    "last_at": SKIPPED_AT,
}
SEEN: Json = {"shows": ["seashore", "sandbar"], "looks": "warm, bright, calm", "valence": 0.7, "energy": 0.3}
ORANGE_GIF = "R0lGODdhAQABAIEAAOCAMAAAAAAAAAAAACwAAAAAAQABAAAIBAABBAQAOw=="
BEACH = "8f14e45f-ceea-567a-9a36-dedd4bea2543"
PICTURE: Json = {"id": BEACH, "path": "2025/beach.jpg", "status": "ready", **SEEN}
METRICS = """# HELP segue_http_request_duration_seconds Time from the arrival of a request to the start of its response.
# TYPE segue_http_request_duration_seconds histogram
segue_http_request_duration_seconds_count{endpoint="tracks.list_tracks",method="GET",status="200"} 12.0
"""
