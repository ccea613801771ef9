"""Examples of listeners."""

from collections.abc import Mapping

from services.api.openapi.examples.values import (
    AWAKENING,
    COHERENCE,
    COUNTS,
    LISTEN,
    LISTENER,
    NEBULA,
    OTHER,
    OWN_TASTE,
    PLAYED_AT,
    RECOMMENDATIONS,
    SKIPPED_AT,
    TASTE_ID,
    Example,
)

LISTENERS: Mapping[str, Example] = {
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
    "importListens": Example(
        {"user": LISTENER},
        {"file": "scrobbles.csv"},
        {
            "recorded": 48_213,
            "duplicates": 0,
            "unknown": 12_904,
            "left_out": {"still_playing": 1},
            "invalid": [],
        },
    ),
    "listUnmatchedListens": Example(
        {"user": LISTENER, "limit": 1},
        response={
            "recordings": [
                {
                    "artist": "A Composer",
                    "title": "Elsewhere",
                    "album": None,
                    "names": [],
                    "listens": 41,
                    "last_at": PLAYED_AT,
                }
            ],
            "total": 2_117,
            "listens": 12_904,
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
                    "undated_plays": None,
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
    "getTaste": Example(
        {"user": LISTENER, "half_life_days": 30},
        response={
            "tastes": [OWN_TASTE],
            "dismissed": [{"id": "0d6b7712c3aa", "label": "energetic, rock", "at": SKIPPED_AT, "plays": [NEBULA]}],
            "removed": [{"at": SKIPPED_AT, "track": OTHER}],
            "counts": COUNTS,
        },
    ),
    "dismissTaste": Example({"user": LISTENER, "taste_id": TASTE_ID}),
    "undoDismissal": Example({"user": LISTENER, "taste_id": TASTE_ID}),
    "removeUserTrack": Example({"user": LISTENER, "track_id": AWAKENING}),
    "restoreUserTrack": Example({"user": LISTENER, "track_id": AWAKENING}),
    "exportUser": Example({"user": LISTENER}),
    "addCorrections": Example(
        {"user": LISTENER},
        {
            "removed": [COHERENCE],
            "dismissed": [
                {"id": "0d6b7712c3aa", "label": "energetic, rock", "plays": [NEBULA], "at": "2026-03-01T20:18:30Z"}
            ],
        },
    ),
    "addAnnotations": Example(
        {"user": LISTENER},
        {"annotations": [{"kind": "song", "id": COHERENCE, "starred_at": "2026-03-01T20:18:30Z", "rating": 4}]},
    ),
    "getMe": Example(
        response={
            "authenticated": True,
            "key": {"id": "0123456789ab", "name": "phone", "scopes": ["listen", "read"]},
            "session": None,
            "listener": LISTENER,
            "listeners": [LISTENER],
            "scopes": ["read", "listen"],
        }
    ),
    "listUsers": Example(response={"users": [{"name": LISTENER, "listens": 2, "last_at": SKIPPED_AT}]}),
    "forgetUser": Example({"user": LISTENER}, response={"listens": 3}),
}
