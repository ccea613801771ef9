"""The teachers, built from the musicnn wheel and checked: do they hear metal as metal and a cello as strings?"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.frontend import MelParameters
from models.teachers import musicnn
from models.teachers.musicnn import Teachers
from models.training.examples import Examples

_SHOWN_TAGS = 8


@dataclass(frozen=True, slots=True)
class _Known:
    """A track whose style a listener knows, and which of two sets of tags must win on it."""

    package: str
    file: str
    style: str
    wins: tuple[str, ...]
    loses: tuple[str, ...]


_LOUD = ("mtt:rock", "mtt:metal", "mtt:loud", "msd:rock", "msd:metal", "msd:punk")
_CALM = ("mtt:ambient", "mtt:quiet", "mtt:soft", "mtt:slow", "msd:ambient", "msd:chillout")
_DANCE = ("mtt:techno", "mtt:dance", "mtt:beat", "msd:electronic", "msd:dance", "msd:House")
_STRINGS = ("mtt:violin", "mtt:cello", "mtt:strings", "mtt:classical")

_KNOWN_TRACKS = (
    _Known("openarena-088-data", "OA01.ogg", "industrial metal", _LOUD, _CALM),
    _Known("openarena-088-data", "OA13.ogg", "metal", _LOUD, _CALM),
    _Known("torus-trooper-data", "tt1.ogg", "trance", _DANCE, _CALM),
    _Known("supertux-data", "chipdisko.ogg", "chiptune disco", _DANCE, _LOUD),
    _Known("freedink-data", "106.ogg", "Mendelssohn's violin concerto", _STRINGS, _DANCE),
    _Known("freedink-data", "1.ogg", "Ave Maria on a cello", _STRINGS, _LOUD),
    _Known("widelands-data", "ingame_03.ogg", "calm, guitar", _CALM, _LOUD),
    _Known("warzone2100-music", "track17.opus", "dark ambient", _CALM, _LOUD),
)


class PortError(AssertionError):
    """The converted networks do not hear what is plainly there."""


def build(wheel_dir: Path, mel: MelParameters) -> Teachers:
    """Build the teachers, downloading the musicnn wheel if it is not in the directory."""
    directory = musicnn.fetch(wheel_dir)
    teachers = Teachers(mel, musicnn.tags(directory))
    for name in musicnn.TOWERS:
        teachers.towers[name] = musicnn.tower(directory, name)
    return teachers.eval()


def check_port(heard: Sequence[Path], tag_names: Sequence[str]) -> None:
    """Print the strongest tags of tracks of known style and check them.

    Args:
        heard: Files of the `[train]` tracks' examples.
        tag_names: Of the teachers.

    Raises:
        PortError: on some track the wrong set of tags wins.
    """
    wrong = []
    for known in _KNOWN_TRACKS:
        file = next(file for file in heard if file.parent.name == known.package and file.stem.endswith(known.file))
        probabilities = Examples.read(file).tags.astype(float).mean(axis=0)
        tags = dict(zip(tag_names, map(float, probabilities), strict=True))
        top = sorted(tags, key=tags.__getitem__, reverse=True)[:_SHOWN_TAGS]
        shown = ", ".join(f"{tag} {tags[tag]:.2f}" for tag in top)
        _say(f"{known.package}/{known.file} ({known.style}): {shown}")
        if _total(tags, known.wins) <= _total(tags, known.loses):
            wrong.append(f"{known.package}/{known.file}")
    if wrong:
        raise PortError(f"Implausible tags for {', '.join(wrong)}: the port or the front end is wrong.")


def _total(tags: Mapping[str, float], names: Sequence[str]) -> float:
    return sum(tags[name] for name in names) / len(names)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
