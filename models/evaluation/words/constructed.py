"""Pictures whose valence and energy are known by construction.

Each picture shows shapes of one motif. Valence sets the lightness and the share of yellow against blue, energy sets
saturation, contrast, sharpness, the number of shapes and the share of red. The motif, the layout, the size and a
deviation of every colour are random, so that no single property gives the answer.

The directions come from studies of what people feel or choose:

* lighter is more pleasant: Valdez & Mehrabian 1994, "Effects of color on emotions", J. Exp. Psychol. Gen. 123(4);
  Wilms & Oberfeld 2018, "Color and emotion", Psychological Research 82.
* people choose lighter, more saturated and yellower colours for fast music in a major key, and darker, greyer and
  bluer ones for slow music in a minor key: Palmer, Schloss, Xu & Prado-León 2013, PNAS 110(22). Loud and distorted
  music gets redder and more saturated colours: Whiteford, Schloss, Helwig & Palmer 2018, i-Perception 9(6).
* saturated colours, and red before green and blue, are more arousing: Wilms & Oberfeld 2018.
* pictures of more elements are more arousing: Marin & Leder 2013, PLoS ONE 8(8); edges measure how complex a picture
  seems to people: Machado et al. 2015, Acta Psychologica 160.

This tests that a reading of a picture follows these findings, not that people agree with it.
"""

import colorsys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVELS = 10  # of valence and of energy: a grid of 100 pictures
SEED = 20261129

YELLOW, BLUE, RED = 0.14, 0.62, 0.0  # hue, fraction of a turn
FEWEST_SHAPES, MOST_SHAPES = 3, 150
SIDES = (160, 320)  # pixels

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class ConstructedPicture:
    """A picture with known valence and energy.

    Attributes:
        pixels: sRGB, `(height, width, 3)`.
        valence: 0…1.
        energy: 0…1.
    """

    pixels: Picture
    valence: float
    energy: float


def constructed_pictures(levels: int = LEVELS, seed: int = SEED) -> Iterator[ConstructedPicture]:
    """Yield a picture for each cell of a grid of valence and energy, at a random place in the cell.

    Args:
        levels: Cells in each direction, > 0.
        seed: Seed of all random choices.

    Yields:
        `levels` × `levels` pictures.
    """
    random = np.random.default_rng(seed)
    for row in range(levels):
        for column in range(levels):
            valence, energy = (np.array([row, column]) + random.random(2)) / levels
            yield ConstructedPicture(_draw(float(valence), float(energy), random), float(valence), float(energy))


def _draw(valence: float, energy: float, random: np.random.Generator) -> Picture:
    height, width = random.integers(*SIDES, size=2)
    rows, columns = np.mgrid[0:height, 0:width]
    motif = random.choice(["discs", "stripes", "boxes"])
    count = round(FEWEST_SHAPES * (MOST_SHAPES / FEWEST_SHAPES) ** energy)
    pixels = np.empty((height, width, 3))
    pixels[:] = _colour(valence, energy, random)
    for _ in range(count):
        covered = _shape(motif, rows, columns, count, random)
        pixels[covered] = _colour(valence, energy, random)
    pixels = _blurred(pixels, round((1 - energy) * 6))
    pixels += random.normal(0, 2, pixels.shape)  # the noise of a camera
    return np.asarray(np.clip(np.rint(pixels), 0, 255), dtype=np.uint8)


def _colour(valence: float, energy: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Return a random colour for the levels, sRGB 0…255."""
    family = YELLOW if random.random() < valence else BLUE
    if random.random() < 0.4 * energy:
        family = RED
    hue = (family + random.normal(0, 0.04)) % 1
    saturation = np.clip(0.08 + 0.6 * energy + 0.15 * valence + random.normal(0, 0.08), 0, 1)
    value = np.clip(0.2 + 0.6 * valence + random.normal(0, 0.03 + 0.15 * energy), 0.03, 1)
    return 255 * np.array(colorsys.hsv_to_rgb(hue, float(saturation), float(value)))


def _shape(
    motif: str, rows: NDArray[np.int_], columns: NDArray[np.int_], count: int, random: np.random.Generator
) -> NDArray[np.bool_]:
    """Return the pixels of a random shape; more shapes are smaller ones."""
    height, width = rows.shape
    y, x = random.random(2) * (height, width)
    radius = random.uniform(0.5, 1.0) * np.sqrt(height * width / count) / 1.5
    if motif == "discs":
        return np.asarray((rows - y) ** 2 + (columns - x) ** 2 < radius**2)
    if motif == "boxes":
        return np.asarray((abs(rows - y) < radius) & (abs(columns - x) < radius * random.uniform(0.5, 2)))
    angle = random.uniform(0, np.pi)
    return np.asarray(abs((rows - y) * np.cos(angle) + (columns - x) * np.sin(angle)) < radius / 6)


def _blurred(pixels: NDArray[np.float64], radius: int) -> NDArray[np.float64]:
    """Blur with a box of `2 radius + 1` pixels, twice in each direction."""
    window = 2 * radius + 1
    for axis in (0, 1, 0, 1):
        padding = [(radius, radius) if index == axis else (0, 0) for index in range(3)]
        sums = np.cumsum(np.pad(pixels, padding, mode="edge"), axis=axis)
        sums = np.concatenate([np.zeros_like(np.take(sums, [0], axis)), sums], axis)
        length = pixels.shape[axis]
        pixels = (sums.take(range(window, window + length), axis) - sums.take(range(length), axis)) / window
    return pixels
