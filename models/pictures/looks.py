"""How a picture looks: colour, brightness, contrast and edges, and the valence and energy that people see in them.

The model is linear in standardised measures, as in the studies that it follows:

* valence = .60 lightness + .45 chroma. The mean of two studies: Valdez & Mehrabian 1994 ("Effects of color on
  emotions", J. Exp. Psychol. Gen. 123(4)) found pleasure = .69 brightness + .22 saturation. A least-squares fit to the
  ratings of 37 colours as happy or sad by Palmer, Schloss, Xu & Prado-León 2013 ("Music–color associations are mediated
  by emotion", PNAS 110(22)) gives .50 and .67.
* energy = .60 chroma + .30 redness + .50 edges + .30 contrast. Valdez & Mehrabian found arousal = .60 saturation −
  .31 brightness; Wilms & Oberfeld 2018 ("Color and emotion", Psychological Research 82) that saturated and red colours
  arouse, and bright ones do too, so brightness is left out. Loud and distorted music gets redder and more saturated
  colours: Whiteford, Schloss, Helwig & Palmer 2018 (i-Perception 9(6)). Complex pictures arouse: Marin & Leder 2013
  (PLoS ONE 8(8)); edges measure how complex a picture seems: Machado et al. 2015 (Acta Psychologica 160). None of them
  gives the weights of edges and contrast; together they count as much as colour.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.pictures.decode import Pixels

SIDE = 160  # pixels: edges are counted at one scale, whatever the size of the picture

# sRGB to CIE XYZ under D65, and D65 itself: IEC 61966-2-1.
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
D65 = np.array([0.9505, 1.0, 1.089])

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Measures:
    """Measures of a picture in CIELAB.

    Attributes:
        lightness: Mean L*, 0…100.
        chroma: Mean chroma, 0…about 130: 0 is grey.
        redness: Mean a*: positive is red, negative green.
        warmth: Mean of a* and b* along the direction of orange: positive is warm, negative cold.
        contrast: Standard deviation of L*.
        edges: Mean gradient of L* between neighbours at a longer side of 160 pixels.
    """

    lightness: float
    chroma: float
    redness: float
    warmth: float
    contrast: float
    edges: float


@dataclass(frozen=True)
class Looks:
    """How a picture looks.

    Attributes:
        words: From the most general to the most special: "warm, bright, calm".
        valence: 0…1: sad to happy.
        energy: 0…1: calm to energetic.
    """

    words: str
    valence: float
    energy: float


# Mean and standard deviation of 32 photographs (those of the evaluation whose sentence does not count in it).
TYPICAL = Measures(lightness=48.0, chroma=23.0, redness=2.0, warmth=9.0, contrast=21.0, edges=3.8)
SPREAD = Measures(lightness=13.0, chroma=15.0, redness=10.0, warmth=13.0, contrast=7.0, edges=2.4)


def looks(pixels: Pixels) -> Looks:
    """Return words, valence and energy of a picture.

    Args:
        pixels: sRGB, uint8 `(height, width, 3)`.

    Returns:
        The looks; every picture has some.
    """
    measures = measure(pixels)
    valence = 0.60 * _standard(measures, "lightness") + 0.45 * _standard(measures, "chroma")
    energy = (
        0.60 * _standard(measures, "chroma")
        + 0.30 * _standard(measures, "redness")
        + 0.50 * _standard(measures, "edges")
        + 0.30 * _standard(measures, "contrast")
    )
    valence, energy = _share(valence), _share(energy)
    return Looks(", ".join(_words(measures, energy)), valence, energy)


def measure(pixels: Pixels) -> Measures:
    """Return the measures of a picture.

    Args:
        pixels: sRGB, uint8 `(height, width, 3)`.
    """
    lab = to_lab(_shrunk(pixels / 255.0))
    lightness, red, yellow = lab[..., 0], lab[..., 1], lab[..., 2]
    across = np.abs(np.diff(lightness, axis=1))
    down = np.abs(np.diff(lightness, axis=0))
    return Measures(
        lightness=float(lightness.mean()),
        chroma=float(np.hypot(red, yellow).mean()),
        redness=float(red.mean()),
        warmth=float((red + yellow).mean() / math.sqrt(2)),
        contrast=float(lightness.std()),
        edges=float((across.sum() + down.sum()) / max(1, across.size + down.size)),
    )


def to_lab(srgb: Values) -> Values:
    """Convert sRGB to CIELAB under D65.

    Args:
        srgb: `(…, 3)`, 0…1.

    Returns:
        L*, a* and b*, `(…, 3)`.
    """
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004  of the standard
    ratio = linear @ TO_XYZ.T / D65
    delta = 6 / 29
    root = np.where(ratio > delta**3, np.cbrt(ratio), ratio / (3 * delta**2) + 4 / 29)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _shrunk(picture: Values) -> Values:
    """Average blocks of pixels, so that the longer side has about `SIDE`."""
    block = max(1, round(max(picture.shape[:2]) / SIDE))
    for axis in (0, 1):
        size = min(block, picture.shape[axis])
        count = picture.shape[axis] // size
        picture = np.moveaxis(picture, axis, 0)[: count * size]
        picture = np.moveaxis(picture.reshape(count, size, *picture.shape[1:]).mean(axis=1), 0, axis)
    return picture


def _standard(measures: Measures, name: str) -> float:
    return float((getattr(measures, name) - getattr(TYPICAL, name)) / getattr(SPREAD, name))


def _share(deviation: float) -> float:
    """Return the share of photographs below a deviation, if they are normally distributed."""
    return 0.5 * (1 + math.erf(deviation / math.sqrt(2)))


def _words(measures: Measures, energy: float) -> list[str]:
    """Return a word for each measure that differs clearly from those of most photographs."""
    calm, lively = 0.35, 0.65
    pairs = [
        (_standard(measures, "warmth"), "cold", "warm"),
        (_standard(measures, "lightness"), "dark", "bright"),
        (_standard(measures, "chroma"), "grey", "colourful"),
        (_standard(measures, "contrast"), "soft", "full of contrast"),
    ]
    words = [low if deviation < 0 else high for deviation, low, high in pairs if abs(deviation) > 0.6]  # noqa: PLR2004
    if energy < calm:
        words.append("calm")
    elif energy > lively:
        words.append("lively")
    return words or ["balanced"]
