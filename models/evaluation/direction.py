"""Direction of the attributes on synthesised pairs of which one property differs.

A faster piece must have more energy, a piece in minor less valence, and a louder piece the same energy and valence.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from models.audio.decode import Windows, read_windows
from models.corpus.synthesis import SAMPLE_RATE, Piece, render
from models.evaluation.encoders import EncodedTrack

PAIRS = 60
FASTER = 1.3
LOUDER_DB = 6.0
UNCHANGED = 0.01

_SECONDS = 30.0  # three windows
_LEVEL = -22.0  # dBFS: leaves room for 6 dB more without clipping
_PROGRESSIONS = ((0, 4, 5, 3), (0, 3, 4, 0), (0, 5, 3, 4), (0, 0, 3, 4))

EncodeTrack = Callable[[Path, Callable[[], Windows]], EncodedTrack]


@dataclass(frozen=True, slots=True)
class Direction:
    """Shares of pairs with the expected change, 0…1.

    Attributes:
        pairs: Number of pairs of each kind.
        faster: Energy rose with the tempo × 1.3.
        minor: Valence was lower in minor than in major.
        louder: Energy and valence both changed by less than 0.01 at +6 dB.
    """

    pairs: int
    faster: float
    minor: float
    louder: float


def pieces(count: int = PAIRS) -> list[Piece]:
    """Return pieces of varied tempo, key, mode, timbre and percussion; every call returns the same."""
    random = np.random.default_rng(0)
    return [
        Piece(
            title=f"piece-{index:02d}",
            album="direction",
            tempo=float(random.uniform(60, 140)),
            tonic=int(random.integers(36, 60)),
            minor=bool(index % 2),
            progression=_PROGRESSIONS[index // 2 % len(_PROGRESSIONS)],
            metre=4 if index % 3 else 3,
            sustain=float(random.uniform(0.1, 0.9)),
            brightness=float(random.uniform(0.1, 1.0)),
            percussion=float(random.choice([0.0, 0.3, 0.8])),
            level=_LEVEL,
            seconds=_SECONDS,
            seed=index,
        )
        for index in range(count)
    ]


def measure_direction(encode_track: EncodeTrack, count: int = PAIRS) -> Direction:
    """Encode every pair and count the expected changes.

    Args:
        encode_track: Encodes windows; gets the relative path that identifies them and a function that returns them.
        count: Number of pieces, and so of pairs of each kind.

    Returns:
        The shares of pairs with the expected change.
    """
    faster, minor, louder = [], [], []
    for piece in pieces(count):
        encode = partial(_encode, encode_track)
        plain = encode(piece, "plain")
        other_mode = encode(replace(piece, minor=not piece.minor), "other-mode")
        in_major, in_minor = (other_mode, plain) if piece.minor else (plain, other_mode)
        faster.append(encode(replace(piece, tempo=piece.tempo * FASTER), "faster").energy > plain.energy)
        minor.append(in_minor.valence < in_major.valence)
        louder.append(unchanged(plain, encode(piece, "louder", LOUDER_DB)))
    return Direction(count, _share(faster), _share(minor), _share(louder))


def unchanged(before: EncodedTrack, after: EncodedTrack) -> bool:
    """Return whether energy and valence both changed by less than 0.01."""
    return max(abs(after.energy - before.energy), abs(after.valence - before.valence)) < UNCHANGED


def windows_of(piece: Piece, gain_db: float = 0.0) -> Windows:
    """Render a piece into a file, with a gain in dB, and decode the file."""
    samples = render(piece) * np.float32(10 ** (gain_db / 20))
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "piece.wav"
        soundfile.write(file, samples, SAMPLE_RATE, "FLOAT")
        return read_windows(file)


def _encode(encode_track: EncodeTrack, piece: Piece, variant: str, gain_db: float = 0.0) -> EncodedTrack:
    return encode_track(Path("direction") / variant / piece.title, lambda: windows_of(piece, gain_db))


def _share(expected: Sequence[bool]) -> float:
    return float(np.mean(expected))
