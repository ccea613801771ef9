"""The teachers: musicnn's two networks, trained on the Million Song Dataset (MSD) and on MagnaTagATune (MTT).

Source: Pons & Serra, "musicnn: pre-trained convolutional neural networks for music audio tagging" (2019).
"""

import ast
import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor, nn

from models.frontend import LogMel, MelParameters, normalise_loudness
from models.teachers.convolution import temporal_peaks, timbral_peaks
from models.teachers.tensorflow_checkpoint import FloatArray, read

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


def tower(directory: Path, name: str) -> "MusicnnTower":
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


PENULTIMATE_SIZE = 200
TAGS_PER_TOWER = 50

# What the towers were trained on: 187 frames, 3 s.
PATCH_FRAMES = 187

_N_MELS = 96
_TIMBRAL_FILTERS = 204
_TEMPORAL_FILTERS = 51
_FRONT_END_SIZE = 2 * _TIMBRAL_FILTERS + 3 * _TEMPORAL_FILTERS
_MID_END_FILTERS = 64
_POOLED_SIZE = 2 * (_FRONT_END_SIZE + 3 * _MID_END_FILTERS)


class Normalised(nn.Module):
    """`relu`, then the batch normalisation that follows it, folded into one scale and shift a channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(…, channels) → (…, channels)."""
        return F.relu(x) * self.scale + self.shift


class PeakFilters(Normalised):
    """Convolution, relu, batch normalisation and maximum over frequency, the maximum taken first.

    relu and a positive scale keep order, so the maximum may be taken of the bare convolution. Where the scale
    is negative, the greatest normalised value comes from the *least* response: those kernels are negated.
    """

    def __init__(self, channels: int, *kernel: int) -> None:
        super().__init__(channels)
        self.kernel = nn.Parameter(torch.zeros(channels, *kernel))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(n_patches, n_frames, n_mels) → (n_patches, n_frames, channels)."""
        sign = torch.where(self.scale < 0, -1.0, 1.0)
        peaks = timbral_peaks if self.kernel.dim() == 3 else temporal_peaks  # noqa: PLR2004  taps × height
        kernels = self.kernel * sign.view(-1, *[1] * (self.kernel.dim() - 1))
        return super().forward(peaks(x, kernels) * sign + self.bias)


class MidEnd(Normalised):
    """Convolution over time across all channels ("same"), relu, batch normalisation."""

    def __init__(self, channels: int) -> None:
        super().__init__(_MID_END_FILTERS)
        self.convolution = nn.Conv1d(channels, _MID_END_FILTERS, kernel_size=7, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        """(n_patches, n_frames, channels) → (n_patches, n_frames, 64)."""
        return super().forward(self.convolution(x.transpose(1, 2)).transpose(1, 2))


class MusicnnTower(nn.Module):
    """One musicnn network for inference: batch normalisation folded, dropout left out.

    Shape:
        - Input: (n_patches, n_frames, 96) log-mel; trained with 187 frames
        - Output: penultimate features (n_patches, 200) and tag probabilities (n_patches, 50)

    >>> penultimate, tags = MusicnnTower()(torch.zeros(2, 187, 96))
    >>> penultimate.shape, tags.shape
    (torch.Size([2, 200]), torch.Size([2, 50]))
    """

    def __init__(self) -> None:
        super().__init__()
        self.input_scale = nn.Parameter(torch.ones(()))
        self.input_shift = nn.Parameter(torch.zeros(()))
        self.front_end = nn.ModuleList(
            [
                PeakFilters(_TIMBRAL_FILTERS, 7, int(0.4 * _N_MELS)),
                PeakFilters(_TIMBRAL_FILTERS, 7, int(0.7 * _N_MELS)),
                PeakFilters(_TEMPORAL_FILTERS, 128),
                PeakFilters(_TEMPORAL_FILTERS, 64),
                PeakFilters(_TEMPORAL_FILTERS, 32),
            ]
        )
        self.mid_end = nn.ModuleList([MidEnd(_FRONT_END_SIZE), MidEnd(_MID_END_FILTERS), MidEnd(_MID_END_FILTERS)])
        self.dense = nn.Linear(_POOLED_SIZE, PENULTIMATE_SIZE)
        self.penultimate = Normalised(PENULTIMATE_SIZE)
        self.output = nn.Linear(PENULTIMATE_SIZE, TAGS_PER_TOWER)

    @property
    def peak_filters(self) -> list[PeakFilters]:
        """The front end: two kinds of timbral, three of temporal filters."""
        return [block for block in self.front_end if isinstance(block, PeakFilters)]

    @property
    def mid_layers(self) -> list[MidEnd]:
        """The three layers behind it."""
        return [block for block in self.mid_end if isinstance(block, MidEnd)]

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Hear patches of log-mel; see the class for shapes."""
        x = patches * self.input_scale + self.input_shift
        front = torch.cat([block(x) for block in self.front_end], dim=2)  # (n_patches, n_frames, 561)
        layers = [front, self.mid_end[0](front)]
        for block in self.mid_end[1:]:
            # The residual adds the batch normalisation's *output*, unlike the paper's figure.
            layers.append(layers[-1] + block(layers[-1]))
        maps = torch.cat(layers, dim=2)  # (n_patches, n_frames, 753)
        # TensorFlow flattens (753, 2) to maximum, mean, maximum, mean …
        pooled = torch.stack([maps.amax(1), maps.mean(1)], dim=2).flatten(1)  # (n_patches, 1506)
        penultimate = self.penultimate(self.dense(pooled))
        return penultimate, torch.sigmoid(self.output(penultimate))


class Teachers(nn.Module):
    """Both towers, listening to the same patches.

    Args:
        mel: How the towers expect their log-mel and the loudness of a track.
        tags: Tower → the names of its 50 tags, in the order of its outputs.
    """

    def __init__(self, mel: MelParameters, tags: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.tag_names = [f"{tower}:{tag}" for tower, names in tags.items() for tag in names]
        self.tags = dict(tags)
        self.mel = mel
        self.log_mel = LogMel(mel)
        self.towers = nn.ModuleDict({tower: MusicnnTower() for tower in tags})

    @torch.inference_mode()
    def features(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Hear a track's windows, (n_windows, n_samples) float32 at 16 kHz; see `hear`."""
        return self.hear(self.log_mel(normalise_loudness(windows, self.mel.target_dbfs)))

    @torch.inference_mode()
    def hear(self, log_mel: Tensor) -> tuple[Tensor, Tensor]:
        """Hear log-mel windows (n_windows, n_frames, 96) of at least 3 s.

        Returns:
            Penultimate features (n_windows, 400), the first tower's 200 first, and tag probabilities
            (n_windows, 100): means over the patches of each window.

        Raises:
            ValueError: the windows are shorter than one patch.
        """
        patches = _patches(log_mel)
        n_windows, n_patches = patches.shape[:2]
        heard = [tower(patches.flatten(0, 1)) for tower in self.towers.values()]
        penultimate = torch.cat([features for features, _ in heard], dim=1)  # (n_windows * n_patches, 400)
        tags = torch.cat([probabilities for _, probabilities in heard], dim=1)
        return (
            penultimate.view(n_windows, n_patches, -1).mean(1),
            tags.view(n_windows, n_patches, -1).mean(1),
        )


def _patches(log_mel: Tensor) -> Tensor:
    """Cut as many whole patches as fit without overlap, spread evenly over each window.

    (n_windows, n_frames, n_mels) → (n_windows, n_patches, 187, n_mels); 10 s give 3 patches.
    """
    n_frames = log_mel.shape[1]
    n_patches = n_frames // PATCH_FRAMES
    if n_patches == 0:
        raise ValueError(f"A window of {n_frames} frames is shorter than one patch of {PATCH_FRAMES}.")
    spare = n_frames - n_patches * PATCH_FRAMES
    gap = spare // max(n_patches - 1, 1)
    starts = [index * (PATCH_FRAMES + gap) for index in range(n_patches)]
    return torch.stack([log_mel[:, start : start + PATCH_FRAMES] for start in starts], dim=1)
