"""Melodies of one synthesised instrument, which are music although, like speech, they are one voice with pauses."""

import numpy as np

from models.arrays import Float32Array

_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
_ANY_NOTE = tuple(range(12))
_PARTIALS = 12


def play(length: int, sample_rate: int, seed: int) -> Float32Array:
    """Play a melody with an instrument, tempo, scale and noise that are drawn from the seed.

    Args:
        length: Samples.
        sample_rate: Hz.
        seed: Seed of everything that is drawn.

    Returns:
        (length,) float32 mono, peak 0.5.
    """
    random = np.random.default_rng([23, seed])
    time = np.arange(length) / sample_rate
    beat = time * random.uniform(1.0, 8.0)  # notes a second
    scale = (_MAJOR, _MINOR, _ANY_NOTE)[seed % 3]
    steps = random.integers(0, random.integers(2, 15), int(beat[-1]) + 1)
    notes = np.array([12 * (step // len(scale)) + scale[step % len(scale)] for step in steps], dtype=float)
    pitch = random.uniform(50, 600) * 2 ** (notes / 12)  # Hz
    sounds = random.random(len(notes)) < random.uniform(0.6, 1.0)  # the others are rests
    note, since = beat.astype(int), beat % 1
    vibrato = random.choice((0.0, 0.006)) * np.sin(2 * np.pi * random.uniform(4, 7) * time)
    phase = 2 * np.pi * np.cumsum(pitch[note] * (1 + vibrato)) / sample_rate
    slope = random.uniform(0.5, 2.0)  # of the partials: 2 is dull, 0.5 bright
    partials = np.arange(1, _PARTIALS + 1)
    levels = random.uniform(0.1, 1, _PARTIALS) * partials**-slope * (random.random(_PARTIALS) < random.uniform(0.3, 1))
    levels[random.integers(0, 2)] = 1.0
    tone = sum(
        level * np.sin(number * phase) * (number * pitch[note] < sample_rate / 2)
        for number, level in zip(partials, levels, strict=True)
        if level
    )
    attack = np.minimum(1.0, since / random.uniform(0.01, 0.3))
    envelope = attack * np.exp(-random.choice((0.0, 1.0, 3.0, 6.0)) * since) * sounds[note]
    hiss = random.normal(0, random.choice((0.0, 0.02, 0.2)), length) * np.exp(-20 * since)
    played = tone * envelope + hiss
    melody: Float32Array = (0.5 * played / max(np.abs(played).max(), 1e-9)).astype(np.float32)
    return melody
