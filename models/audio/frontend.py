"""Compute the loudness-normalised log-mel of windows, for training and for serving.

The parameters are those that musicnn was trained with (Pons & Serra, "musicnn: pre-trained convolutional neural
networks for music audio tagging", 2019); the result agrees with librosa's `melspectrogram` with
Slaney's mel scale and area normalisation.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

# Below this level a recording holds only noise, which should not be amplified to the target level.
SILENCE_DBFS = -70.0

# Slaney's mel scale: 66 2/3 Hz a mel up to 1 kHz, 27 mels for each factor of 6.4 above.
_LINEAR_HERTZ = 1000.0
_HERTZ_PER_MEL = 200.0 / 3
_LINEAR_MELS = _LINEAR_HERTZ / _HERTZ_PER_MEL
_LOG_STEP = math.log(6.4) / 27.0


@dataclass(frozen=True, slots=True)
class MelParameters:
    """Parameters of the input of a checkpoint's weights, stored in its model card.

    Attributes:
        sample_rate: Hz.
        n_fft: Samples of one frame, weighted with a Hann window.
        hop_length: Samples between frames.
        n_mels: Mel bands between 0 Hz and half the sample rate.
        log_scale: Factor in `log10(log_scale * power + 1)`.
        target_dbfs: RMS level to which a track is normalised, in dB relative to full scale.
    """

    sample_rate: int = 16_000
    n_fft: int = 512
    hop_length: int = 256
    n_mels: int = 96
    log_scale: float = 10_000.0
    target_dbfs: float = -17.0


def normalise_loudness(windows: Tensor, target_dbfs: float) -> Tensor:
    """Normalise the level of a track with a single gain, from the RMS over all of its windows.

    One gain keeps the differences between quiet and loud passages. Peaks may exceed ±1 afterwards and are not clipped,
    so two copies of a track that differ only in level become equal. The gain is at most that of a track at
    `SILENCE_DBFS`.

    Args:
        windows: (n_windows, n_samples) float32, nominally in −1…1.
        target_dbfs: RMS level in dB relative to full scale.

    Returns:
        Windows of the same shape, at the target level.
    """
    rms: Tensor = torch.linalg.vector_norm(windows) / math.sqrt(windows.numel())
    gain = _amplitude(target_dbfs) / rms.clamp(min=_amplitude(SILENCE_DBFS))
    return windows * gain


def _amplitude(dbfs: float) -> float:
    return math.pow(10.0, dbfs / 20.0)


def mel_filters(parameters: MelParameters) -> Tensor:
    """Return the triangular filters from the bins of a power spectrum to mel bands, each of the same area.

    The mel scale is that of M. Slaney's "Auditory Toolbox" (Interval Research, technical report 1998-010): linear up to
    1 kHz, logarithmic above. The encoder was trained with `torchaudio.functional.melscale_fbanks`; single precision and
    the order of operations here follow it, so both matrices are equal to the last bit.

    Args:
        parameters: Sample rate, frame length and number of bands.

    Returns:
        (n_fft / 2 + 1, n_mels) float32 ≥ 0, in 1 / Hz.
    """
    nyquist = parameters.sample_rate / 2
    top = _LINEAR_MELS + math.log(nyquist / _LINEAR_HERTZ) / _LOG_STEP
    mels = torch.linspace(0.0, top, parameters.n_mels + 2)
    hertz = torch.where(
        mels < _LINEAR_MELS,
        mels * _HERTZ_PER_MEL,
        _LINEAR_HERTZ * torch.exp(_LOG_STEP * (mels - _LINEAR_MELS)),
    )  # (n_mels + 2,): each band's peak is between its neighbours'
    bins = torch.linspace(0.0, nyquist, parameters.n_fft // 2 + 1)
    distance = hertz - bins[:, None]  # (n_fft / 2 + 1, n_mels + 2)
    rising = -distance[:, :-2] / (hertz[1:-1] - hertz[:-2])
    falling = distance[:, 2:] / (hertz[2:] - hertz[1:-1])
    return torch.minimum(rising, falling).clamp(min=0.0) * (2.0 / (hertz[2:] - hertz[:-2]))


class LogMel(torch.nn.Module):
    """Log-mel spectrogram, `log10(log_scale * mel + 1)`.

    Shape:
        - Input: (n_windows, n_samples) float32 at the parameters' sample rate
        - Output: (n_windows, n_frames, n_mels) float32 ≥ 0, with n_frames = n_samples // hop_length + 1

    >>> LogMel(MelParameters())(torch.zeros(2, 160_000)).shape
    torch.Size([2, 626, 96])
    """

    window: Tensor
    filters: Tensor

    def __init__(self, parameters: MelParameters) -> None:
        super().__init__()
        self.parameters_of_mel = parameters
        # Both follow from the parameters, so a checkpoint does not hold them.
        self.register_buffer("window", torch.hann_window(parameters.n_fft), persistent=False)
        self.register_buffer("filters", mel_filters(parameters), persistent=False)

    def forward(self, windows: Tensor) -> Tensor:
        """Compute the log-mel of each window; see the class for shapes."""
        # One window at a time fits into the processor's cache, and the next one reuses its memory.
        return torch.cat([self._log_mel_of_window(window) for window in torch.split(windows, 1)])

    def _log_mel_of_window(self, window: Tensor) -> Tensor:
        """Equal torchaudio's `MelSpectrogram`, which also takes the square root of the power and squares it again."""
        reach = self.parameters_of_mel.n_fft // 2
        # `F.pad` takes five times as long to reflect both ends.
        start, end = window[:, 1 : reach + 1].flip(1), window[:, -reach - 1 : -1].flip(1)
        padded = torch.cat([start, window, end], dim=1)
        frames = padded.unfold(1, self.parameters_of_mel.n_fft, self.parameters_of_mel.hop_length)
        spectrum = torch.fft.rfft(frames * self.window)  # (1, n_frames, n_fft / 2 + 1)
        power = torch.addcmul(spectrum.real.square(), spectrum.imag, spectrum.imag)
        return torch.log10(self.parameters_of_mel.log_scale * (power @ self.filters) + 1.0)
