"""Colours in OKLCH, in which equal steps look equal, as the hexadecimal sRGB that every browser draws.

Source: B. Ottosson, "A perceptual color space for image processing" (2020).
"""

import math

CHROMA_STEP = 0.92
"""Factor by which the chroma of a colour outside sRGB is reduced until it fits."""
GREY = 1e-3
"""A chroma that no screen shows."""
ROUNDING = 1e-3
LINEAR_BELOW = 0.0031308
"""Of sRGB's transfer function (IEC 61966-2-1)."""


def oklch(lightness: float, chroma: float, hue: float) -> str:
    """Return a colour as `#rrggbb`; a colour that sRGB does not contain is made paler.

    Args:
        lightness: 0 (black) to 1 (white).
        chroma: 0 (grey) to about 0.3.
        hue: Degrees; 30 is red, 90 yellow, 145 green, 265 blue.
    """
    while True:
        channels = _linear(lightness, chroma, hue)
        if chroma < GREY or all(-ROUNDING <= channel <= 1 + ROUNDING for channel in channels):
            return "#" + "".join(f"{round(255 * _encoded(channel)):02x}" for channel in channels)
        chroma *= CHROMA_STEP


def _linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _encoded(channel: float) -> float:
    bounded = min(1.0, max(0.0, channel))
    return 12.92 * bounded if bounded <= LINEAR_BELOW else 1.055 * bounded ** (1 / 2.4) - 0.055
