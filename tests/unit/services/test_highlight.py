"""The part of a track that previews play."""

import pytest

from services.domain.highlight import highlight_of


@pytest.mark.parametrize(
    ("measured", "length", "start", "end"),
    [
        (0.0, 200.0, 0.0, 30.0),
        (120.5, 200.0, 120.5, 150.5),
        (190.0, 200.0, 170.0, 200.0),
        (0.0, 12.0, 0.0, 12.0),
        (40.0, None, 40.0, 70.0),
        (None, 200.0, 85.0, 115.0),
        (None, 12.0, 0.0, 12.0),
        (None, None, 0.0, 30.0),
    ],
)
def test_a_highlight_lies_in_its_track(measured, length, start, end):
    """It has 30 s where the track has them, and is the middle if no analysis found the most typical part."""
    found = highlight_of(measured, length)

    assert (found.start, found.end, found.is_measured) == (start, end, measured is not None)


def test_the_fragment_is_one_that_players_read():
    """Seconds with a point, as in W3C Media Fragments URI 1.0."""
    assert highlight_of(61.0625, 200.0).fragment == "t=61.062,91.062"
