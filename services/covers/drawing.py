"""Draw a cover for music without one, as SVG.

The drawing is a function of the vibe vector, energy and valence. Similar music therefore gets a similar drawing, and
the same music always the same one. Valence chooses the hue, from blue (sad) over pink to orange (happy). Energy chooses
the composition, from waves (calm) over rings and discs to beams (energetic), and how vivid it is. Projections of the
vector vary the rest: places, sizes, angles and the second hue.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from services.covers.colours import oklch
from services.domain.track import Vector

SIDE = 640
TRAITS = 16
SEED = 20260301
"""Of the projections. Another seed would change every drawing."""

SAD_HUE, HAPPY_HUE = 255.0, 425.0
YELLOW, YELLOW_REACH, DARK_TURN, BRIGHT = 98.0, 75.0, 80.0, 0.8
NEUTRAL = 0.5


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a drawing."""

    hue: float
    second: float
    vivid: float
    """0 (muted) to 1 (saturated)."""
    light: float
    """Added to the lightness of every shade."""

    def near(self, lightness: float, shift: float = 0.0) -> str:
        """Return a shade of the main hue."""
        return self.between(0.0, lightness, shift)

    def far(self, lightness: float, shift: float = 0.0) -> str:
        """Return a shade of the second hue."""
        return self.between(1.0, lightness, shift)

    def between(self, share: float, lightness: float, shift: float = 0.0) -> str:
        """Return a shade of a hue between the main one (0) and the second one (1)."""
        bright = min(0.97, lightness + self.light)
        hue = _clear(self.hue + (self.second - self.hue) * share + shift, bright)
        return oklch(bright, 0.05 + 0.135 * self.vivid, hue)


def _clear(hue: float, lightness: float) -> float:
    """Turn a dark hue away from yellow, which is brown or olive when it is dark."""
    distance = (hue - YELLOW + 180) % 360 - 180
    pull = DARK_TURN * max(0.0, BRIGHT - lightness) / BRIGHT * max(0.0, 1 - abs(distance) / YELLOW_REACH)
    return hue + (pull if distance > 0 else -pull)


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a composition is drawn from; `traits` are 0 to 1."""

    traits: Sequence[float]
    energy: float
    palette: Palette

    def between(self, trait: int, low: float, high: float) -> float:
        """Return a number in a range that a trait chooses."""
        return low + (high - low) * self.traits[trait % TRAITS]


def draw(vector: Vector | None, energy: float | None, valence: float | None, name: str) -> bytes:
    """Return the drawing of a track, or of several by their means, as SVG.

    Args:
        vector: Place in the vibe space, float32 `(d,)`; None before the analysis, when `name` chooses the drawing.
        energy: 0 (calm) to 1 (energetic); None if unknown.
        valence: 0 (sad) to 1 (happy); None if unknown.
        name: The id of what is drawn.
    """
    traits = _traits_of_name(name) if vector is None else _traits(vector)
    is_known = vector is not None
    power = NEUTRAL if energy is None else _spread(energy)
    mood = NEUTRAL if valence is None else _spread(valence)
    hue = SAD_HUE + (HAPPY_HUE - SAD_HUE) * mood + 50 * (traits[0] - 0.5)
    gap = 30 + 55 * traits[1]
    vivid = (0.3 + 0.7 * power) if is_known else 0.0
    palette = Palette(hue, hue + (gap if traits[2] > NEUTRAL else -gap), vivid, 0.1 * (mood - NEUTRAL))
    place = min(0.999, max(0.0, power + 0.34 * (traits[3] - 0.5)))
    sketch = Sketch(traits, power, palette)
    defs, shapes = COMPOSITIONS[int(place * len(COMPOSITIONS))](sketch)
    light = round(sketch.between(4, 20, 80))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" width="{SIDE}" height="{SIDE}">'
        f'<defs>{defs}<radialGradient id="l" cx="{light}%" cy="12%" r="110%">'
        '<stop offset="0" stop-color="#fff" stop-opacity=".16"/><stop offset=".45" stop-color="#fff" stop-opacity="0"/>'
        '<stop offset="1" stop-color="#000" stop-opacity=".28"/></radialGradient></defs>'
        f'{shapes}<rect width="{SIDE}" height="{SIDE}" fill="url(#l)"/></svg>'
    ).encode()


def _spread(value: float) -> float:
    """Spread the middle of a range, where most music lies."""
    return 1 / (1 + math.exp(-5.5 * (value - NEUTRAL)))


@cache
def _axes(dimension: int) -> Vector:
    drawn = np.random.default_rng(SEED).normal(size=(dimension, TRAITS))
    return drawn.astype(np.float32)


def _traits(vector: Vector) -> list[float]:
    length = float(np.linalg.norm(vector)) or 1.0  # the mean of several vectors is shorter
    return [0.5 * (1 + math.erf(value / math.sqrt(2))) for value in (vector / length) @ _axes(len(vector))]


def _traits_of_name(name: str) -> list[float]:
    return [byte / 255 for byte in hashlib.sha256(name.encode()).digest()[:TRAITS]]


def _gradient(name: str, colours: Sequence[str], angle: float) -> str:
    x, y = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    ends = (50 - 50 * x, 50 - 50 * y, 50 + 50 * x, 50 + 50 * y)
    places = " ".join(f'{key}="{value:.0f}%"' for key, value in zip(("x1", "y1", "x2", "y2"), ends, strict=True))
    steps = max(1, len(colours) - 1)
    stops = "".join(f'<stop offset="{i / steps:.2f}" stop-color="{colour}"/>' for i, colour in enumerate(colours))
    return f'<linearGradient id="{name}" {places}>{stops}</linearGradient>'


def _background(colours: Sequence[str], angle: float) -> tuple[str, str]:
    return _gradient("b", colours, angle), f'<rect width="{SIDE}" height="{SIDE}" fill="url(#b)"/>'


def _smooth(points: Sequence[tuple[float, float]]) -> str:
    """Return a curve through points as a path: a Catmull-Rom spline."""
    path = f"M{points[0][0]:.0f} {points[0][1]:.0f}"
    padded = [points[0], *points, points[-1]]
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        first = (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6)
        second = (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6)
        path += f"C{first[0]:.0f} {first[1]:.0f} {second[0]:.0f} {second[1]:.0f} {end[0]:.0f} {end[1]:.0f}"
    return path


def _waves(sketch: Sketch) -> tuple[str, str]:
    """Draw a sky, a disc and hills in layers."""
    colours = sketch.palette
    defs, shapes = _background(
        [colours.near(0.42), colours.near(0.66, 12), colours.far(0.84)], 90 + sketch.between(5, -18, 18)
    )
    x, y, radius = sketch.between(6, 150, 490), sketch.between(7, 150, 290), sketch.between(8, 52, 118)
    defs += _gradient("d", [colours.far(0.95), colours.far(0.8)], 80)
    shapes += f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{1.75 * radius:.0f}" fill="{colours.far(0.92)}" opacity=".16"/>'
    shapes += f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.0f}" fill="url(#d)"/>'
    layers = 5
    top = sketch.between(9, 270, 350)
    for layer in range(layers):
        share = layer / (layers - 1)
        level = top + (SIDE - 40 - top) * (layer + 0.4) / layers
        height = sketch.between(10 + layer, 18, 58) * (1 - 0.35 * share)
        turns, start = sketch.between(11 + layer, 0.6, 1.7), sketch.between(5 + layer, 0, 2 * math.pi)
        points = []
        for step in range(10):
            along = step / 9
            swing = math.sin(2 * math.pi * turns * along + start) + 0.35 * math.sin(
                2 * math.pi * 2.3 * turns * along + 2 * start
            )
            points.append((along * (SIDE + 40) - 20, level + height * swing))
        fill = colours.near(0.62 - 0.44 * share, 26 * (share - 0.5))
        shapes += f'<path d="{_smooth(points)}V{SIDE}H0Z" fill="{fill}" opacity="{0.72 + 0.28 * share:.2f}"/>'
    return defs, shapes


def _rings(sketch: Sketch) -> tuple[str, str]:
    """Draw rings around a point, as of a drop or a record."""
    colours = sketch.palette
    defs, shapes = _background([colours.near(0.26), colours.near(0.4, 20)], sketch.between(5, 30, 150))
    x, y = sketch.between(6, 130, 510), sketch.between(7, 130, 510)
    count = 7 + round(4 * sketch.energy)
    reach = 1.15 * max(math.hypot(x - corner, y - other) for corner in (0, SIDE) for other in (0, SIDE))
    for ring in range(count):
        share = ring / (count - 1)
        radius = reach * (1 - share) ** sketch.between(8, 0.85, 1.35) + 26
        wobble = sketch.between(9 + ring, -16, 16) * (1 - share)
        shade = colours.between(share**0.8, 0.3 + 0.56 * share + (0.02 if ring % 2 else 0.0))
        shapes += f'<circle cx="{x + wobble:.0f}" cy="{y - wobble:.0f}" r="{radius:.0f}" fill="{shade}"/>'
    shapes += f'<circle cx="{x:.0f}" cy="{y:.0f}" r="16" fill="{colours.far(0.3)}"/>'
    return defs, shapes


def _discs(sketch: Sketch) -> tuple[str, str]:
    """Draw large translucent discs that overlap."""
    colours = sketch.palette
    angle = sketch.between(5, 20, 160)
    defs, shapes = _background([colours.far(0.3), colours.near(0.52), colours.near(0.7, 15)], angle)
    turn = sketch.between(6, 0, 2 * math.pi)
    for disc in range(5):
        around = turn + 2 * math.pi * disc / 5 + sketch.between(7 + disc, -0.5, 0.5)
        away = sketch.between(8 + disc, 90, 250)
        x, y = SIDE / 2 + away * math.cos(around), SIDE / 2 + away * math.sin(around)
        radius = sketch.between(10 + disc, 90, 230)
        pair = (
            [colours.far(0.84), colours.far(0.56, 20)]
            if disc % 2
            else [colours.near(0.78, 20), colours.near(0.46, -15)]
        )
        defs += _gradient(f"g{disc}", pair, angle + 60 * disc)
        shapes += f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.0f}" fill="url(#g{disc})" opacity=".78"/>'
    return defs, shapes


def _beams(sketch: Sketch) -> tuple[str, str]:
    """Draw beams across the picture, with a disc behind them."""
    colours = sketch.palette
    defs, shapes = _background([colours.near(0.18), colours.near(0.34, -20)], 90)
    x, y, radius = sketch.between(6, 180, 460), sketch.between(7, 180, 460), sketch.between(8, 130, 210)
    defs += _gradient("d", [colours.far(0.86), colours.far(0.58, 25)], sketch.between(9, 0, 180))
    shapes += f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.0f}" fill="url(#d)"/>'
    tilt, count, place = sketch.between(5, -62, 62), 9, -220.0
    shapes += f'<g transform="rotate({tilt:.0f} {SIDE / 2} {SIDE / 2})">'
    for beam in range(count):
        width = sketch.between(10 + beam, 14, 78) * (0.7 + 0.5 * sketch.energy)
        pair = [colours.near(0.78, 30), colours.near(0.42)] if beam % 3 else [colours.far(0.9), colours.far(0.6)]
        defs += _gradient(f"g{beam}", pair if beam % 2 else pair[::-1], 90)
        opacity = sketch.between(4 + beam, 0.5, 0.95)
        shapes += f'<rect x="{place:.0f}" y="-260" width="{width:.0f}" height="1160" '
        shapes += f'fill="url(#g{beam})" opacity="{opacity:.2f}"/>'
        place += width + sketch.between(3 + beam, 24, 96)
    return defs, shapes + "</g>"


COMPOSITIONS: tuple[Callable[[Sketch], tuple[str, str]], ...] = (_waves, _rings, _discs, _beams)
"""The compositions, from calm to energetic."""
