"""The encoder's network: log-mel of a window → its point in the vibe space, and tags.

It is a cheaper musicnn (Pons & Serra, 2019) whose training starts from musicnn's weights. musicnn's front end has
filters of a third or two thirds of the spectrum's height and keeps the greatest response of each over pitch, so a
timbre gives the same response in any key. Two networks compute 1,122 such filters at every pitch and every 16 ms. Three
quarters of them never respond to music. Here the rest are mixtures of 32 shared filters of each height, computed at
every third band and every 48 ms. Two branches add information that averages over time lose: *rhythm* is the
autocorrelation of onsets in four ranges of pitch, *timbre* the mean, deviation and motion of each band.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor, nn

N_MELS = 96
EMBEDDING_SIZE = 128

# Parts of the embedding; see `models.training.space`.
VIBE_SIZE = 86
MOOD_SIZE = 2
TIMBRE_SIZE = EMBEDDING_SIZE - VIBE_SIZE - MOOD_SIZE
MOOD_WEIGHT = 0.32
TIMBRE_WEIGHT = 0.7

TIME_STRIDE = 3  # frames: 48 ms
PATCH_FRAMES = 187  # 3 s: the length of a pooled patch
MID_FILTERS = 128
MID_LAYERS = 3
POOLED_RANK = 128
PENULTIMATE_SIZE = 400
TAGS = 100


class Timbral(NamedTuple):
    """Shape of tall filters: height in bands, and number of filters. They are mixtures of `TIMBRAL_RANK` filters."""

    height: int
    filters: int


class Temporal(NamedTuple):
    """Shape of long filters: length in frames, number of filters, and the step between the bands that they filter."""

    taps: int
    filters: int
    every: int


TIMBRAL = (Timbral(38, 91), Timbral(67, 82))
TIMBRAL_TAPS = 7  # frames
TIMBRAL_RANK = 32
BAND_STRIDE = 3
TEMPORAL = (Temporal(64, 21, 6), Temporal(32, 59, 2))
FRONT_SIZE = sum(shape.filters for shape in (*TIMBRAL, *TEMPORAL))
POOLED_SIZE = 2 * (FRONT_SIZE + MID_LAYERS * MID_FILTERS)

_PATCH = math.ceil(PATCH_FRAMES / TIME_STRIDE)
_RANGES = 4  # of pitch, each with an autocorrelation of its own
_LAGS = slice(8, 200)  # frames of 16 ms: 128 ms to 3.2 s, from a fast roll to a bar
_RHYTHM_FEATURES = 64
_TIMBRE_FEATURES = 96
FEATURE_SIZE = PENULTIMATE_SIZE + _RHYTHM_FEATURES + _TIMBRE_FEATURES


class NetworkOutput(NamedTuple):
    """Outputs of the network for n windows.

    Attributes:
        embedding: (n, 128) of length 1: vibe, mood and timbre concatenated, each with its weight.
        vibe: (n, 86) of length 1: the teachers' features on the vibe axes.
        mood: (n, 2): energy and valence by the teachers' tags, in standard deviations.
        timbre: (n, 40): principal components of the bands' mean, deviation and motion, in standard deviations.
        tags: (n, 100) probabilities.
        penultimate: (n, 400): the network's prediction of the teachers' features.
        features: (n, 560): penultimate features, rhythm and timbre: the input of every linear head except the tags'.
    """

    embedding: Tensor
    vibe: Tensor
    mood: Tensor
    timbre: Tensor
    tags: Tensor
    penultimate: Tensor
    features: Tensor


class Activation(nn.Module):
    """`relu(sign * x + bias) * scale + shift` for each channel: musicnn normalises *after* relu.

    Where a peak filter's scale is negative, the greatest normalised value comes from the least response. Its kernel is
    negated and its sign is −1, so that the maximum can be taken first.

    Shape:
        - Input and output: (n, channels, n_strides)
    """

    sign: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("sign", torch.ones(channels, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1))
        self.scale = nn.Parameter(torch.ones(channels, 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise; see the class for shapes."""
        return torch.addcmul(self.shift, F.relu(torch.addcmul(self.bias, x, self.sign)), self.scale)


class TimbralPeaks(nn.Module):
    """Tall filters of one height, and the maximum of each over pitch.

    Shape:
        - Input: (n, 96, n_frames) log-mel
        - Output: (n, filters, n_strides)
    """

    def __init__(self, shape: Timbral) -> None:
        super().__init__()
        kernel, stride = (shape.height, TIMBRAL_TAPS), (BAND_STRIDE, TIME_STRIDE)
        self.basis = nn.Conv2d(1, TIMBRAL_RANK, kernel, stride, padding=(0, TIMBRAL_TAPS // 2), bias=False)
        self.mixture = nn.Conv2d(TIMBRAL_RANK, shape.filters, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the peaks; see the class for shapes."""
        mixture = self.mixture.weight.flatten(1)  # (filters, 32)
        shared = self.basis(x[:, None])  # (n, 32, n_bands, n_strides)
        # One window at a time, because its responses fit into the processor's cache.
        mixed = [torch.unflatten(torch.mm(mixture, each.flatten(1)), 1, each.shape[1:]).amax(1) for each in shared]
        return torch.stack(mixed)


class TemporalPeaks(nn.Module):
    """Long filters over time in some of the bands, and the maximum of each over pitch.

    Shape:
        - Input: (n, 96, n_frames) log-mel
        - Output: (n, filters, n_strides)
    """

    def __init__(self, shape: Temporal) -> None:
        super().__init__()
        self.bands = slice(shape.every // 2, None, shape.every)
        self.padding = ((shape.taps - 1) // 2, shape.taps // 2)
        self.filters = nn.Conv1d(1, shape.filters, shape.taps, TIME_STRIDE, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the peaks; see the class for shapes."""
        bands = F.pad(x[:, self.bands], self.padding)
        # One window at a time, because its responses fit into the processor's cache.
        return torch.stack([self.filters(window[:, None]).amax(0) for window in bands])


class VibeNetwork(nn.Module):
    """Log-mel of windows → `NetworkOutput`.

    Shape:
        - Input: (n, n_frames, 96) log-mel, n_frames ≥ 187 (3 s); trained with 626 (10 s)
        - Output: see `NetworkOutput`

    >>> VibeNetwork()(torch.zeros(2, 626, 96)).embedding.shape
    torch.Size([2, 128])
    """

    centre: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.peaks = nn.ModuleList([*map(TimbralPeaks, TIMBRAL), *map(TemporalPeaks, TEMPORAL)])
        self.front = Activation(FRONT_SIZE)
        layers = [(FRONT_SIZE, 1)] + [(MID_FILTERS, 2)] * (MID_LAYERS - 1)  # musicnn's two networks stay apart
        self.mid = nn.ModuleList([nn.Conv1d(n, MID_FILTERS, 3, padding=1, groups=groups) for n, groups in layers])
        self.mid_activations = nn.ModuleList([Activation(MID_FILTERS) for _ in layers])
        self.pooled = nn.Conv1d(POOLED_SIZE, POOLED_RANK, 1, bias=False)
        self.dense = nn.Conv1d(POOLED_RANK, PENULTIMATE_SIZE, 1)
        self.penultimate = Activation(PENULTIMATE_SIZE)
        self.tags = nn.Conv1d(PENULTIMATE_SIZE, TAGS, 1)
        self.rhythm = nn.Linear(_RANGES * (_LAGS.stop - _LAGS.start), _RHYTHM_FEATURES)
        self.timbre = nn.Linear(3 * N_MELS, _TIMBRE_FEATURES)
        self.place = nn.Linear(FEATURE_SIZE, EMBEDDING_SIZE)
        # The mean embedding of the training tracks; subtracting it reduces hubness.
        self.register_buffer("centre", torch.zeros(EMBEDDING_SIZE))

    @property
    def mid_layers(self) -> list[tuple[nn.Conv1d, Activation]]:
        """The three layers after the front end, with their activations."""
        pairs = zip(self.mid, self.mid_activations, strict=True)
        return [(x, y) for x, y in pairs if isinstance(x, nn.Conv1d) and isinstance(y, Activation)]

    def forward(self, log_mel: Tensor) -> NetworkOutput:
        """Compute all outputs; see the class for shapes."""
        pooled = pool_patches(self.maps(self.front_end(log_mel)))
        patches = self.penultimate(_at_each(self.dense, _at_each(self.pooled, pooled)))  # (n, 400, n_patches)
        penultimate = patches.mean(2)
        rhythm = F.relu(self.rhythm(onset_autocorrelation(log_mel)))
        timbre = F.relu(self.timbre(band_statistics(log_mel)))
        features = torch.cat([penultimate, rhythm, timbre], dim=1)
        placed = self.place(features)
        vibe, mood, timbre = placed.split([VIBE_SIZE, MOOD_SIZE, TIMBRE_SIZE], dim=1)
        vibe = F.normalize(vibe, dim=1)
        weighted = [vibe, MOOD_WEIGHT * mood, TIMBRE_WEIGHT / math.sqrt(TIMBRE_SIZE) * timbre]
        embedding = F.normalize(F.normalize(torch.cat(weighted, dim=1), dim=1) - self.centre, dim=1)
        tags = torch.sigmoid(_at_each(self.tags, patches)).mean(2)
        return NetworkOutput(embedding, vibe, mood, timbre, tags, penultimate, features)

    def front_end(self, log_mel: Tensor) -> Tensor:
        """Compute the front end's peaks over pitch: (n, n_frames, 96) → (n, 253, n_strides)."""
        x = log_mel.transpose(1, 2).contiguous()
        front: Tensor = self.front(torch.cat([block(x) for block in self.peaks], dim=1))
        return front

    def maps(self, front: Tensor) -> list[Tensor]:
        """Return the front end (n, 253, n_strides) and the three layers after it, (n, 128, n_strides) each."""
        layers: list[Tensor] = []
        for convolution, activation in self.mid_layers:
            y = activation(convolution(layers[-1] if layers else front))
            layers.append(layers[-1] + y if layers else y)
        return [front, *layers]


def _at_each(layer: nn.Conv1d, x: Tensor) -> Tensor:
    """Apply a convolution of one tap at a few positions as matrix product, ten times as fast as a convolution there."""
    return F.linear(x.transpose(1, 2), layer.weight[..., 0], layer.bias).transpose(1, 2)


def pool_patches(maps: list[Tensor]) -> Tensor:
    """Pool all maps over patches of 3 s: maximum, then mean of each channel, (n, 1274, n_patches)."""
    layers = torch.cat(maps, dim=1)
    patches = [layers[..., start : start + _PATCH] for start in _patch_starts(layers.shape[2])]
    return torch.stack([torch.cat([patch.amax(2), patch.mean(2)], dim=1) for patch in patches], dim=2)


def _patch_starts(n_strides: int) -> list[int]:
    """Starts of as many whole patches as fit, spread evenly; 209 strides (10 s) hold 3."""
    count = max(1, n_strides // _PATCH)
    return [round(index * (n_strides - _PATCH) / max(count - 1, 1)) for index in range(count)]


def onset_autocorrelation(log_mel: Tensor) -> Tensor:
    """Compute the autocorrelation of onsets in four ranges of pitch, for lags of 128 ms to 3.2 s.

    Args:
        log_mel: (n, n_frames, 96).

    Returns:
        (n, 768), at most about 1, which is a perfect repetition.
    """
    rise = F.relu(log_mel[:, 2:] - log_mel[:, :-2])
    flux = torch.unflatten(rise, 2, (_RANGES, -1)).mean(3).transpose(1, 2).float()  # (n, 4, n_frames - 2)
    flux = flux - flux.mean(2, keepdim=True)
    spectrum = torch.fft.rfft(flux, n=_fft_length(flux.shape[2]))
    correlation: Tensor = torch.fft.irfft(spectrum.abs().square())
    return (correlation[..., _LAGS] / (correlation[..., :1] + 1e-4)).flatten(1)


def _fft_length(n_frames: int) -> int:
    """Length of a fast Fourier transform in which no lag wraps around."""
    return 64 * math.ceil((n_frames + _LAGS.stop) / 64)


def band_statistics(log_mel: Tensor) -> Tensor:
    """Compute mean, standard deviation and mean absolute change of each band: (n, n_frames, 96) → (n, 288)."""
    mean = log_mel.mean(1, keepdim=True)
    variance = (log_mel - mean).square().sum(1) / (log_mel.shape[1] - 1)  # ten times as fast as `std` over this axis
    motion = (log_mel[:, 1:] - log_mel[:, :-1]).abs().mean(1)
    return torch.cat([mean[:, 0], variance.sqrt(), motion], dim=1)
