"""Direction: the same piece faster has more energy, in minor less valence, and louder has the same of both.

The pieces are synthesised, so only the one thing differs.
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
from models.evaluation.shipped import Heard

PAIRS = 60
FASTER = 1.3
LOUDER_DB = 6.0
UNCHANGED = 0.01

_SECONDS = 30.0  # three windows
_LEVEL = -22.0  # dBFS: 6 dB more still clips nothing
_PROGRESSIONS = ((0, 4, 5, 3), (0, 3, 4, 0), (0, 5, 3, 4), (0, 0, 3, 4))

Hear = Callable[[Path, Callable[[], Windows]], Heard]


@dataclass(frozen=True, slots=True)
class Direction:
    """Shares of pairs that went the right way, 0…1.

    Attributes:
        pairs: Of each kind.
        faster: Energy rose with the tempo, × 1.3.
        minor: Valence fell from major to minor.
        louder: Energy and valence both moved by less than 0.01 at +6 dB.
    """

    pairs: int
    faster: float
    minor: float
    louder: float


def pieces(count: int = PAIRS) -> list[Piece]:
    """Pieces in varied tempo, key, mode, timbre and percussion; the same each time."""
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


def direction(hear: Hear, count: int = PAIRS) -> Direction:
    """Let an encoder hear every pair.

    Args:
        hear: Says what it hears in windows; the path names them for a cache.
        count: Pieces, and so pairs of each kind.
    """
    faster, minor, louder = [], [], []
    for piece in pieces(count):
        heard = partial(_heard, hear)
        plain = heard(piece, "plain")
        other_mode = heard(replace(piece, minor=not piece.minor), "other-mode")
        in_major, in_minor = (other_mode, plain) if piece.minor else (plain, other_mode)
        faster.append(heard(replace(piece, tempo=piece.tempo * FASTER), "faster").energy > plain.energy)
        minor.append(in_minor.valence < in_major.valence)
        louder.append(unchanged(plain, heard(piece, "louder", LOUDER_DB)))
    return Direction(count, _share(faster), _share(minor), _share(louder))


def unchanged(before: Heard, after: Heard) -> bool:
    """Whether energy and valence both moved by less than 0.01."""
    return max(abs(after.energy - before.energy), abs(after.valence - before.valence)) < UNCHANGED


def windows_of(piece: Piece, gain_db: float = 0.0) -> Windows:
    """Play a piece into a file, louder by a plain gain, and read it as any other."""
    samples = render(piece) * np.float32(10 ** (gain_db / 20))
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "piece.wav"
        soundfile.write(file, samples, SAMPLE_RATE, "FLOAT")
        return read_windows(file)


def _heard(hear: Hear, piece: Piece, variant: str, gain_db: float = 0.0) -> Heard:
    return hear(Path("direction") / variant / piece.title, lambda: windows_of(piece, gain_db))


def _share(right: Sequence[bool]) -> float:
    return float(np.mean(right))
