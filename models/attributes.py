"""Encoding and descriptors → how a track feels: energy, valence, danceability and their like, each 0…1.

Each attribute is a weighted mean of *evidence*, and each piece of evidence is its rank in the training corpus,
0 for the lowest and 1 for the highest; the mean is ranked once more, so that values fill the range. Weights
are a judgement, backed by the literature on which cues listeners use (Gabrielsson & Lindström, "The role of
structure in the musical expression of emotions", 2010). The ranks are measured: they stand in the model card.

* energy: 2 × feel + flux + mobility (`models.descriptors.activity`)
* valence: 4 × feel + ½ × majorness: the confidence of the mode, negative for minor
* danceability: 3 × feel + how clear the beat is + how near the tempo is to 120 BPM, weighted by its confidence
* acousticness: feel
* instrumentalness: the odds of "no vocals" against any voice, *not* ranked: the corpus is almost all
  instrumental, so a rank would call half of it sung

*Feel* is what the encoder's head says, fitted to balances of tags that speak for and against an attribute, and to be
the same for another copy of the recording: see `models.training.calibration`; `models.tag_balances` lists the tags.

Loudness is no evidence: it tells how a track was mastered, not how it feels. Nor are brightness and the rate of
onsets: an equaliser moves the one, noise and a low-pass the other. Nor is the tempo, of energy: one octave wrong turns
slow into fast, while flux and mobility change as gently as the music.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from models.descriptors.describe import Descriptors
from models.encoder import FELT, Encoding
from models.tag_balances import log_odds

# Attributes that the audio gives no honest evidence for; interfaces that name them get None.
WITHOUT_EVIDENCE = ("liveness", "speechiness")

_QUANTILES = 21
_DANCE_TEMPO = 120.0  # BPM: where people's spontaneous movement lies (van Noorden & Moelants, 1999)

_FEEL_WEIGHTS = {"energy": 2.0, "valence": 4.0, "danceability": 3.0, "acousticness": 1.0}

Calibration = Mapping[str, Sequence[float]]

_NO_VOICE = ("mtt:no vocals", "mtt:no vocal", "mtt:no voice")
_VOICE = (
    "mtt:vocal", "mtt:vocals", "mtt:voice", "mtt:singing", "mtt:female", "mtt:male", "mtt:woman", "mtt:man",
    "mtt:female vocal", "mtt:male vocal", "mtt:female voice", "mtt:male voice", "mtt:choir", "mtt:opera",
)  # fmt: skip


class _Evidence(NamedTuple):
    """One cue: its name in the calibration, weight ≥ 0 and value."""

    name: str
    weight: float
    value: float


def attributes(encoding: Encoding, descriptors: Descriptors, calibration: Calibration) -> dict[str, float | None]:
    """Say how a track feels.

    Args:
        encoding: Output of the encoder.
        descriptors: What was measured of the same track.
        calibration: Of the model card: evidence or attribute → quantiles over the training corpus.

    Returns:
        Energy, valence, danceability, acousticness, instrumentalness, each 0…1; liveness and speechiness are
        None, as nothing here can tell.

    Raises:
        KeyError: a tag or a piece of evidence is missing from the encoding or from the calibration.
    """
    values: dict[str, float | None] = {
        name: _rank(_blend(_evidence(name, encoding, descriptors), calibration), calibration[name]) for name in FELT
    }
    values["instrumentalness"] = _instrumentalness(encoding.tags)
    return values | dict.fromkeys(WITHOUT_EVIDENCE)


def calibrate(examples: Iterable[tuple[Encoding, Descriptors]]) -> dict[str, list[float]]:
    """Measure the ranks.

    Args:
        examples: Encoding and descriptors of the training corpus's tracks.

    Returns:
        Evidence or attribute → 21 quantiles from the least to the greatest value.
    """
    known = list(examples)
    calibration: dict[str, list[float]] = {}
    for attribute in FELT:
        cues = [_evidence(attribute, encoding, descriptors) for encoding, descriptors in known]
        for name in sorted({cue.name for found in cues for cue in found}):
            calibration[name] = _quantiles([cue.value for found in cues for cue in found if cue.name == name])
        calibration[attribute] = _quantiles([_blend(found, calibration) for found in cues])
    return calibration


def _evidence(attribute: str, encoding: Encoding, descriptors: Descriptors) -> list[_Evidence]:
    feel = _Evidence(f"feel.{attribute}", _FEEL_WEIGHTS[attribute], encoding.feel[attribute])
    return [feel, *[cue for cue in _other_evidence(attribute, descriptors) if cue.weight > 0.0]]


def _other_evidence(attribute: str, descriptors: Descriptors) -> list[_Evidence]:
    if attribute == "energy":
        return [_Evidence(name, 1.0, descriptors[name]) for name in ("flux", "mobility")]
    if attribute == "valence":
        sign = 1.0 if descriptors["mode"] else -1.0
        return [_Evidence("majorness", 0.5, sign * descriptors["mode_confidence"])]
    if attribute == "danceability":
        tempo, clear = descriptors["tempo"] or _DANCE_TEMPO, descriptors["tempo_confidence"]
        nearness = -abs(math.log2(tempo / _DANCE_TEMPO))
        return [_Evidence("tempo_confidence", 1.0, clear), _Evidence("tempo_nearness", clear, nearness)]
    return []


def _blend(cues: Sequence[_Evidence], calibration: Calibration) -> float:
    ranks = [_unbounded_rank(cue.value, calibration[cue.name]) for cue in cues]
    weights = [cue.weight for cue in cues]
    return float(np.average(ranks, weights=weights))


def _instrumentalness(tags: Mapping[str, float]) -> float:
    without, sung = log_odds(np.array([max(tags[name] for name in names) for names in (_NO_VOICE, _VOICE)]))
    return 1.0 / (1.0 + math.exp(sung - without))


def _rank(value: float, quantiles: Sequence[float]) -> float:
    """Share of the training corpus below a value, 0…1, interpolated between quantiles."""
    return min(1.0, max(0.0, _unbounded_rank(value, quantiles)))


def _unbounded_rank(value: float, quantiles: Sequence[float]) -> float:
    """The same, but beyond the corpus it goes on with the mean slope: what is faster than all is still faster."""
    inside = float(np.interp(value, quantiles, np.linspace(0.0, 1.0, len(quantiles))))
    beyond = value - min(max(value, quantiles[0]), quantiles[-1])
    return inside + beyond / (quantiles[-1] - quantiles[0] or 1.0)


def _quantiles(values: Sequence[float]) -> list[float]:
    return [round(float(value), 6) for value in np.quantile(values, np.linspace(0.0, 1.0, _QUANTILES))]
