"""Music without a cover gets a drawing: always the same one, and a similar one for similar music."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from services.covers.colours import oklch
from services.covers.drawing import draw
from tests.fakes.library import unit_vector

COLOUR = re.compile(rb"#[0-9a-f]{6}")
ENERGIES = (0.05, 0.35, 0.6, 0.95)


def colours(drawing):
    found = [int(text[1:], 16) for text in COLOUR.findall(drawing)]
    return np.mean([[each >> 16, each >> 8 & 255, each & 255] for each in found], axis=0)


@pytest.mark.parametrize("energy", ENERGIES)
def test_a_drawing_is_a_small_picture_that_depends_on_the_music_only(energy):
    """It is SVG of at most 6 KB, without scripts, styles or links."""
    drawing = draw(unit_vector(1), energy, 0.5, "a")

    root = ET.fromstring(drawing)
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert root.get("viewBox") == "0 0 640 640"
    assert names <= {"svg", "defs", "linearGradient", "radialGradient", "stop", "rect", "circle", "path", "g"}
    assert len(drawing) <= 6000
    assert drawing == draw(unit_vector(1), energy, 0.5, "b")


def test_energy_chooses_the_composition():
    """Calm music has waves, which are paths; energetic music has beams."""
    calm, energetic = (draw(unit_vector(1), energy, 0.5, "a") for energy in (0.0, 1.0))

    assert b"<path" in calm
    assert b"rotate" in energetic


def test_valence_chooses_the_hue():
    """Sad music is bluer than happy music, and happy music redder."""
    sad, happy = (np.mean([colours(draw(unit_vector(n), 0.3, mood, "")) for n in range(20)], axis=0) for mood in (0, 1))

    assert sad[2] > sad[0]
    assert happy[0] > happy[2]


def test_similar_music_looks_similar():
    """A small step in the vibe space changes the colours less than another track does."""
    near, far = [], []
    for number in range(20):
        vector = unit_vector(number)
        moved = vector + 0.05 * unit_vector(100 + number)
        here = colours(draw(vector, 0.4, 0.5, ""))
        near.append(np.abs(here - colours(draw(moved, 0.41, 0.5, ""))).mean())
        far.append(np.abs(here - colours(draw(unit_vector(200 + number), 0.7, 0.2, ""))).mean())

    assert np.mean(near) < 0.3 * np.mean(far)


def test_without_an_analysis_the_name_chooses_a_muted_drawing():
    """Tracks that wait for their analysis differ, and a mean of several vectors is drawn too."""
    assert draw(None, None, None, "a") == draw(None, None, None, "a")
    assert draw(None, None, None, "a") != draw(None, None, None, "b")
    assert draw(0.3 * unit_vector(1), 0.5, 0.5, "") == draw(unit_vector(1), 0.5, 0.5, "")


@pytest.mark.parametrize(
    ("lightness", "chroma", "hue", "expected"),
    [(1.0, 0.0, 0.0, "#ffffff"), (0.0, 0.0, 0.0, "#000000"), (0.6279554, 0.2576833, 29.23388, "#ff0000")],
)
def test_colours_are_converted_to_srgb(lightness, chroma, hue, expected):
    """White, black and red have known places in OKLCH."""
    assert oklch(lightness, chroma, hue) == expected


def test_a_colour_outside_srgb_becomes_paler():
    """It keeps its hue: a blue stays a blue."""
    colour = oklch(0.5, 0.5, 265)

    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    assert blue > max(red, green)
