"""Examples of health, counts and metrics."""

from collections.abc import Mapping

from services.api.openapi.examples.values import METRICS, SERVICE, Example

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
}
