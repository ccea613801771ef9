"""musicnn's published TensorFlow 1 weights → the two towers."""

import ast
import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.training.musicnn import MusicnnTower
from models.training.tensorflow_checkpoint import FloatArray, read

_REQUIREMENT = "musicnn==0.1.0"
_WHEEL_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"

# tf.layers.batch_normalization's default.
_EPSILON = 1e-3

TOWERS = ("msd", "mtt")


class WheelError(RuntimeError):
    """The musicnn wheel is not the one whose weights this code knows."""


def fetch(cache_dir: Path) -> Path:
    """Download the wheel with pip and unpack its checkpoints.

    Args:
        cache_dir: Keeps the wheel; a wheel that is already there is not downloaded again.

    Returns:
        The directory that holds `MSD_musicnn`, `MTT_musicnn` and `configuration.py`.

    Raises:
        WheelError: pip fails, or the wheel's SHA-256 is not the known one.
    """
    cache_dir.mkdir(parents=True, exist_ok=True)
    if not any(cache_dir.glob("musicnn-*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(cache_dir), _REQUIREMENT]
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  constant but for our own directory
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


def tags(directory: Path) -> dict[str, tuple[str, ...]]:
    """Names of each tower's outputs, in order, as musicnn's configuration lists them."""
    module = ast.parse((directory / "configuration.py").read_text(encoding="utf-8"))
    constants = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {name: tuple(ast.literal_eval(constants[f"{name.upper()}_LABELS"])) for name in TOWERS}


def tower(directory: Path, name: str) -> MusicnnTower:
    """Build one tower from its checkpoint.

    Args:
        directory: What `fetch` returned.
        name: `msd` or `mtt`.

    Returns:
        The tower with its batch normalisations folded, in evaluation mode.
    """
    built = MusicnnTower()
    built.load_state_dict(_folded(read(directory / f"{name.upper()}_musicnn")))
    return built.eval()


def _folded(variables: Mapping[str, FloatArray]) -> dict[str, Tensor]:
    """TensorFlow's variables under the tower's names; layers are numbered in the order they were built."""
    state: dict[str, FloatArray] = {}
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


def _back_end(variables: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
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


def _affine(variables: Mapping[str, FloatArray], index: int) -> tuple[FloatArray, FloatArray]:
    """Scale and shift that a batch normalisation amounts to at inference."""
    layer = _numbered("batch_normalization", index)
    scale = variables[f"{layer}/gamma"] / np.sqrt(variables[f"{layer}/moving_variance"] + _EPSILON)
    return scale, variables[f"{layer}/beta"] - variables[f"{layer}/moving_mean"] * scale


def _numbered(layer: str, index: int) -> str:
    return layer if index == 0 else f"{layer}_{index}"
