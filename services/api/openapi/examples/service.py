"""Examples of health, counts, metrics and keys."""

from collections.abc import Mapping

from services.api.openapi.examples.values import KEY_ID, LISTENER, METRICS, PLAYED_AT, SERVICE, Example, Json

KEY: Json = {
    "id": KEY_ID,
    "name": "Ada's phone",
    "scopes": ["listen", "read"],
    "users": [LISTENER],
    "created_at": PLAYED_AT,
    "last_used_at": None,
    "revoked_at": None,
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
            "tracks": {"pending": 0, "ready": 46, "failed": 0, "quarantined": 0, "missing": 0},
            "index": {"kind": "edge", "points": 46, "pending": 0},
            "question_processes": 1,
            "quarantined": [],
        }
    ),
    "listKeys": Example(response={"keys": [KEY]}),
    "createKey": Example(
        body={"name": "Ada's phone", "scopes": ["read", "listen"], "users": [LISTENER]},
        response={**KEY, "key": f"segue_{KEY_ID}_rTq0vQ3v7nZ2mJ5sW8yB1cD4eF6gH9iK0lM2nO3pQ4r"},
    ),
    "revokeKey": Example({"key_id": KEY_ID}),
}
