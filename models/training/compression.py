"""The student's first weights: musicnn's two networks, compressed layer by layer before any training.

1. Of each kind of peak filter, those with the greatest effect on the next layer are kept; most never respond to music.
2. The tall filters become mixtures of 32 shared filters: the singular vectors of all kept filters, weighted by the
   covariance of log-mel spectra, so that the approximation is best for spectra that occur in music.
3. Each later layer is a ridge regression from the student's input of that layer to the teachers' output of it, so that
   errors do not accumulate (Zhang et al., "Accelerating Very Deep Convolutional Networks", 2015).

Everything is fitted on patches of clean windows, mixes and rendered scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor, nn

from models.arrays import Float32Array, Float64Array
from models.network import (
    BAND_STRIDE,
    PENULTIMATE_SIZE,
    POOLED_RANK,
    TEMPORAL,
    TIMBRAL,
    TIMBRAL_RANK,
    TIMBRAL_TAPS,
    TIME_STRIDE,
    VIBE_SIZE,
    Temporal,
    TemporalPeaks,
    Timbral,
    TimbralPeaks,
    VibeNetwork,
    pool_patches,
)
from models.teachers.musicnn import MusicnnTower, Teachers
from models.training.space import VibeSpace

_RIDGE = 3e-3  # of the mean variance of the inputs
_EDGE = 4  # strides at either end of a patch, where the padding of teacher and student differs
_SPECTRA_PER_PATCH = 12
_BATCH = 12  # patches
_BRANCH_SCALE = 0.1  # of the random weights of the rhythm and timbre branches, so that the teachers' features dominate

_SHAPES: tuple[Timbral | Temporal, ...] = (*TIMBRAL, *TEMPORAL)


@dataclass(frozen=True, slots=True)
class _Layers:
    """Layer outputs of one teacher for n patches, at the student's strides.

    Attributes:
        spread: (561,) standard deviation of each peak filter.
        mid: Three of (n, 64, n_strides), before ReLU.
        dense: (n, 200) before ReLU.
    """

    spread: Float64Array
    mid: list[Tensor]
    dense: Tensor


@dataclass(frozen=True, slots=True)
class _Filters:
    """The kept filters of one kind, of both teachers, with the normalisation after each.

    Attributes:
        kernels: (filters, taps) or (filters, height * taps), for log-mel without the teachers' input scale.
        activation: (4, filters): sign, bias, scale, shift of `models.network.Activation`.
    """

    kernels: Float64Array
    activation: Float64Array


@torch.inference_mode()
def compress(teachers: Teachers, patches: Tensor, space: VibeSpace, seed: int) -> VibeNetwork:
    """Build a network whose features and tags are close to the teachers'.

    Args:
        teachers: musicnn's two networks.
        patches: (n, 187, 96) log-mel to fit on; a thousand or more.
        space: The fitted vibe space.
        seed: Seed of the layers that the teachers do not have, and of the sample of spectra.

    Returns:
        The network. Its mood and timbre outputs and its branches for rhythm and timbre have random weights.
    """
    torch.manual_seed(seed)
    network = VibeNetwork()
    towers = [tower for tower in teachers.towers.values() if isinstance(tower, MusicnnTower)]
    teacher_layers = [_layers_of(tower, patches) for tower in towers]
    _fill_front(network, towers, teacher_layers, patches, np.random.default_rng(seed))
    front = torch.cat([network.front_end(batch) for batch in torch.split(patches, _BATCH)])
    _fit_mid(network, towers, teacher_layers, front)
    _fit_dense(network, towers, teacher_layers, front)
    _set_linear(network.tags, torch.block_diag(*[t.output.weight for t in towers]), [t.output.bias for t in towers])  # type: ignore[no-untyped-call]
    network.place.weight[:VIBE_SIZE] *= _BRANCH_SCALE
    network.place.weight[:VIBE_SIZE, :PENULTIMATE_SIZE] = torch.from_numpy(space.projection.T)
    network.place.bias[:VIBE_SIZE] = torch.from_numpy(-space.centre @ space.projection)
    return network


def _layers_of(tower: MusicnnTower, patches: Tensor) -> _Layers:
    total, squares, mid, dense = torch.zeros(()), torch.zeros(()), [], []
    for batch in torch.split(patches, _BATCH):
        front = torch.cat([block(batch * tower.input_scale + tower.input_shift) for block in tower.peak_filters], dim=2)
        total, squares = total + front.double().sum((0, 1)), squares + front.double().square().sum((0, 1))
        layers, before = [front], []
        for block in tower.mid_layers:
            y = block.convolution(layers[-1].transpose(1, 2)).transpose(1, 2)
            before.append(y[:, ::TIME_STRIDE].transpose(1, 2).half())
            y = F.relu(y) * block.scale + block.shift
            layers.append(layers[-1] + y if len(layers) > 1 else y)
        maps = torch.cat(layers, dim=2)
        mid.append(before)
        dense.append(tower.dense(torch.stack([maps.amax(1), maps.mean(1)], dim=2).flatten(1)))
    n = patches.shape[0] * patches.shape[1]
    spread = (squares / n - (total / n).square()).clamp(min=0).sqrt().numpy()
    return _Layers(spread, [torch.cat(parts) for parts in zip(*mid, strict=True)], torch.cat(dense))


def _fill_front(
    network: VibeNetwork,
    towers: Sequence[MusicnnTower],
    teacher_layers: Sequence[_Layers],
    patches: Tensor,
    random: np.random.Generator,
) -> None:
    activations = []
    for block, shape in zip(network.peaks, _SHAPES, strict=True):
        extent = shape.height if isinstance(shape, Timbral) else shape.taps
        kept = _kept_filters(towers, teacher_layers, extent, shape.filters)
        activations.append(kept.activation)
        if isinstance(block, TemporalPeaks):
            block.filters.weight.copy_(torch.from_numpy(kept.kernels)[:, None])
        elif isinstance(block, TimbralPeaks):
            spectra = _spectra(patches.numpy(), extent, random)
            mixture, basis = _low_rank(kept.kernels, np.cov(spectra.T), TIMBRAL_RANK)
            lost = (kept.kernels - mixture @ basis) @ spectra.mean(axis=0)
            activations[-1][1] += activations[-1][0] * lost
            block.basis.weight.copy_(torch.from_numpy(basis).view_as(block.basis.weight))
            block.mixture.weight.copy_(torch.from_numpy(mixture).view_as(block.mixture.weight))
    front = network.front
    for values, name in zip(np.concatenate(activations, axis=1), ("sign", "bias", "scale", "shift"), strict=True):
        getattr(front, name).copy_(torch.from_numpy(values)[:, None])


def _kept_filters(
    towers: Sequence[MusicnnTower], teacher_layers: Sequence[_Layers], extent: int, count: int
) -> _Filters:
    """Keep the filters of one height (or number of taps) with the greatest effect on the next layer."""
    kernels, activations, importance = [], [], []
    for tower, layers in zip(towers, teacher_layers, strict=True):
        start = 0
        for block in tower.peak_filters:
            stop = start + len(block.scale)
            if block.kernel.shape[-1] == extent:
                outgoing = tower.mid_layers[0].convolution.weight[:, start:stop].square().sum((0, 2)).sqrt()
                importance.append(layers.spread[start:stop] * outgoing.numpy())
                sign = torch.where(block.scale < 0, -1.0, 1.0)
                # (filters, taps, height) → (filters, height, taps), as Conv2d over (bands, frames) expects.
                kernel = (block.kernel * sign.view(-1, *[1] * (block.kernel.dim() - 1))).movedim(1, -1).flatten(1)
                kernels.append((kernel * tower.input_scale).double().numpy())
                bias = block.bias + sign * kernel.sum(1) * tower.input_shift
                activations.append(torch.stack([sign, bias, block.scale, block.shift]).double().numpy())
            start = stop
    best = np.sort(np.argsort(-np.concatenate(importance))[:count])
    return _Filters(np.concatenate(kernels)[best], np.concatenate(activations, axis=1)[:, best])


def _spectra(patches: Float32Array, height: int, random: np.random.Generator) -> Float64Array:
    """Random pieces of log-mel of the size of a tall filter, (n, height * taps)."""
    found = []
    for patch in patches:
        starts = random.integers(0, patch.shape[0] - TIMBRAL_TAPS, _SPECTRA_PER_PATCH)
        bands = random.integers(0, (patch.shape[1] - height) // BAND_STRIDE + 1, _SPECTRA_PER_PATCH) * BAND_STRIDE
        found += [
            patch[start : start + TIMBRAL_TAPS, band : band + height].T.reshape(-1)
            for start, band in zip(starts, bands, strict=True)
        ]
    return np.array(found, dtype=np.float64)


def _low_rank(weights: Float64Array, covariance: Float64Array, rank: int) -> tuple[Float64Array, Float64Array]:
    """Return U (o, rank) and V (rank, d) that minimise E‖(W − U V) x‖² for x of a covariance (d, d)."""
    variance, axes = np.linalg.eigh(covariance)
    deviation = np.sqrt(np.clip(variance, variance.max() * 1e-8, None))
    left, singular, right = np.linalg.svd(weights @ (axes * deviation) @ axes.T, full_matrices=False)
    root = np.sqrt(singular[:rank])
    return left[:, :rank] * root, (root[:, None] * right[:rank]) @ (axes / deviation) @ axes.T


def _fit_mid(
    network: VibeNetwork, towers: Sequence[MusicnnTower], teacher_layers: Sequence[_Layers], front: Tensor
) -> None:
    layer = front
    for index, (convolution, activation) in enumerate(network.mid_layers):
        _set_activation(activation, [tower.mid_layers[index] for tower in towers])
        targets = torch.cat([layers.mid[index] for layers in teacher_layers], dim=1)[..., _EDGE:-_EDGE].float()
        triples = F.pad(layer, (1, 1)).unfold(2, 3, 1)[:, :, _EDGE:-_EDGE]  # (n, channels, n_strides, 3)
        groups, weights, biases = convolution.groups, [], []
        for inputs, outputs in zip(triples.chunk(groups, 1), targets.chunk(groups, 1), strict=True):
            weight, bias = _regressed(inputs.permute(0, 2, 1, 3).flatten(0, 1).flatten(1), outputs.transpose(1, 2))
            weights.append(weight.view(len(weight), -1, 3))
            biases.append(bias)
        _set_linear(convolution, torch.cat(weights), biases)
        y = activation(convolution(layer))
        layer = layer + y if index else y


def _fit_dense(
    network: VibeNetwork, towers: Sequence[MusicnnTower], teacher_layers: Sequence[_Layers], front: Tensor
) -> None:
    pooled = torch.cat([pool_patches(network.maps(batch)) for batch in torch.split(front, _BATCH)])[..., 0]
    targets = torch.cat([layers.dense for layers in teacher_layers], dim=1)
    weight, bias = _regressed(pooled, targets)
    up, down = _low_rank(weight.double().numpy(), np.cov(pooled.double().numpy().T), POOLED_RANK)
    network.pooled.weight.copy_(torch.from_numpy(down)[:, :, None])
    _set_linear(network.dense, torch.from_numpy(up), [bias])
    _set_activation(network.penultimate, [tower.penultimate for tower in towers])


def _regressed(inputs: Tensor, outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Ridge regression: inputs (n, d), outputs (…, o) of n rows → weight (o, d) and bias (o,)."""
    x, y = inputs.double(), outputs.reshape(len(inputs), -1).double()
    mean_x, mean_y = x.mean(0), y.mean(0)
    covariance = (x - mean_x).T @ (x - mean_x) / len(x)
    ridge = _RIDGE * covariance.diagonal().mean() * torch.eye(len(covariance))
    weight = torch.linalg.solve(covariance + ridge, (x - mean_x).T @ (y - mean_y) / len(x)).T
    return weight.float(), (mean_y - weight @ mean_x).float()


def _set_activation(activation: nn.Module, sources: Sequence[nn.Module]) -> None:
    """Copy scale and shift from the towers; the layer before contains the bias."""
    for name in ("scale", "shift"):
        getattr(activation, name).copy_(torch.cat([getattr(source, name) for source in sources])[:, None])


def _set_linear(layer: nn.Conv1d, weight: Tensor, biases: Sequence[Tensor]) -> None:
    layer.weight.copy_(weight.view_as(layer.weight))
    if layer.bias is not None:
        layer.bias.copy_(torch.cat(list(biases)))
