"""The check of the teachers' tags on tracks of known style."""

import pytest

from models import checkpoint
from models.teachers.weights import _KNOWN_TRACKS, ImplausibleTags, check_tags

TAGS = [f"{teacher}:{name}" for teacher, names in checkpoint.read_card().tags.items() for name in names]


def plausible(package, file):
    """Tags of 0.1, and of 0.5 for the style of the track."""
    known = next(track for track in _KNOWN_TRACKS if (track.package, track.file) == (package, file))
    return dict.fromkeys(TAGS, 0.1) | dict.fromkeys(known.higher, 0.5)


def test_plausible_tags_pass_and_are_reported():
    """Every known track is reported with its strongest tags, and all of its tags exist."""
    lines = []

    check_tags(plausible, lines.append)

    assert len(lines) == len(_KNOWN_TRACKS)
    assert lines[0].startswith("openarena-088-data/OA01.ogg (industrial metal): msd:rock 0.50, ")
    assert all({*track.higher, *track.lower} <= set(TAGS) for track in _KNOWN_TRACKS)


def test_implausible_tags_are_an_error():
    """The error names each track whose style has no stronger tags than its opposite."""
    with pytest.raises(ImplausibleTags, match=r"openarena-088-data/OA01\.ogg, .*track17\.opus"):
        check_tags(lambda *_: dict.fromkeys(TAGS, 0.1), print)
