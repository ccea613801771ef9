"""Examples of the service: health, status, failures, metrics, keys and sign-in."""

from collections.abc import Mapping

from services.api.openapi.examples.values import (
    KEY_ID,
    LISTENER,
    METRICS,
    NEBULA,
    PLAYED_AT,
    SERVICE,
    SKIPPED_AT,
    Example,
    Json,
)
from services.domain.failure import WHAT_TO_DO, FailureKind

KEY: Json = {
    "id": KEY_ID,
    "name": "Ada's phone",
    "scopes": ["listen", "read"],
    "users": [LISTENER],
    "libraries": None,
    "created_at": PLAYED_AT,
    "last_used_at": None,
    "revoked_at": None,
}

ANALYSIS: Json = {
    "paused": False,
    "paused_at": None,
    "paused_by": None,
    "waiting": 200,
    "unread": 30,
    "per_minute": 92.4,
    "seconds_left": 149,
}

SERVICE_EXAMPLES: Mapping[str, Example] = {
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
            "spaces": [],
            "tracks": {"pending": 230, "ready": 1046, "failed": 1, "quarantined": 0, "missing": 0},
            "pictures": {"pending": 0, "ready": 12, "failed": 0, "missing": 0},
            "failures": 1,
            "left_out": 0,
            "analysis": ANALYSIS,
            "index": {"kind": "embedded", "points": 1046, "pending": 0, "silent_nodes": [], "build": None},
            "workers": [
                {"name": "questions@home", "queues": ["questions"], "processes": 1, "ffmpeg": "7.1"},
                {"name": "segue@home", "queues": ["analyse", "index", "scan"], "processes": 4, "ffmpeg": "7.1"},
            ],
            "question_processes": 1,
            "watched": True,
            "ffmpeg": "7.1",
            "folders": [{"path": "/home/ada/Music", "tracks": 1276, "pictures": 12, "scanned_at": SKIPPED_AT}],
            "disk": {"total": 512_000_000_000, "free": 128_000_000_000, "needed": 67_108_864, "data": 52_428_800},
        }
    ),
    "streamEvents": Example(),
    "exportTable": Example({"table": "verdicts"}),
    "setAnalysis": Example(
        body={"paused": True},
        response={**ANALYSIS, "paused": True, "paused_at": PLAYED_AT, "paused_by": "owner", "seconds_left": None},
    ),
    "listFailures": Example(
        {"limit": 10},
        response={
            "failures": [
                {
                    "id": f"track:{NEBULA}",
                    "path": "/home/ada/Music/Nebula.flac",
                    "copies": [],
                    "kind": "damaged",
                    "reason": "The file is damaged: it ends early",
                    "what_to_do": WHAT_TO_DO[FailureKind.DAMAGED],
                    "at": PLAYED_AT,
                    "attempts": 1,
                    "quarantined": False,
                    "track_id": NEBULA,
                }
            ],
            "total": 1,
            "files": 1,
        },
    ),
    "retryFailures": Example(body={"ids": [f"track:{NEBULA}"]}, response={"retried": 1}),
    "listKeys": Example(response={"keys": [KEY]}),
    "createKey": Example(
        body={"name": "Ada's phone", "scopes": ["read", "listen"], "users": [LISTENER]},
        response={**KEY, "key": f"segue_{KEY_ID}_rTq0vQ3v7nZ2mJ5sW8yB1cD4eF6gH9iK0lM2nO3pQ4r"},
    ),
    "revokeKey": Example({"key_id": KEY_ID}),
    "getSession": Example(
        response={
            "start_url": f"{SERVICE}/v1/session/start",
            "session": {"listener": LISTENER, "name": "Ada Lovelace", "expires_at": SKIPPED_AT},
        }
    ),
    "startSession": Example({"view": "#/library"}),
    "finishSession": Example({"state": "k1mP0Yc3", "code": "SplxlOBeZQQYbYS6WxSbIA"}),
    "endSession": Example(
        response={"provider_url": f"https://auth.example/logout?post_logout_redirect_uri={SERVICE}/"}
    ),
    "listPeople": Example(
        response={
            "people": [
                {"listener": LISTENER, "name": "Ada Lovelace", "created_at": PLAYED_AT, "signed_in_at": SKIPPED_AT}
            ]
        }
    ),
    "removePerson": Example({"user": LISTENER}),
}
