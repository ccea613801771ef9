"""Windows of audio → loudness-normalised log-mel: one definition for training and for serving.

The parameters are those musicnn was trained with (Pons & Serra, "musicnn: pre-trained convolutional neural
networks for music audio tagging", 2019); they are numerically librosa's `melspectrogram` with Slaney's mel
scale and area normalisation.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor

# Below this level a recording carries no music; amplifying it to the target would only raise its noise.
SILENCE_DBFS = -70.0

# Slaney's mel scale: 66 2/3 Hz a mel up to 1 kHz, 27 mels for each factor of 6.4 above.
_LINEAR_HERTZ = 1000.0
_HERTZ_PER_MEL = 200.0 / 3
_LINEAR_MELS = _LINEAR_HERTZ / _HERTZ_PER_MEL
_LOG_STEP = math.log(6.4) / 27.0


@dataclass(frozen=True, slots=True)
class MelParameters:
    """What a checkpoint's weights expect of their input; its model card carries the values.

    Attributes:
        sample_rate: Hz.
        n_fft: Samples of one (Hann) frame.
        hop_length: Samples between frames.
        n_mels: Mel bands between 0 Hz and half the sample rate.
        log_scale: `log10(log_scale * power + 1)`.
        target_dbfs: RMS level of a track, in dB relative to full scale, that it is brought to first.
    """

    sample_rate: int = 16_000
    n_fft: int = 512
    hop_length: int = 256
    n_mels: int = 96
    log_scale: float = 10_000.0
    target_dbfs: float = -17.0


def normalise_loudness(windows: Tensor, target_dbfs: float) -> Tensor:
    """Bring a track to one level: a single gain from the RMS over all of its windows.

    One gain keeps quiet passages quiet beside loud ones. Peaks may pass ±1 afterwards: samples stay floating
    point and nothing is clipped, so two copies of a track that differ only in level become identical. A track
    below `SILENCE_DBFS` is amplified no further than one at that level would be.

    Args:
        windows: (n_windows, n_samples) float32, nominally in −1…1.
        target_dbfs: Wanted RMS level in dB relative to full scale.

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
        # One window at a time stays in the processor's cache, and its memory is used again for the next.
        return torch.cat([self._of_one(window) for window in torch.split(windows, 1)])

    def _of_one(self, window: Tensor) -> Tensor:
        """Equal torchaudio's `MelSpectrogram`, which takes the root of the power and squares it again."""
        reach = self.parameters_of_mel.n_fft // 2
        padded = F.pad(window[:, None], (reach, reach), mode="reflect")[:, 0]
        frames = padded.unfold(1, self.parameters_of_mel.n_fft, self.parameters_of_mel.hop_length)
        spectrum = torch.fft.rfft(frames * self.window)  # (1, n_frames, n_fft / 2 + 1)
        power = torch.addcmul(spectrum.real.square(), spectrum.imag, spectrum.imag)
        return torch.log10(self.parameters_of_mel.log_scale * (power @ self.filters) + 1.0)
