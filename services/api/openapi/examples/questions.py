"""Examples of recommendations, search, radio and paths."""

from collections.abc import Mapping

from services.api.openapi.examples.values import (
    ATTRIBUTES,
    AWAKENING,
    COHERENCE,
    DESCRIPTORS,
    DIRECTION,
    FOUND,
    LOGGED,
    NEBULA,
    ORANGE_GIF,
    OTHER,
    PLAYED_AT,
    RADIO,
    RECOMMENDATIONS,
    SEEN,
    SESSION,
    THROUGH_SPACE,
    TRACK,
    UNDERSTOOD,
    Example,
)

QUESTIONS: Mapping[str, Example] = {
    "getSimilarTracks": Example(
        {"track_id": AWAKENING, "limit": 1, "max_energy": 0.8}, response={"tracks": [FOUND], **LOGGED}
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
    "searchByVideo": Example(
        {"limit": 1},
        {"file": "beach.mp4"},
        {
            "understood": {
                "seconds": 3.0,
                "shows": ["seashore"],
                "cuts_per_minute": 20.0,
                "motion": 0.02,
                "valence": 0.7,
                "energy": 0.46,
                "course": [0.32, 0.48, 0.58],
                "build": "rises",
            },
            "tracks": [{**OTHER, "score": 0.28, "mood": 0.41, "length": 1.0, "build": 0.8}],
        },
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
            "limit": 1,
        },
        response={**RADIO, "played": [], "answered": 1, "tracks": [{**FOUND, "direction": 0}], **LOGGED},
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
            **LOGGED,
        },
    ),
    "getRadio": Example({"session_id": SESSION}, response=RADIO),
    "endRadio": Example({"session_id": SESSION}),
}
