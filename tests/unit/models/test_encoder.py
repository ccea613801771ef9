"""Properties of the shipped encoder that hold for every track."""

import numpy as np
import pytest
import torch

from models import checkpoint


@pytest.fixture(scope="module")
def encoder():
    return checkpoint.load()


def music(n_windows=2, seconds=6.5, seed=0):
    """Plucked chords over a pulse: enough structure for windows to differ."""
    generator = np.random.default_rng(seed)
    time = np.arange(int(seconds * 16_000)) / 16_000
    windows = []
    for _ in range(n_windows):
        notes = 110 * 2 ** (generator.integers(0, 36, size=4) / 12)
        chord = sum(np.sin(2 * np.pi * note * time) for note in notes) * np.exp(-3 * (time % 0.5))
        pulse = generator.standard_normal(time.size) * np.exp(-40 * (time % 0.25))
        windows.append(0.1 * chord + 0.1 * pulse)
    return torch.from_numpy(np.stack(windows).astype(np.float32))


def test_an_embedding_is_a_unit_vector(encoder):
    """An embedding has 128 float32 values and length 1."""
    embedding = encoder.encode(music()).embedding

    assert embedding.shape == (128,)
    assert embedding.dtype == np.float32
    assert np.linalg.norm(embedding) == pytest.approx(1.0, abs=1e-6)


def test_embeddings_do_not_change(encoder):
    """The shipped encoder gives the recorded embedding with every build of torch, because libraries keep embeddings."""
    recorded = [-0.05016, -0.09114, -0.05077, 0.18119, 0.0133, -0.16021, -0.09376, -0.05944]

    assert encoder.encode(music()).embedding[:8] == pytest.approx(recorded, abs=2e-5)


@pytest.mark.parametrize("gain_db", [-40, -12, 12])
def test_level_does_not_matter(encoder, gain_db):
    """The same recording at another level gives the same embedding."""
    windows = music()

    louder = encoder.encode(windows * 10 ** (gain_db / 20))

    assert louder.embedding @ encoder.encode(windows).embedding >= 0.99999


def test_different_music_has_distant_embeddings(encoder):
    """Noise and music are far apart, so the tests above cannot pass with a constant embedding."""
    noise = torch.randn(2, 104_000, generator=torch.Generator().manual_seed(0)) * 0.1

    assert encoder.encode(noise).embedding @ encoder.encode(music()).embedding < 0.9


def test_windows_are_encoded_independently(encoder):
    """The embedding is the normalised mean of the windows' embeddings, which do not depend on the batch."""
    log_mel = encoder.log_mel(music(n_windows=5))

    together = encoder.encode_log_mel(log_mel).embedding
    alone = np.mean([encoder.encode_log_mel(window[None]).embedding for window in log_mel], axis=0)

    assert together @ alone / np.linalg.norm(alone) >= 0.99999


def test_a_track_is_encoded_from_its_samples_or_its_log_mel(encoder):
    """`log_mel` and `encode_log_mel` give the same encoding as `encode`."""
    one = encoder.encode(music())
    two = encoder.encode_log_mel(encoder.log_mel(music()))

    np.testing.assert_array_equal(one.embedding, two.embedding)
    assert one.tags == two.tags


def test_threads_do_not_matter(encoder):
    """One thread and two give the same embedding."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = encoder.encode(music()).embedding
        torch.set_num_threads(2)
        two = encoder.encode(music()).embedding
    finally:
        torch.set_num_threads(before)

    assert one @ two >= 0.99999


def test_a_window_of_noise_hardly_moves_a_track(encoder):
    """Of six windows, one of hiss instead of music counts little, and the track stays where it was."""
    track = music(n_windows=6, seconds=10)
    hiss = torch.randn(1, 160_000, generator=torch.Generator().manual_seed(0)) * 0.1
    clean, spoilt = encoder.encode(track), encoder.encode(torch.cat([hiss, track[1:]]))

    np.testing.assert_allclose(clean.weights, 1 / 6, atol=0.01)
    assert spoilt.weights[0] < 0.05
    assert clean.embedding @ spoilt.embedding > 0.97


def test_dispersion_grows_with_variety(encoder):
    """One window has dispersion 0; different windows have a higher dispersion than similar ones."""
    alike = music(n_windows=1).repeat(2, 1)
    noise = torch.randn(2, 104_000, generator=torch.Generator().manual_seed(0)) * 0.1
    unlike = torch.cat([music(n_windows=2), noise])

    assert encoder.encode(alike[:1]).dispersion == pytest.approx(0.0, abs=1e-5)
    assert encoder.encode(alike).dispersion == pytest.approx(0.0, abs=1e-5)
    assert encoder.encode(unlike).dispersion > 0.05


def test_tags_name_their_data_set(encoder):
    """There are 100 tags, each a probability, prefixed by the data set of their teacher."""
    tags = encoder.encode(music()).tags

    assert len(tags) == 100
    assert {"msd:rock", "mtt:rock"} <= tags.keys()
    assert all(0.0 <= probability <= 1.0 for probability in tags.values())


def test_a_tone_is_not_tagged_as_drums(encoder):
    """A pulse of noise raises the tags of percussion above a steady tone's."""
    time = torch.arange(48_000) / 16_000
    tone = 0.2 * torch.sin(2 * torch.pi * 440 * time)[None]
    noise = torch.randn(48_000, generator=torch.Generator().manual_seed(0))
    pulse = (0.3 * noise * torch.exp(-40 * (time % 0.25)))[None]

    assert encoder.encode(pulse).tags["mtt:drums"] > 2 * encoder.encode(tone).tags["mtt:drums"]


@pytest.mark.parametrize("seconds", [3.0, 5.0, 7.3])
def test_short_windows_work(encoder, seconds):
    """Audio shorter than a full window is encoded."""
    assert np.isfinite(encoder.encode(music(n_windows=1, seconds=seconds)).embedding).all()


def test_silence_is_encoded_without_nan(encoder):
    """Digital silence, which decoding refuses, gives finite numbers."""
    assert np.isfinite(encoder.encode(torch.zeros(1, 160_000)).embedding).all()


@pytest.mark.parametrize(
    "windows",
    [torch.zeros(0, 160_000), torch.zeros(160_000), torch.zeros(1, 16_000), torch.full((1, 160_000), torch.nan)],
    ids=["no window", "one dimension", "one second", "not a number"],
)
def test_invalid_windows_are_refused(encoder, windows):
    """An empty, misshapen, too short or non-finite input raises ValueError."""
    with pytest.raises(ValueError, match=r"[Ww]indow"):
        encoder.encode(windows)
