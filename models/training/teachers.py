"""Make the first encoder: musicnn's two networks, half-whitened on the training corpus.

`python -m models.training.teachers` downloads the musicnn wheel and the `[train]` packages, converts the
weights, checks the port by its tags on tracks of known style, fits the half-whitening and writes checkpoint
and card. Everything downloaded or computed is kept under `--cache`, so a second run takes seconds.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models.checkpoint import DEFAULT_VERSION, WEIGHTS_DIRECTORY, ModelCard, save
from models.encoder import EMBEDDING_SIZE, VibeEncoder
from models.frontend import MelParameters
from models.training import musicnn_weights
from models.training.corpus import DEFAULT_CACHE, fetch, packages
from models.training.features import FloatArray, TrackFeatures, extract

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


def half_whitening(features: FloatArray, size: int = EMBEDDING_SIZE) -> tuple[FloatArray, FloatArray]:
    """Fit: centre, principal axes, divided by the square root of each axis's standard deviation.

    Full whitening would make every axis count alike and amplify noise; none lets the few loudest axes decide.

    Args:
        features: (n, d) float32, n > size.
        size: Axes to keep.

    Returns:
        The centre (d,) and the projection (d, size); each axis's largest weight is positive, so that a second
        fit gives the same axes and not their mirror images.
    """
    centre = features.mean(axis=0, dtype=np.float64)
    _, singular, axes = np.linalg.svd(features - centre, full_matrices=False)
    deviation = singular[:size] / np.sqrt(len(features) - 1)
    axes = axes[:size]
    peaks = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    projection = (axes * np.sign(peaks) / np.sqrt(deviation)[:, None]).T
    return centre.astype(np.float32), projection.astype(np.float32)


def build_towers(wheel_dir: Path, mel: MelParameters) -> VibeEncoder:
    """Build an encoder with musicnn's towers, rounded to the half precision they are stored in.

    The half-whitening is still the identity.
    """
    directory = musicnn_weights.fetch(wheel_dir)
    encoder = VibeEncoder(mel, musicnn_weights.tags(directory))
    for name in musicnn_weights.TOWERS:
        encoder.towers[name] = musicnn_weights.tower(directory, name).half().float()
    return encoder.eval()


def check_port(heard: Sequence[TrackFeatures], tag_names: Sequence[str]) -> None:
    """Print the strongest tags of tracks of known style and check them.

    Raises:
        PortError: on some track the wrong set of tags wins.
    """
    by_file = {(features.track.package, features.track.path.name): features for features in heard}
    wrong = []
    for known in _KNOWN_TRACKS:
        probabilities = by_file[known.package, known.file].tags.mean(axis=0)
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


def features_directory(cache_dir: Path, mel: MelParameters) -> Path:
    """Where the towers' features of tracks at one loudness are kept."""
    return cache_dir / f"features-musicnn-{mel.target_dbfs:g}dBFS"


def make(cache_dir: Path, weights_dir: Path, mel: MelParameters) -> Path:
    """Run every step; returns the weights file."""
    encoder = build_towers(cache_dir / "musicnn", mel)
    tracks = fetch(packages("train"), cache_dir, lambda name, done, total: _say(f"[{done}/{total}] {name}"))
    heard = []
    kept = features_directory(cache_dir, mel)
    for features in extract(tracks, encoder, kept, lambda track, error: _say(f"{track.path}: {error}")):
        heard.append(features)
        _say(f"[{len(heard)}/{len(tracks)}] {features.track.package}/{features.track.path.name}")
    check_port(heard, encoder.tag_names)
    windows = np.concatenate([features.penultimate for features in heard])
    centre, projection = half_whitening(windows)
    encoder.centre.copy_(torch.from_numpy(centre))
    encoder.projection.copy_(torch.from_numpy(projection))
    return save(encoder, _card(encoder, tracks=len(heard), windows=len(windows)), weights_dir)


def _card(encoder: VibeEncoder, *, tracks: int, windows: int) -> ModelCard:
    names = {
        tower: tuple(name.partition(":")[2] for name in encoder.tag_names if name.startswith(tower))
        for tower in encoder.towers
    }
    return ModelCard(
        version=DEFAULT_VERSION,
        summary="musicnn's MSD and MTT networks, 2 × 200 penultimate features half-whitened to 128 dimensions.",
        mel=encoder.mel,
        tags=names,
        data=(
            "Towers: the Million Song Dataset and MagnaTagATune, trained by musicnn's authors.",
            f"Half-whitening: {windows} loudness-normalised windows of 10 s from {tracks} [train] tracks.",
        ),
        licence="Towers: ISC (see NOTICE). Half-whitening: Apache-2.0.",
        limits=(
            "Tags are musicnn's opinion: probabilities are low and rank better than they calibrate.",
            "Fitted on game soundtracks, mostly instrumental; vocal music is left to the towers' own training.",
            "Sound above 8 kHz is not heard; a track is known by at most six windows of 10 s.",
            "Valence rests on weak evidence (few tags, the mode) and no listener's ratings were compared.",
        ),
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training.teachers", description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="default: %(default)s")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIRECTORY, help="default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    _say(f"Wrote {make(arguments.cache, arguments.weights, MelParameters())}")
    _say("Its card lacks calibration and figures: run models.training.calibration and models.evaluation --update-card.")


if __name__ == "__main__":
    main()
