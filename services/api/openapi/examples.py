"""A request example and a response example for each operation of the v1 API, by operation id.

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

LISTENER = "ada"
JOB = "0b6f3c1e-6a0c-4f0e-9a55-0f6c1a7f3f0d"
SESSION = "N2y8mXo0c5uJ7bQ1"
LISTEN = 17
API_KEY = "segue_0123456789abcdef"
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
    response: Json | str | None = None
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
    "album": "Endgame: Singularity Original Soundtrack",
    "year": 2012,
    "genre": None,
    "duration_ms": 208_000,
    "path": "singularity-music/Awakening.ogg",
    "status": "ready",
    "attributes": ATTRIBUTES,
    "descriptors": DESCRIPTORS,
    "ids": {},
}
OTHER: Json = {
    **TRACK,
    "id": COHERENCE,
    "title": "Coherence",
    "duration_ms": 228_574,
    "path": "singularity-music/Coherence.ogg",
}
FOUND: Json = {**OTHER, "score": 0.83, "because_of": [AWAKENING]}
TASTE: Json = {"label": "calm, ambient, slow", "weight": 1.0, "plays": [AWAKENING]}
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
DESCRIBED: Json = {**FOUND, "because_of": ["words:calm and spacious", AWAKENING], "taste": 0}
RECOMMENDATIONS: Json = {
    "tracks": [DESCRIBED],
    "tastes": [TASTE],
    "understood": [UNDERSTOOD],
    "pictures": [],
    "unknown": [],
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
    "failures": [],
    "reason": None,
    "tracks": [],
    "created_at": PLAYED_AT,
    "finished_at": None,
}
RADIO: Json = {
    "id": SESSION,
    "user": None,
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

V1_EXAMPLES: Mapping[str, Example] = {
    "getHealth": Example(response={"status": "ok"}),
    "getReadiness": Example(
        response={
            "ready": True,
            "parts": {
                name: {"ok": True, "reason": None} for name in ("catalogue", "broker", "index", "storage", "indexer")
            },
        }
    ),
    "getMetrics": Example(response=METRICS),
    "getStatus": Example(
        response={
            "version": "0.1.0",
            "url": SERVICE,
            "data_dir": "/home/ada/.local/share/segue",
            "model_version": "2026.11",
            "tracks": {"pending": 0, "ready": 46, "failed": 0, "quarantined": 0, "missing": 0},
            "index": {"kind": "edge", "points": 46, "pending": 0},
            "question_processes": 1,
            "quarantined": [],
        }
    ),
    "listTracks": Example({"q": "awakening", "limit": 10}, response={"tracks": [TRACK], "next_cursor": None}),
    "getTrack": Example({"track_id": AWAKENING}, response=TRACK),
    "getSimilarTracks": Example({"track_id": AWAKENING, "limit": 1, "max_energy": 0.8}, response={"tracks": [FOUND]}),
    "setTrackIds": Example(
        {"track_id": AWAKENING}, {"ids": {"navidrome": "a1b2", "isrc": None}}, {**TRACK, "ids": {"navidrome": "a1b2"}}
    ),
    "getTrackAudio": Example({"track_id": AWAKENING}),
    "getAudioFeatures": Example(
        {"track_id": AWAKENING},
        response={
            **ATTRIBUTES,
            **DESCRIPTORS,
            "id": AWAKENING,
            "duration_ms": 208_000,
            "model_version": "2026.11",
            "tags": {"mtt:slow": 0.41, "msd:ambient": 0.36},
            "embedding": [0.0883883] * 128,
        },
    ),
    "signTrackAudio": Example(
        body={"track_id": AWAKENING},
        response={"url": f"/v1/tracks/{AWAKENING}/audio?token=eyJrIjoxfQ.aBcD", "expires_at": "2026-03-01T21:15:00Z"},
    ),
    "scan": Example(body={"path": "/home/ada/Music"}, response=JOB_CREATED),
    "scanPictures": Example(
        body={"path": "/home/ada/Pictures"},
        response={**JOB_CREATED, "kind": "pictures", "path": "/home/ada/Pictures"},
    ),
    "listPictures": Example({"limit": 10}, response={"pictures": [PICTURE], "next_cursor": None}),
    "searchPictures": Example(
        {"text": "calm and spacious", "limit": 1},
        response={
            "understood": {**UNDERSTOOD, "text": "calm and spacious", "filters": {}},
            "pictures": [{**PICTURE, "score": 0.61}],
        },
    ),
    "getPicture": Example({"picture_id": BEACH}, response=PICTURE),
    "getPictureFile": Example({"picture_id": BEACH}),
    "signPictureFile": Example(
        {"picture_id": BEACH},
        response={"url": f"/v1/pictures/{BEACH}/file?token=eyJrIjoxfQ.aBcD", "expires_at": "2026-03-01T21:15:00Z"},
    ),
    "getTrackPictures": Example(
        {"track_id": AWAKENING, "limit": 1}, response={"pictures": [{**PICTURE, "score": 0.38}]}
    ),
    "uploadTrack": Example(
        body={"file": "Awakening.ogg"},
        response={
            **JOB_CREATED,
            "kind": "upload",
            "path": f"/home/ada/.local/share/segue/uploads/{AWAKENING}.ogg",
            "total": 1,
            "tracks": [AWAKENING],
        },
    ),
    "getJob": Example(
        {"job_id": JOB}, response={**JOB_CREATED, "state": "done", "total": 46, "done": 46, "finished_at": SKIPPED_AT}
    ),
    "recommend": Example(
        body={
            "history": [
                {"track_id": AWAKENING, "event": "play", "at": PLAYED_AT, "played_ms": 183_000},
                {"track_id": NEBULA, "event": "skip", "played_ms": 4_000},
            ],
            "text": ["calm and spacious, under 100 bpm", {"text": "drums", "weight": -0.5}],
            "pictures": [{"content": ORANGE_GIF, "weight": 0.5}],
            "limit": 10,
            "filters": {"tempo": {"min": 60, "max": 180}, "duration_ms": {"max": 600_000}},
            "targets": {"energy": 0.3},
            "exclude": {"tracks": [THROUGH_SPACE], "seed_artists": False},
            "order": "flow",
        },
        response={**RECOMMENDATIONS, "pictures": [{**SEEN, "shows": []}]},
    ),
    "searchByAudio": Example(
        {"limit": 1, "max_energy": 0.8},
        {"file": "clip.ogg"},
        {
            "understood": {
                "attributes": ATTRIBUTES,
                "descriptors": DESCRIPTORS,
                "tags": {"mtt:slow": 0.41, "msd:ambient": 0.36},
            },
            "tracks": [{**OTHER, "score": 0.83}],
        },
    ),
    "searchByImage": Example(
        {"limit": 1},
        {"file": "beach.jpg"},
        {"understood": SEEN, "tracks": [{**OTHER, "score": 0.41}]},
    ),
    "listMoods": Example(
        response={
            "moods": [
                {
                    "id": "sleep",
                    "titles": {"en": "Sleep", "de": "Schlaf"},
                    "words": [{"text": "slow ambient music", "weight": 0.7}, {"text": "drums", "weight": -0.5}],
                    "targets": {"energy": 0.05, "tempo": 65},
                    "filters": {"energy": {"min": None, "max": 0.5}},
                }
            ]
        }
    ),
    "searchByText": Example(
        {"text": "calm and spacious, under 100 bpm", "limit": 10},
        response={
            "text": "calm and spacious, under 100 bpm",
            "understood": UNDERSTOOD,
            "tracks": [{**OTHER, "match": "vibe", "score": 0.41, "because_of": ["words:calm and spacious"]}],
        },
    ),
    "findPath": Example(
        {"from": AWAKENING, "to": COHERENCE, "steps": 2},
        response={"tracks": [{**TRACK, "similarity": 1.0}, {**OTHER, "similarity": 0.83}]},
    ),
    "startRadio": Example(
        body={
            "seeds": {"tracks": [AWAKENING], "tags": ["ambient"]},
            "history": [{"track_id": COHERENCE, "event": "like"}],
            "filters": {"duration_ms": {"min": 1_000}},
            "exclude": {"artists": ["Another Artist"]},
            "text": UNDERSTOOD["text"],
            "order": "flow",
            "seed": 7,
        },
        response={**RADIO, "played": [], "answered": 0},
    ),
    "nextRadioTracks": Example(
        {"session_id": SESSION},
        {"events": [{"track_id": NEBULA, "event": "skip", "played_ms": 4_000}], "limit": 5, "text": "calmer now"},
        {
            "tracks": [{**FOUND, "direction": 0}],
            "directions": [DIRECTION],
            "understood": [
                {
                    "text": "calmer now",
                    "weight": 1.0,
                    "filters": {"energy": {"max": 0.55}},
                    "exclude_artists": [],
                    "targets": {"energy": 0.45},
                    "like": [],
                    "less": [],
                    "rest": None,
                    "warnings": [],
                }
            ],
            "mood": None,
            "unknown": [],
        },
    ),
    "getRadio": Example({"session_id": SESSION}, response=RADIO),
    "endRadio": Example({"session_id": SESSION}),
    "addListens": Example(
        {"user": LISTENER},
        {
            "listens": [
                {"track_id": AWAKENING, "at": PLAYED_AT, "played_ms": 183_000},
                {"track_id": COHERENCE, "event": "like", "at": "2026-03-01T20:17:00Z", "key": "queue-17"},
                {"artist": "Maxstack", "title": "Nebula", "event": "skip", "at": SKIPPED_AT},
            ]
        },
        {
            "recorded": 3,
            "duplicates": 0,
            "unknown": 0,
            "listens": [
                {"id": LISTEN, "status": "recorded", "track_id": AWAKENING},
                {"id": LISTEN + 1, "status": "recorded", "track_id": COHERENCE},
                {"id": LISTEN + 2, "status": "recorded", "track_id": NEBULA},
            ],
        },
    ),
    "listListens": Example(
        {"user": LISTENER, "event": ["play"], "limit": 10},
        response={
            "listens": [
                {
                    "id": LISTEN,
                    "track_id": AWAKENING,
                    "names": [AWAKENING],
                    "artist": None,
                    "title": None,
                    "album": None,
                    "duration_ms": None,
                    "event": "play",
                    "at": PLAYED_AT,
                    "played_ms": 183_000,
                    "key": None,
                }
            ],
            "next_cursor": None,
        },
    ),
    "deleteListen": Example({"user": LISTENER, "listen_id": LISTEN}),
    "getUserRecommendations": Example(
        {"user": LISTENER, "text": ["calm and spacious"], "limit": 10}, response=RECOMMENDATIONS
    ),
    "startUser": Example(
        {"user": LISTENER},
        {"moods": ["focus", "rainy-day"], "artists": ["Maxstack"], "tracks": [AWAKENING], "limit": 10},
        {
            **RECOMMENDATIONS,
            "unknown": [],
            "next": [
                {
                    "method": "GET",
                    "path": f"/v1/users/{LISTENER}/recommendations",
                    "purpose": "Get more tracks at any time.",
                }
            ],
        },
    ),
    "getUserStart": Example(
        {"user": LISTENER},
        response={
            "moods": ["focus", "rainy-day"],
            "artists": ["Maxstack"],
            "tracks": [AWAKENING],
            "at": PLAYED_AT,
        },
    ),
    "getTaste": Example({"user": LISTENER, "half_life_days": 30}, response={"tastes": [TASTE], "counts": COUNTS}),
    "forgetUser": Example({"user": LISTENER}, response={"listens": 3}),
}
