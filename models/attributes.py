"""Tags and descriptors → how a track feels: energy, valence, danceability and their like, each 0…1.

Each attribute is a weighted mean of *evidence*, and each piece of evidence is its rank in the training corpus,
0 for the lowest and 1 for the highest; the mean is ranked once more, so that values fill the range. Weights
are a judgement, backed by the literature on which cues listeners use (Gabrielsson & Lindström, "The role of
structure in the musical expression of emotions", 2010). The ranks are measured: they stand in the model card.

* tag balance: mean log-odds of the tags that speak for an attribute, less that of those that speak against it
* energy: 3 × tag balance + onset rate + brightness + tempo, the tempo weighted by its confidence
* valence: 2 × tag balance + 2 × major mode + ½ × tempo, mode and tempo weighted by their confidence; tags of
  pace, such as "slow" and "dance", are left out, or valence would repeat energy (r = .83 with them, below .5
  without, over the training corpus)
* danceability: 3 × tag balance + how clear the beat is + how near the tempo is to 120 BPM
* acousticness: tag balance
* instrumentalness: the odds of "no vocals" against any voice, *not* ranked: the corpus is almost all
  instrumental, so a rank would call half of it sung

Loudness is no evidence: it tells how a track was mastered, not how it feels.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from models.descriptors import Descriptors

# Attributes that the audio gives no honest evidence for; interfaces that name them get None.
WITHOUT_EVIDENCE = ("liveness", "speechiness")

_RANKED = ("energy", "valence", "danceability", "acousticness")
_QUANTILES = 21
_DANCE_TEMPO = 120.0  # BPM: where people's spontaneous movement lies (van Noorden & Moelants, 1999)
_SMALLEST_PROBABILITY = 1e-4  # keeps the log-odds of a tag that is never given finite

Calibration = Mapping[str, Sequence[float]]


class _Balance(NamedTuple):
    """Tags that speak for an attribute, and those that speak against it."""

    favouring: tuple[str, ...]
    opposing: tuple[str, ...]


_BALANCES = {
    "energy": _Balance(
        ("mtt:fast", "mtt:drums", "mtt:beat", "mtt:loud", "mtt:metal", "mtt:rock", "msd:punk", "msd:party"),
        ("mtt:slow", "mtt:quiet", "mtt:soft", "mtt:ambient", "msd:ambient", "msd:chillout", "msd:Mellow"),
    ),
    "valence": _Balance(
        ("msd:happy", "msd:catchy", "msd:funk", "mtt:pop"),
        ("msd:sad", "msd:experimental", "mtt:weird", "msd:metal", "msd:heavy metal"),
    ),
    "danceability": _Balance(
        ("mtt:dance", "mtt:beat", "mtt:beats", "msd:dance", "msd:House", "msd:party", "msd:funk", "msd:Hip-Hop"),
        ("mtt:classical", "mtt:ambient", "mtt:slow", "mtt:quiet", "msd:ambient", "msd:experimental"),
    ),
    "acousticness": _Balance(
        ("msd:acoustic", "msd:folk", "mtt:classical", "mtt:strings", "mtt:piano", "mtt:guitar", "mtt:flute"),
        ("msd:electronic", "msd:electronica", "msd:electro", "mtt:electronic", "mtt:synth", "mtt:techno"),
    ),
}
_NO_VOICE = ("mtt:no vocals", "mtt:no vocal", "mtt:no voice")
_VOICE = (
    "mtt:vocal", "mtt:vocals", "mtt:voice", "mtt:singing", "mtt:female", "mtt:male", "mtt:woman", "mtt:man",
    "mtt:female vocal", "mtt:male vocal", "mtt:female voice", "mtt:male voice", "mtt:choir", "mtt:opera",
)  # fmt: skip


class _Evidence(NamedTuple):
    """One cue: its name in the calibration ("" where the value is a rank already), weight ≥ 0 and value."""

    name: str
    weight: float
    value: float


def attributes(
    tags: Mapping[str, float], descriptors: Descriptors, calibration: Calibration
) -> dict[str, float | None]:
    """Say how a track feels.

    Args:
        tags: All tags of the encoder, prefixed by tower, 0…1.
        descriptors: What was measured of the same track.
        calibration: Of the model card: evidence or attribute → quantiles over the training corpus.

    Returns:
        Energy, valence, danceability, acousticness, instrumentalness, each 0…1; liveness and speechiness are
        None, as nothing here can tell.

    Raises:
        KeyError: a tag or a piece of evidence is missing from the tags or from the calibration.
    """
    values: dict[str, float | None] = {
        name: _rank(_blend(_evidence(name, tags, descriptors), calibration), calibration[name]) for name in _RANKED
    }
    values["instrumentalness"] = _instrumentalness(tags)
    return values | dict.fromkeys(WITHOUT_EVIDENCE)


def calibrate(examples: Iterable[tuple[Mapping[str, float], Descriptors]]) -> dict[str, list[float]]:
    """Measure the ranks.

    Args:
        examples: Tags and descriptors of the training corpus's tracks.

    Returns:
        Evidence or attribute → 21 quantiles from the least to the greatest value.
    """
    known = list(examples)
    calibration: dict[str, list[float]] = {}
    for attribute in _RANKED:
        cues = [_evidence(attribute, tags, descriptors) for tags, descriptors in known]
        for name in sorted({cue.name for found in cues for cue in found if cue.name}):
            calibration[name] = _quantiles([cue.value for found in cues for cue in found if cue.name == name])
        calibration[attribute] = _quantiles([_blend(found, calibration) for found in cues])
    return calibration


def _evidence(attribute: str, tags: Mapping[str, float], descriptors: Descriptors) -> list[_Evidence]:
    tempo = descriptors["tempo"]
    sure = descriptors["tempo_confidence"] if tempo is not None else 0.0
    beat = tempo or _DANCE_TEMPO
    balance = _tag_balance(tags, _BALANCES[attribute])
    cues = {
        "energy": [
            _Evidence("tags.energy", 3.0, balance),
            _Evidence("onset_rate", 1.0, descriptors["onset_rate"]),
            _Evidence("brightness", 1.0, descriptors["brightness"]),
            _Evidence("tempo", sure, beat),
        ],
        "valence": [
            _Evidence("tags.valence", 2.0, balance),
            _Evidence("", 2.0 * descriptors["mode_confidence"], float(descriptors["mode"])),
            _Evidence("tempo", 0.5 * sure, beat),
        ],
        "danceability": [
            _Evidence("tags.danceability", 3.0, balance),
            _Evidence("tempo_confidence", 1.0, descriptors["tempo_confidence"]),
            _Evidence("tempo_nearness", sure, -abs(math.log2(beat / _DANCE_TEMPO))),
        ],
        "acousticness": [_Evidence("tags.acousticness", 1.0, balance)],
    }
    return [cue for cue in cues[attribute] if cue.weight > 0.0]


def _blend(cues: Sequence[_Evidence], calibration: Calibration) -> float:
    ranks = [_rank(cue.value, calibration[cue.name]) if cue.name else cue.value for cue in cues]
    weights = [cue.weight for cue in cues]
    return float(np.average(ranks, weights=weights))


def _tag_balance(tags: Mapping[str, float], balance: _Balance) -> float:
    favouring = [_log_odds(tags[name]) for name in balance.favouring]
    opposing = [_log_odds(tags[name]) for name in balance.opposing]
    return float(np.mean(favouring) - np.mean(opposing))


def _instrumentalness(tags: Mapping[str, float]) -> float:
    odds = _log_odds(max(tags[name] for name in _NO_VOICE)) - _log_odds(max(tags[name] for name in _VOICE))
    return 1.0 / (1.0 + math.exp(-odds))


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, _SMALLEST_PROBABILITY), 1.0 - _SMALLEST_PROBABILITY)
    return math.log(bounded / (1.0 - bounded))


def _rank(value: float, quantiles: Sequence[float]) -> float:
    """Share of the training corpus below a value, 0…1, interpolated between quantiles."""
    return float(np.interp(value, quantiles, np.linspace(0.0, 1.0, len(quantiles))))


def _quantiles(values: Sequence[float]) -> list[float]:
    return [round(float(value), 6) for value in np.quantile(values, np.linspace(0.0, 1.0, _QUANTILES))]
