"""Examples of blind comparisons."""

from collections.abc import Mapping

from services.api.openapi.examples.values import (
    COHERENCE,
    LISTENER,
    NEBULA,
    PLAYED_AT,
    TRACK,
    Example,
)

_COMPARISON = "1f0b5c0e-6a0c-4f0e-9a55-0f6c1a7f3f0d"

COMPARISONS: Mapping[str, Example] = {
    "startComparison": Example(
        {"user": LISTENER},
        response={
            "id": _COMPARISON,
            "track": TRACK,
            "first": {"id": NEBULA, "loudness": -14.2, "duration_ms": 190_000},
            "second": {"id": COHERENCE, "loudness": -16.5, "duration_ms": 208_000},
            "shown_at": PLAYED_AT,
            "answers": 12,
        },
    ),
    "answerComparison": Example(
        {"user": LISTENER, "comparison_id": _COMPARISON},
        {"choice": "first"},
        {
            "first": TRACK | {"id": NEBULA, "title": "Nebula"},
            "second": TRACK | {"id": COHERENCE, "title": "Coherence"},
            "answers": 13,
        },
    ),
    "getComparisonReport": Example(
        response={
            "contests": [
                {
                    "baseline": "genre",
                    "model_version": "2026.11",
                    "other_version": None,
                    "people": 12,
                    "segue": 158,
                    "baseline_answers": 71,
                    "same": 23,
                    "share": 0.69,
                    "limits": {"low": 0.61, "high": 0.76},
                    "method": "bootstrap",
                    "verdict": "People prefer Segue's tracks.",
                }
            ]
        },
    ),
}
