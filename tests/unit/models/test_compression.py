"""Compression of the teachers: each step on matrices with a known result, and all steps on random teachers."""

import numpy as np
import pytest
import torch

from models.audio.frontend import MelParameters
from models.teachers.musicnn import MusicnnTower, Teachers
from models.training.compression import _kept_filters, _Layers, _low_rank, _regressed, compress
from models.training.space import VibeSpace

TAGS = {
    "msd": ["happy", "party", "sad", "ambient", *[f"a{i}" for i in range(46)]],
    "mtt": ["fast", "loud", "slow", "soft", *[f"b{i}" for i in range(46)]],
}


def random_tower(seed):
    """A tower of random filters, some of them with a negative scale."""
    torch.manual_seed(seed)
    tower = MusicnnTower().requires_grad_(requires_grad=False)
    for block in tower.peak_filters:
        block.kernel.normal_(std=block.kernel[0].numel() ** -0.5)
        block.scale.normal_(mean=1.0)
        block.bias.normal_(std=0.1)
    tower.input_scale.fill_(0.5)
    tower.input_shift.fill_(-0.2)
    return tower.eval()


def layers(tower, spread):
    """Layer outputs with the standard deviation of each filter."""
    return _Layers(np.asarray(spread, dtype=np.float64), [], torch.zeros(0))


def test_low_rank_is_exact_at_full_rank():
    """With as many shared filters as filters, the approximation is exact."""
    generator = np.random.default_rng(0)
    weights, samples = generator.standard_normal((6, 10)), generator.standard_normal((200, 10))

    mixture, basis = _low_rank(weights, np.cov(samples.T), rank=6)

    assert mixture.shape == (6, 6)
    assert basis.shape == (6, 10)
    np.testing.assert_allclose(mixture @ basis, weights, atol=1e-10)


def test_low_rank_keeps_directions_of_the_input():
    """Directions of low variance in the input are dropped first, however large their weights."""
    weights = np.diag([1.0, 1.0, 100.0])
    samples = np.random.default_rng(0).standard_normal((5000, 3)) * [1.0, 1.0, 1e-3]

    mixture, basis = _low_rank(weights, np.cov(samples.T), rank=2)

    error = (weights - mixture @ basis) @ samples.T
    assert np.square(error).mean() < 0.02
    np.testing.assert_allclose((mixture @ basis)[:2, :2], np.eye(2), atol=0.05)


def test_regression_finds_a_linear_map():
    """For outputs that are linear in the inputs, it returns that map and its bias, up to the ridge."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(2000, 5, generator=generator) + 3.0
    weight, bias = torch.randn(4, 5, generator=generator), torch.randn(4, generator=generator)

    found, offset = _regressed(inputs, inputs @ weight.T + bias)

    torch.testing.assert_close(found, weight, atol=0.02, rtol=0.01)
    torch.testing.assert_close(offset + found @ inputs.mean(0), weight @ inputs.mean(0) + bias, atol=1e-4, rtol=1e-4)


def test_filters_that_never_respond_are_dropped():
    """Filters of the given height are kept if their response varies and the next layer uses it."""
    towers = [random_tower(0), random_tower(1)]
    spreads = [np.zeros(561), np.zeros(561)]
    spreads[0][[3, 9]] = 1.0  # filters of 38 bands are the first 204
    spreads[1][[7, 200]] = 1.0
    spreads[1][300] = 100.0  # of another height
    towers[0].mid_layers[0].convolution.weight[:, 9] = 0.0  # ignored by the next layer

    kept = _kept_filters(towers, [layers(*pair) for pair in zip(towers, spreads, strict=True)], 38, 3)

    chosen = [towers[0].peak_filters[0].scale[3], *towers[1].peak_filters[0].scale[[7, 200]]]
    np.testing.assert_allclose(kept.activation[2], chosen)
    assert kept.kernels.shape == (3, 38 * 7)


@pytest.mark.parametrize(("block", "extent"), [(0, 38), (4, 32)])
def test_kept_filters_respond_as_the_teachers(block, extent):
    """Kernel, sign and bias of a kept filter give on log-mel the tower's response to its scaled input."""
    tower = random_tower(0)
    patch = torch.rand(1, 61, 96, generator=torch.Generator().manual_seed(0))
    spread = np.zeros(561)
    start = [0, 204, 408, 459, 510][block]
    spread[start : start + 20] = 1.0
    kept = _kept_filters([tower], [layers(tower, spread)], extent, 20)
    sign, bias, scale, shift = (torch.from_numpy(values).float()[:, None] for values in kept.activation)

    kernels = torch.from_numpy(kept.kernels).float()
    if block == 0:  # bands × taps
        peaks = torch.nn.functional.conv2d(patch.transpose(1, 2)[:, None], kernels.view(20, 1, 38, 7)).amax(2)[0]
    else:  # taps
        bands = patch[0].T[:, None]
        peaks = torch.nn.functional.conv1d(bands, kernels[:, None]).amax(0)
    found = torch.relu(sign * peaks + bias) * scale + shift

    inside = slice(3, 58) if block == 0 else slice(15, 45)  # frames that the padding does not affect
    expected = tower.peak_filters[block](patch * tower.input_scale + tower.input_shift)[0, inside, :20].T
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    assert (sign < 0).any()


def test_a_compressed_network_resembles_its_teachers():
    """On the patches of the fit, features and tags correlate with the teachers'."""
    teachers = Teachers(MelParameters(), TAGS)
    for seed, name in enumerate(TAGS):
        teachers.towers[name] = random_tower(seed)
    patches = (
        torch.rand(16, 187, 96, generator=torch.Generator().manual_seed(0)) * torch.linspace(0.5, 3, 16)[:, None, None]
    )
    projection = np.random.default_rng(0).standard_normal((400, 86)).astype(np.float32)
    space = VibeSpace(np.full(400, 0.1, np.float32), projection, *[np.zeros(0, np.float32)] * 6)

    network = compress(teachers, patches, space, seed=0).eval()

    with torch.inference_mode():
        output = network(patches)
    penultimate, tags = teachers.encode_log_mel(patches)
    assert correlation(output.penultimate, penultimate) > 0.95
    assert correlation(output.tags, tags) > 0.95
    torch.testing.assert_close(network.place.weight[:86, :400], torch.from_numpy(projection.T))
    torch.testing.assert_close(network.place.bias[:86], torch.from_numpy(-projection.sum(0) * np.float32(0.1)))


def correlation(a, b):
    return float(torch.corrcoef(torch.stack([(a - a.mean(0)).flatten(), (b - b.mean(0)).flatten()]))[0, 1])
