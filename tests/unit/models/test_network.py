"""Properties of the network that hold for all windows and weights."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention

from models.network import (
    Activation,
    Temporal,
    TemporalPeaks,
    Timbral,
    TimbralPeaks,
    VibeNetwork,
    band_statistics,
    onset_autocorrelation,
    pool_patches,
)


@pytest.fixture(scope="module", autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return VibeNetwork().eval()


def log_mel(n=3, n_frames=626, seed=0):
    return torch.rand(n, n_frames, 96, generator=torch.Generator().manual_seed(seed)) * 3


def test_shapes(network):
    """All outputs have the documented shapes."""
    output = network(log_mel())

    sizes = {"embedding": 128, "vibe": 86, "mood": 2, "timbre": 40, "tags": 100, "penultimate": 400, "features": 560}
    assert {name: tuple(getattr(output, name).shape) for name in sizes} == {name: (3, n) for name, n in sizes.items()}


def test_points_have_unit_length(network):
    """Vibe and embedding have length 1; tags are probabilities."""
    output = network(log_mel())

    torch.testing.assert_close(output.vibe.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(output.embedding.norm(dim=1), torch.ones(3))
    assert ((output.tags > 0) & (output.tags < 1)).all()


def test_heads_are_linear_in_the_features(network):
    """The first 400 features are the penultimate ones, and place, mood and timbre follow from all of them."""
    output = network(log_mel())

    torch.testing.assert_close(output.features[:, :400], output.penultimate)
    torch.testing.assert_close(network.place(output.features)[:, 86:], torch.cat([output.mood, output.timbre], dim=1))


@pytest.mark.parametrize("n_frames", [187, 313, 626, 700])
def test_outputs_do_not_depend_on_the_batch(network, n_frames):
    """Windows of several lengths have the same outputs alone and in a batch."""
    windows = log_mel(n=4, n_frames=n_frames)

    together = network(windows).embedding
    alone = torch.cat([network(window[None]).embedding for window in windows])

    assert (together * alone).sum(1).min() >= 0.99999
    assert (together[0] @ together[1]) < 0.99999


def test_threads_do_not_matter(network):
    """Outputs are the same with one thread and with two."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = network(log_mel()).embedding
        torch.set_num_threads(2)
        two = network(log_mel()).embedding
    finally:
        torch.set_num_threads(before)

    assert (one * two).sum(1).min() >= 0.99999


@pytest.mark.parametrize("shape", [Timbral(38, 5), Timbral(67, 5)])
def test_tall_filters_are_mixtures_of_shared_ones(shape):
    """Mixing shared responses is a convolution with mixed kernels, every third band and frame, and its peak."""
    torch.manual_seed(0)
    block, windows = TimbralPeaks(shape), log_mel(n=2, n_frames=60)

    kernels = torch.einsum("or,rcht->ocht", block.mixture.weight[:, :, 0, 0], block.basis.weight)
    direct = F.conv2d(windows.transpose(1, 2)[:, None], kernels, stride=3, padding=(0, 3)).amax(2)

    torch.testing.assert_close(block(windows.transpose(1, 2)), direct, atol=1e-4, rtol=1e-4)


def test_long_filters_cover_some_bands():
    """A filter of even length covers one frame less before than after, in every sixth band from the fourth."""
    torch.manual_seed(0)
    block, windows = TemporalPeaks(Temporal(64, 5, 6)), log_mel(n=2, n_frames=100).transpose(1, 2).contiguous()

    bands = F.pad(windows[:, 3::6], (31, 32))
    direct = torch.stack([F.conv1d(band[:, None], block.filters.weight, stride=3) for band in bands.unbind(1)])

    torch.testing.assert_close(block(windows), direct.amax(0))


def test_activation_normalises_after_relu():
    """The activation is relu(sign · x + bias) · scale + shift."""
    activation = Activation(1)
    activation.sign.fill_(-1.0)
    for name, value in (("bias", 1.0), ("scale", 2.0), ("shift", 5.0)):
        getattr(activation, name).fill_(value)

    assert activation(torch.tensor([[[-1.0, 0.5, 3.0]]])).flatten().tolist() == [9.0, 6.0, 5.0]


def test_patches_are_pooled_separately():
    """A window of 10 s has three patches of 63 strides from its start to its end: maxima first, then means."""
    ramp = torch.arange(209.0)[None, None]

    pooled = pool_patches([ramp, -ramp])

    assert pooled.shape == (1, 4, 3)
    assert pooled[0, 0].tolist() == [62.0, 135.0, 208.0]
    assert pooled[0, 2].tolist() == [31.0, 104.0, 177.0]
    assert pooled[0, 1].tolist() == [0.0, -73.0, -146.0]


def test_a_beat_has_a_peak_at_its_lag():
    """Onsets every 30 frames in the lowest bands repeat after 30 frames, in that range of pitch only."""
    window = torch.zeros(1, 626, 96)
    window[:, ::30, :24] = 2.0

    correlation = onset_autocorrelation(window).view(4, -1)

    assert correlation.shape == (4, 192)
    assert int(correlation[0].argmax()) + 8 == 30
    assert float(correlation[0, 30 - 8]) > 0.9
    assert float(correlation[0, 45 - 8]) < 0.2
    assert float(correlation[1:].abs().max()) < 1e-3


def test_timbre_is_mean_deviation_and_motion():
    """A band that alternates between 1 and 3 has mean 2, deviation 1 and motion 2."""
    window = torch.full((1, 626, 96), 0.5)
    window[0, 0::2, 7], window[0, 1::2, 7] = 1.0, 3.0

    mean, deviation, motion = band_statistics(window).view(3, 96)

    assert [float(values[7]) for values in (mean, deviation, motion)] == pytest.approx([2.0, 1.0, 2.0], abs=1e-3)
    assert [float(values[6]) for values in (mean, deviation, motion)] == pytest.approx([0.5, 0.0, 0.0], abs=1e-6)
