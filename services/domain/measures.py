"""What the fields of a track mean, their units and their ranges."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """Meaning and unit of a field, and the range of a filter on it."""

    meaning: str
    low: float
    high: float


_UNIT = "0 (none) to 1 (entirely)"

MEASURES: dict[str, Measure] = {
    "energy": Measure(f"Perceived intensity and activity, {_UNIT}", 0, 1),
    "valence": Measure("Mood, 0 (sad, dark) to 1 (happy, bright)", 0, 1),
    "danceability": Measure(f"Suitability for dancing, {_UNIT}", 0, 1),
    "acousticness": Measure(f"Share of acoustic instruments, {_UNIT}", 0, 1),
    "instrumentalness": Measure(f"Absence of vocals, {_UNIT}", 0, 1),
    "liveness": Measure(f"Presence of an audience, {_UNIT}", 0, 1),
    "speechiness": Measure(f"Amount of speech, {_UNIT}", 0, 1),
    "tempo": Measure("Beats per minute", 0, 1_000),
    "loudness": Measure("Integrated loudness in LUFS, from about −60 (silent) to 0 (maximum)", -200, 20),
    "brightness": Measure("Spectral centroid in Hz", 0, 100_000),
    "onset_rate": Measure("Note onsets per second", 0, 1_000),
    "flux": Measure("Spectral flux, a logarithm from about −5 (a drone) to −2 (drums)", -10, 10),
    "mobility": Measure(
        "Speed of change, independent of tempo, a logarithm from about −4 (slow swells) to 0 (a tremolo)", -10, 10
    ),
    # Filters cannot use −1: a track without a key meets no condition on it.
    "key": Measure("Pitch class of the tonic, 0 (C) to 11 (B), −1 if no key was found (no filter matches it)", 0, 11),
    "mode": Measure("0 (minor) or 1 (major)", 0, 1),
    "time_signature": Measure("Beats per bar, 3 or 4; null if the accents show neither", 1, 16),
    "year": Measure("Year of release, from the file's tags", 0, 9_999),
    "duration_ms": Measure("Length in milliseconds", 0, 1_000_000_000),
}
