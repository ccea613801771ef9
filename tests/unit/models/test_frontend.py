"""The front end equals librosa's melspectrogram, after the loudness is normalised."""

import importlib

import librosa
import numpy as np
import pytest
import torch

from models.audio.frontend import SILENCE_DBFS, LogMel, MelParameters, mel_filters, normalise_loudness


def noise(n_windows=2, n_samples=48_000, seed=0):
    samples = np.random.default_rng(seed).standard_normal((n_windows, n_samples)) * 0.1
    return torch.from_numpy(samples.astype(np.float32))


def rms_dbfs(windows):
    return 20 * float(windows.square().mean().sqrt().log10())


def test_log_mel_equals_librosa_as_musicnn_used_it():
    """Log-mel agrees with librosa's Slaney mel spectrogram, reflected at the edges, to 1e-4."""
    windows = noise()

    ours = LogMel(MelParameters())(windows).numpy()

    power = librosa.feature.melspectrogram(
        y=windows.numpy(), sr=16_000, n_fft=512, hop_length=256, n_mels=96, pad_mode="reflect"
    )
    expected = np.log10(10_000 * power + 1).transpose(0, 2, 1)
    assert expected.shape == ours.shape
    np.testing.assert_allclose(ours, expected, atol=1e-4)


@pytest.mark.skipif(torch.version.cuda is None, reason="torchaudio imports only beside a CUDA build of torch")
@pytest.mark.parametrize(
    "mel",
    [MelParameters(), MelParameters(sample_rate=22_050, n_fft=1024, n_mels=64), MelParameters(n_fft=2048, n_mels=128)],
    ids=["shipped", "another rate", "finer"],
)
def test_mel_filters_equal_torchaudios(mel):
    """The filters equal those that the encoder was trained with, bit for bit, so embeddings do not change."""
    torchaudio = importlib.import_module("torchaudio")

    expected = torchaudio.functional.melscale_fbanks(
        mel.n_fft // 2 + 1, 0.0, mel.sample_rate / 2, mel.n_mels, mel.sample_rate, norm="slaney", mel_scale="slaney"
    )
    assert torch.equal(mel_filters(mel), expected)


def test_a_tone_is_strongest_in_its_band():
    """A 1 kHz sine is strongest in the mel band whose filter peaks nearest to 1 kHz."""
    time = torch.arange(48_000) / 16_000
    tone = 0.5 * torch.sin(2 * torch.pi * 1000 * time)[None]

    band = int(LogMel(MelParameters())(tone).mean((0, 1)).argmax())

    peaks = librosa.mel_frequencies(n_mels=98, fmin=0, fmax=8000)[1:-1]
    assert band == int(np.abs(peaks - 1000).argmin())


@pytest.mark.parametrize("gain", [0.01, 1.0, 7.0])
def test_every_level_becomes_the_target(gain):
    """The RMS over all windows of a track becomes the target, whatever its level."""
    assert rms_dbfs(normalise_loudness(noise() * gain, -17.0)) == pytest.approx(-17.0, abs=0.01)


def test_one_gain_applies_to_all_windows():
    """The level difference between windows does not change."""
    windows = noise()
    windows[1] *= 0.1

    out = normalise_loudness(windows, -17.0)

    torch.testing.assert_close(out[1] / out[0], windows[1] / windows[0])


def test_peaks_may_exceed_full_scale():
    """A track with high peaks reaches the target level without clipping."""
    clicks = torch.zeros(1, 48_000)
    clicks[0, ::4000] = 1.0

    out = normalise_loudness(clicks, -17.0)

    assert float(out.max()) > 1.0
    assert rms_dbfs(out) == pytest.approx(-17.0, abs=0.01)


def test_silence_stays_silent():
    """Digital silence and noise below the floor are not amplified to the level of music."""
    assert torch.equal(normalise_loudness(torch.zeros(1, 1000), -17.0), torch.zeros(1, 1000))
    assert rms_dbfs(normalise_loudness(noise() * 1e-5, -17.0)) < SILENCE_DBFS / 2
