"""Alterations of log-mel windows: equaliser, noise, room, tempo and pitch of other recordings, and mixes of two.

All work on log-mel, so a file is decoded once. An equaliser is an offset per band, noise and a second track are added
in power, a faster tempo has fewer frames, a higher pitch is a shift along the bands, and a room smears power in time.
Some are exact, others approximations. The evaluation alters samples instead: see `models.evaluation.alterations`.
"""

import math

import librosa
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor

from models.audio.frontend import MelParameters

_LOWEST_LOG_POWER = 1e-7  # of log10(scale * power + 1): keeps power positive


class Augmentation:
    """Random alterations of batches of log-mel windows.

    Args:
        mel: Parameters of the windows' log-mel.
        seed: Seed of all random draws; the same seed and calls give the same alterations.
    """

    def __init__(self, mel: MelParameters, seed: int) -> None:
        self.random = torch.Generator().manual_seed(seed)
        edges = torch.from_numpy(librosa.mel_frequencies(mel.n_mels + 2, fmin=0.0, fmax=mel.sample_rate / 2)).float()
        self.frequencies = edges[1:-1]  # (n_mels,) Hz
        self._bandwidths = (edges[2:] - edges[:-2]) / 2  # undoes the normalisation of the bands by area
        self._log_scale = mel.log_scale
        self._frame_rate = mel.sample_rate / mel.hop_length

    def power(self, log_mel: Tensor) -> Tensor:
        """Undo the logarithm.

        Args:
            log_mel: (n, n_frames, n_mels) ≥ 0.

        Returns:
            Mel power > 0 of the same shape.
        """
        return (torch.pow(10.0, log_mel) - 1.0).clamp(min=_LOWEST_LOG_POWER) / self._log_scale

    def log(self, power: Tensor) -> Tensor:
        """Return the log-mel of mel power (n, n_frames, n_mels)."""
        return torch.log10(self._log_scale * power + 1.0)

    def altered(self, log_mel: Tensor) -> Tensor:
        """Change equalisation, bandwidth, noise and room, each with its own probability, and keep the level.

        Args:
            log_mel: (n, n_frames, n_mels).

        Returns:
            The same shape; each window is altered independently. The level changes by at most 1 dB.
        """
        clean = self.power(log_mel)
        power = clean * self._equalisation(len(log_mel))[:, None, :]
        power = self._reverberated(power)
        power = power + self._noise(power)
        return self.log(self._levelled(power, self.loudness(clean)))

    def tilted(self, log_mel: Tensor, slope: Tensor) -> Tensor:
        """Tilt the spectrum about 1 kHz, and keep the level.

        Args:
            log_mel: (n, n_frames, n_mels).
            slope: (n,) dB per octave.

        Returns:
            The same shape as `log_mel`.
        """
        clean = self.power(log_mel)
        decibels = slope[:, None] * torch.log2(self.frequencies / 1000.0)[None]
        return self.log(self._levelled(clean * torch.pow(10.0, decibels / 10)[:, None, :], self.loudness(clean)))

    def warped(self, log_mel: Tensor, tempo: Tensor, semitones: Tensor) -> Tensor:
        """Change tempo and pitch; frames that are missing at the end are taken from the start.

        Args:
            log_mel: (n, n_frames, n_mels).
            tempo: (n,) factor > 0; 1 keeps the tempo.
            semitones: (n,) shift of the pitch; 0 keeps the pitch.

        Returns:
            The same shape as `log_mel`.
        """
        n_frames, n_mels = log_mel.shape[1:]
        times = (torch.arange(n_frames)[None] * tempo[:, None]) % (n_frames - 1)  # (n, n_frames)
        stretched = _interpolated(log_mel, times, 1)
        sources = self.frequencies[None] * torch.pow(2.0, -semitones[:, None] / 12)  # (n, n_mels) Hz
        bands = torch.searchsorted(self.frequencies, sources.contiguous()).clamp(1, n_mels - 1)
        below, above = self.frequencies[bands - 1], self.frequencies[bands]
        places = (bands - 1) + (sources - below) / (above - below)
        shifted = _interpolated(stretched, places.clamp(0, n_mels - 1), 2)
        return shifted * (sources <= self.frequencies[-1])[:, None, :]

    def mixed(self, first: Tensor, second: Tensor, level: Tensor) -> Tensor:
        """Add two batches of windows in power.

        Args:
            first: (n, n_frames, n_mels) log-mel; the mix has its level.
            second: (n, n_frames, n_mels) log-mel.
            level: (n,) dB of the second below the first; infinity omits the second.

        Returns:
            (n, n_frames, n_mels) log-mel.
        """
        mine, other = self.power(first), self.power(second)
        loudness = self.loudness(mine)
        share = loudness / self.loudness(other) * torch.pow(10.0, -level / 10)
        return self.log(self._levelled(mine + other * share[:, None, None], loudness))

    def loudness(self, power: Tensor) -> Tensor:
        """Return the mean power (n,) of windows of mel power (n, n_frames, n_mels)."""
        return (power.mean(1) * self._bandwidths).sum(1)

    def uniform(self, n: int, low: float, high: float) -> Tensor:
        """Draw n values from a uniform distribution: (n,)."""
        return torch.rand(n, generator=self.random) * (high - low) + low

    def _levelled(self, power: Tensor, loudness: Tensor) -> Tensor:
        gain = loudness / self.loudness(power) * torch.pow(10.0, self.uniform(len(power), -0.1, 0.1))
        return power * gain[:, None, None]

    def _chosen(self, n: int, probability: float) -> Tensor:
        return (torch.rand(n, generator=self.random) < probability).float()

    def _equalisation(self, n: int) -> Tensor:
        """Random gains of the power, (n, n_mels): a tilt, a bump, a low-pass and a high-pass."""
        octaves = torch.log2(self.frequencies / 1000.0)[None]
        tilt = self.uniform(n, -2.0, 2.0)[:, None] * octaves * self._chosen(n, 0.5)[:, None]  # dB per octave
        centre, width = self.uniform(n, -4.0, 3.0)[:, None], self.uniform(n, 0.5, 2.0)[:, None]
        bump = self.uniform(n, -4.0, 4.0)[:, None] * torch.exp(-(((octaves - centre) / width) ** 2))
        bump = bump * self._chosen(n, 0.3)[:, None]
        slope = self.uniform(n, 12.0, 60.0)[:, None]  # dB per octave
        low_pass = slope * (octaves - self.uniform(n, 1.3, 3.0)[:, None]).clamp(min=0) * self._chosen(n, 0.35)[:, None]
        high_pass = (
            slope * (self.uniform(n, -4.5, -3.0)[:, None] - octaves).clamp(min=0) * self._chosen(n, 0.1)[:, None]
        )
        decibels = (tilt + bump - low_pass - high_pass).clamp(-60.0, 20.0)
        return torch.pow(10.0, decibels / 10)

    def _reverberated(self, power: Tensor) -> Tensor:
        """Smear a tenth of the windows in time with an exponential decay: rooms of 0.2 to 1.2 s."""
        n = len(power)
        wet = self.uniform(n, 0.05, 0.5) * self._chosen(n, 0.1)
        which = wet.nonzero()[:, 0]
        if which.numel() == 0:
            return power
        frames = torch.arange(48)
        decay = torch.exp(
            -math.log(1e6) * frames[None] / (self.uniform(len(which), 0.2, 1.2) * self._frame_rate)[:, None]
        )
        kernels = (decay / decay.sum(1, keepdim=True)).flip(1)[:, None]  # (k, 1, 48)
        dry = power[which].permute(2, 0, 1)  # (n_mels, k, n_frames)
        room = F.conv1d(F.pad(dry, (47, 0)), kernels, groups=len(which)).permute(1, 2, 0)
        share = wet[which][:, None, None]
        return power.index_copy(0, which, power[which] * (1 - share) + room * share)

    def _noise(self, power: Tensor) -> Tensor:
        """White noise 15 to 45 dB below the music; it has equal power in all area-normalised bands."""
        n, n_frames, n_mels = power.shape
        level = torch.pow(10.0, -self.uniform(n, 15.0, 45.0) / 10) * self._chosen(n, 0.4)
        floor = self.loudness(power) / self._bandwidths.sum() * level
        # The power of a band of k bins fluctuates like the mean of k exponential draws; k = 3 is close enough.
        grain = -torch.log(torch.rand(3, n_frames, n_mels, generator=self.random).clamp(min=1e-6)).mean(0)
        return floor[:, None, None] * grain[None]


def _interpolated(x: Tensor, places: Tensor, dim: int) -> Tensor:
    """Interpolate x (n, n_frames, n_mels) at fractional places (n, m) along one of its last two dimensions."""
    last = x.shape[dim] - 1
    below = places.floor().long().clamp(0, last)
    above = (below + 1).clamp(max=last)
    weight = places - below
    if dim == 1:
        shape = (-1, -1, x.shape[2])
        below, above, weight = below[:, :, None], above[:, :, None], weight[:, :, None]
    else:
        shape = (-1, x.shape[1], -1)
        below, above, weight = below[:, None], above[:, None], weight[:, None]
    return torch.lerp(x.gather(dim, below.expand(shape)), x.gather(dim, above.expand(shape)), weight.to(x))
