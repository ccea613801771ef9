"""Compute attributes of a track, such as energy and valence, from its encoding and descriptors; each is 0…1.

Each attribute is a weighted mean of *cues*. A cue is a value's rank in the training corpus, 0 for the lowest and 1 for
the highest; the mean is ranked again, so that attributes fill the range. The weights are chosen by hand, guided by the
literature on the cues that people use (Gabrielsson & Lindström, "The role of structure in the musical expression of
emotions", 2010). The quantiles for the ranks are measured and stored in the model card.

* energy: 4 × feel + flux + mobility (`models.descriptors.describe`)
* valence: 4 × feel + ½ × majorness, which is the confidence of the mode, negative for minor
* danceability: 6 × feel + tempo confidence + nearness of the tempo to 120 BPM, weighted by the tempo confidence
* acousticness: feel
* speechiness: the encoder's share of speech; not ranked
* instrumentalness: the odds of "no vocals" against any voice tag, *not* ranked: most of the corpus is instrumental, so
  half of the instrumental tracks would rank below 0.5

*Feel* is an output of the encoder, fitted to balances of tags that favour and oppose an attribute, and to be equal for
altered copies of a recording: see `models.training.calibration`; `models.tag_balances` lists the tags.

Loudness is not a cue, because it depends on the mastering. Neither are brightness and onset rate: an equaliser changes
the former, noise and a low-pass filter the latter. Tempo is not a cue of energy, because an octave error turns slow
into fast.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from models.descriptors.describe import Descriptors
from models.encoder import FEEL_ATTRIBUTES, Encoding
from models.tag_balances import log_odds

# Attributes for which the audio gives no evidence; they are None.
WITHOUT_EVIDENCE = ("liveness",)

_QUANTILES = 21
_DANCE_TEMPO = 120.0  # BPM: the tempo of spontaneous movement (van Noorden & Moelants, 1999)

_FEEL_WEIGHTS = {"energy": 4.0, "valence": 4.0, "danceability": 6.0, "acousticness": 1.0}

NAMES = (*FEEL_ATTRIBUTES, "instrumentalness", "speechiness", *WITHOUT_EVIDENCE)
"""All attributes."""

Calibration = Mapping[str, Sequence[float]]

_NO_VOICE = ("mtt:no vocals", "mtt:no vocal", "mtt:no voice")
_VOICE = (
    "mtt:vocal", "mtt:vocals", "mtt:voice", "mtt:singing", "mtt:female", "mtt:male", "mtt:woman", "mtt:man",
    "mtt:female vocal", "mtt:male vocal", "mtt:female voice", "mtt:male voice", "mtt:choir", "mtt:opera",
)  # fmt: skip


class _Cue(NamedTuple):
    """One cue: its name in the calibration, weight ≥ 0 and value before ranking."""

    name: str
    weight: float
    value: float


def attributes(encoding: Encoding, descriptors: Descriptors, calibration: Calibration) -> dict[str, float | None]:
    """Compute the attributes of a track.

    Args:
        encoding: The encoding of the track.
        descriptors: The descriptors of the same track.
        calibration: From the model card: cue or attribute → 21 ascending quantiles over the training corpus.

    Returns:
        Energy, valence, danceability, acousticness, instrumentalness and speechiness, each 0…1; liveness is None, and
        speechiness is None if the encoder does not hear it.

    Raises:
        KeyError: A tag is missing from the encoding, or a cue from the calibration.
    """
    values: dict[str, float | None] = {
        name: _rank(_blend(_cues(name, encoding, descriptors), calibration), calibration[name])
        for name in FEEL_ATTRIBUTES
    }
    values |= {"instrumentalness": instrumentalness(encoding.tags), "speechiness": encoding.speech}
    return values | dict.fromkeys(WITHOUT_EVIDENCE)


def calibrate(examples: Iterable[tuple[Encoding, Descriptors]]) -> dict[str, list[float]]:
    """Compute the quantiles of cues and attributes over tracks.

    Args:
        examples: Encoding and descriptors of each track of the training corpus.

    Returns:
        Cue or attribute → 21 quantiles from the minimum to the maximum.
    """
    known = list(examples)
    calibration: dict[str, list[float]] = {}
    for attribute in FEEL_ATTRIBUTES:
        cues = [_cues(attribute, encoding, descriptors) for encoding, descriptors in known]
        for name in sorted({cue.name for found in cues for cue in found}):
            calibration[name] = _quantiles([cue.value for found in cues for cue in found if cue.name == name])
        calibration[attribute] = _quantiles([_blend(found, calibration) for found in cues])
    return calibration


def _cues(attribute: str, encoding: Encoding, descriptors: Descriptors) -> list[_Cue]:
    feel = _Cue(f"feel.{attribute}", _FEEL_WEIGHTS[attribute], encoding.feel[attribute])
    return [feel, *[cue for cue in _other_cues(attribute, descriptors) if cue.weight > 0.0]]


def _other_cues(attribute: str, descriptors: Descriptors) -> list[_Cue]:
    if attribute == "energy":
        return [_Cue(name, 1.0, descriptors[name]) for name in ("flux", "mobility")]
    if attribute == "valence":
        sign = 1.0 if descriptors["mode"] else -1.0
        return [_Cue("majorness", 0.5, sign * descriptors["mode_confidence"])]
    if attribute == "danceability":
        tempo, clear = descriptors["tempo"] or _DANCE_TEMPO, descriptors["tempo_confidence"]
        nearness = -abs(math.log2(tempo / _DANCE_TEMPO))
        return [_Cue("tempo_confidence", 1.0, clear), _Cue("tempo_nearness", clear, nearness)]
    return []


def _blend(cues: Sequence[_Cue], calibration: Calibration) -> float:
    ranks = [_unbounded_rank(cue.value, calibration[cue.name]) for cue in cues]
    weights = [cue.weight for cue in cues]
    return float(np.average(ranks, weights=weights))


def instrumentalness(tags: Mapping[str, float]) -> float:
    """Return the probability 0…1 that a track with these tags has no vocals: the odds of the tags are compared."""
    without, sung = log_odds(np.array([max(tags[name] for name in names) for names in (_NO_VOICE, _VOICE)]))
    return 1.0 / (1.0 + math.exp(sung - without))


def _rank(value: float, quantiles: Sequence[float]) -> float:
    """Return the share of the training corpus below a value, 0…1, interpolated between quantiles."""
    return min(1.0, max(0.0, _unbounded_rank(value, quantiles)))


def _unbounded_rank(value: float, quantiles: Sequence[float]) -> float:
    """Return the rank of a value; outside the quantiles it continues below 0 and above 1 with the mean slope."""
    inside = float(np.interp(value, quantiles, np.linspace(0.0, 1.0, len(quantiles))))
    beyond = value - min(max(value, quantiles[0]), quantiles[-1])
    return inside + beyond / (quantiles[-1] - quantiles[0] or 1.0)


def _quantiles(values: Sequence[float]) -> list[float]:
    return [round(float(value), 6) for value in np.quantile(values, np.linspace(0.0, 1.0, _QUANTILES))]
