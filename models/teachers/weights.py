"""musicnn's weights: download them, convert them to torch, and check the result on tracks of known style.

The weights come as TensorFlow 1 checkpoints inside the musicnn wheel.
"""

import ast
import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.arrays import Float32Array
from models.audio.frontend import MelParameters
from models.teachers.musicnn import MusicnnTower, Teachers
from models.teachers.tensorflow_checkpoint import read

TOWERS = ("msd", "mtt")

_REQUIREMENT = "musicnn==0.1.0"
_WHEEL_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"

_EPSILON = 1e-3  # the default of tf.layers.batch_normalization
_SHOWN_TAGS = 8


class WheelError(RuntimeError):
    """The musicnn wheel cannot be downloaded, or it is not version 0.1.0 with the known checksum."""


class ImplausibleTags(AssertionError):  # noqa: N818  "Error" would say less than the name does
    """The converted networks give implausible tags to a track of known style."""


def build_teachers(wheel_dir: Path, mel: MelParameters) -> Teachers:
    """Build both networks from the musicnn wheel, which is downloaded if it is not in the directory.

    Args:
        wheel_dir: Directory of the wheel and its unpacked checkpoints; created if missing.
        mel: Parameters of the log-mel and the loudness of the input.

    Returns:
        The teachers with batch normalisation folded, in evaluation mode.

    Raises:
        WheelError: pip fails, or the wheel's SHA-256 is not the known one.
    """
    directory = fetch(wheel_dir)
    teachers = Teachers(mel, read_tag_names(directory))
    for name in TOWERS:
        tower = MusicnnTower()
        tower.load_state_dict(_folded(read(directory / f"{name.upper()}_musicnn")))
        teachers.towers[name] = tower
    return teachers.eval()


def fetch(cache_dir: Path) -> Path:
    """Download the wheel with pip and unpack its checkpoints.

    Args:
        cache_dir: Directory of the wheel; a wheel that is already there is not downloaded again.

    Returns:
        The directory that holds `MSD_musicnn`, `MTT_musicnn` and `configuration.py`.

    Raises:
        WheelError: pip fails, or the wheel's SHA-256 is not the known one.
    """
    cache_dir.mkdir(parents=True, exist_ok=True)
    if not any(cache_dir.glob("musicnn-*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(cache_dir), _REQUIREMENT]
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  constant except for our own directory
        if result.returncode != 0:
            raise WheelError(f"pip cannot download {_REQUIREMENT}: {result.stderr.strip()[-500:]}")
    wheel = next(cache_dir.glob("musicnn-*.whl"))
    actual = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if actual != _WHEEL_SHA256:
        raise WheelError(f"{wheel}: SHA-256 is {actual}, not {_WHEEL_SHA256}. Delete it and try again.")
    with zipfile.ZipFile(wheel) as members:
        members.extract("musicnn/configuration.py", cache_dir)
        for name in TOWERS:
            for suffix in (".index", ".data-00000-of-00001"):
                members.extract(f"musicnn/{name.upper()}_musicnn/{suffix}", cache_dir)
    return cache_dir / "musicnn"


def read_tag_names(directory: Path) -> dict[str, tuple[str, ...]]:
    """Return each tower's 50 tag names, in the order of its outputs, from musicnn's `configuration.py`."""
    module = ast.parse((directory / "configuration.py").read_text(encoding="utf-8"))
    constants = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {name: tuple(ast.literal_eval(constants[f"{name.upper()}_LABELS"])) for name in TOWERS}


def _folded(variables: Mapping[str, Float32Array]) -> dict[str, Tensor]:
    """Map TensorFlow's variables to a tower's state; TensorFlow numbers layers in the order they were built."""
    state: dict[str, Float32Array] = {}
    state["input_scale"], state["input_shift"] = (value.reshape(()) for value in _affine(variables, 0))
    for index in range(5):
        kernel = variables[f"{_numbered('conv2d', index)}/kernel"]  # (taps, height, 1, filters)
        block = f"front_end.{index}"
        state[f"{block}.kernel"] = kernel.squeeze(axis=2 if kernel.shape[1] > 1 else (1, 2)).transpose(
            (2, 0, 1) if kernel.shape[1] > 1 else (1, 0)
        )
        state[f"{block}.bias"] = variables[f"{_numbered('conv2d', index)}/bias"]
        state[f"{block}.scale"], state[f"{block}.shift"] = _affine(variables, index + 1)
    for index in range(3):
        kernel = variables[f"{_numbered('conv2d', index + 5)}/kernel"]  # (taps, channels, 1, filters)
        block = f"mid_end.{index}"
        state[f"{block}.convolution.weight"] = kernel.squeeze(2).transpose(2, 1, 0)
        state[f"{block}.convolution.bias"] = variables[f"{_numbered('conv2d', index + 5)}/bias"]
        state[f"{block}.scale"], state[f"{block}.shift"] = _affine(variables, index + 6)
    state |= _back_end(variables)
    return {name: torch.from_numpy(np.array(value, dtype=np.float32)) for name, value in state.items()}


def _back_end(variables: Mapping[str, Float32Array]) -> dict[str, Float32Array]:
    scale, shift = _affine(variables, 9)
    kernel = variables["dense/kernel"]  # (1506, 200)
    state = {
        "dense.weight": (kernel * scale[:, None]).T,
        "dense.bias": variables["dense/bias"] + shift @ kernel,
        "output.weight": variables["dense_1/kernel"].T,
        "output.bias": variables["dense_1/bias"],
    }
    state["penultimate.scale"], state["penultimate.shift"] = _affine(variables, 10)
    return state


def _affine(variables: Mapping[str, Float32Array], index: int) -> tuple[Float32Array, Float32Array]:
    """Scale and shift of a batch normalisation at inference."""
    layer = _numbered("batch_normalization", index)
    scale = variables[f"{layer}/gamma"] / np.sqrt(variables[f"{layer}/moving_variance"] + _EPSILON)
    return scale, variables[f"{layer}/beta"] - variables[f"{layer}/moving_mean"] * scale


def _numbered(layer: str, index: int) -> str:
    return layer if index == 0 else f"{layer}_{index}"


@dataclass(frozen=True, slots=True)
class _KnownTrack:
    """A track of known style, and two sets of tags: the mean probability of `higher` must exceed that of `lower`."""

    package: str
    file: str
    style: str
    higher: tuple[str, ...]
    lower: tuple[str, ...]


_LOUD = ("mtt:rock", "mtt:metal", "mtt:loud", "msd:rock", "msd:metal", "msd:punk")
_CALM = ("mtt:ambient", "mtt:quiet", "mtt:soft", "mtt:slow", "msd:ambient", "msd:chillout")
_DANCE = ("mtt:techno", "mtt:dance", "mtt:beat", "msd:electronic", "msd:dance", "msd:House")
_STRINGS = ("mtt:violin", "mtt:cello", "mtt:strings", "mtt:classical")

_KNOWN_TRACKS = (
    _KnownTrack("openarena-088-data", "OA01.ogg", "industrial metal", _LOUD, _CALM),
    _KnownTrack("openarena-088-data", "OA13.ogg", "metal", _LOUD, _CALM),
    _KnownTrack("torus-trooper-data", "tt1.ogg", "trance", _DANCE, _CALM),
    _KnownTrack("supertux-data", "chipdisko.ogg", "chiptune disco", _DANCE, _LOUD),
    _KnownTrack("freedink-data", "106.ogg", "Mendelssohn's violin concerto", _STRINGS, _DANCE),
    _KnownTrack("freedink-data", "1.ogg", "Ave Maria on a cello", _STRINGS, _LOUD),
    _KnownTrack("widelands-data", "ingame_03.ogg", "calm, guitar", _CALM, _LOUD),
    _KnownTrack("warzone2100-music", "track17.opus", "dark ambient", _CALM, _LOUD),
)


def check_tags(tags_of: Callable[[str, str], Mapping[str, float]], report: Callable[[str], None]) -> None:
    """Check the teachers' tags on eight `[train]` tracks of known style, and report the strongest tags of each.

    Args:
        tags_of: Returns the teachers' tags of a track, name → mean probability 0…1, for its package and file name.
        report: Called with one line for each track.

    Raises:
        ImplausibleTags: On some track the wrong set of tags is stronger: the conversion or the front end is wrong.
    """
    wrong = []
    for known in _KNOWN_TRACKS:
        tags = tags_of(known.package, known.file)
        top = sorted(tags, key=tags.__getitem__, reverse=True)[:_SHOWN_TAGS]
        shown = ", ".join(f"{tag} {tags[tag]:.2f}" for tag in top)
        report(f"{known.package}/{known.file} ({known.style}): {shown}")
        if _mean(tags, known.higher) <= _mean(tags, known.lower):
            wrong.append(f"{known.package}/{known.file}")
    if wrong:
        raise ImplausibleTags(
            f"Implausible tags for {', '.join(wrong)}: the converted weights or the front end is wrong."
        )


def _mean(tags: Mapping[str, float], names: Sequence[str]) -> float:
    return sum(tags[name] for name in names) / len(names)
