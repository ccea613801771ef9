"""Do six windows tell tempo and key as well as the whole track does?

`python -m models.evaluation.agreement` compares what `models.descriptors` hears in a few windows with what
librosa measures over the full length: the tempo of the whole onset envelope and the key of the whole
constant-Q chromagram. The reference takes seconds a track, so it is kept in `CACHE/reference`; a run that was
interrupted goes on where it stopped.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import librosa
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from models.tonality import match_key
from models.training.corpus import CorpusTrack

REFERENCE_RATE = 22_050  # Hz: what librosa's defaults are made for
REFERENCE_HOP = 256  # samples, 12 ms: at librosa's default of 512, lags at 180 BPM lie 7 % apart


@dataclass(frozen=True)
class Reference:
    """What librosa measures over the full length of a track.

    Attributes:
        tempo: Beats a minute, > 0.
        key: Pitch class of the tonic, 0 = C … 11 = B; -1 where no pitch class stands out.
        mode: 1 major, 0 minor.
    """

    tempo: float
    key: int
    mode: int


def reference(track: CorpusTrack, cache_dir: Path) -> Reference:
    """Measure a whole track, or read what an earlier run measured.

    Args:
        track: A track of the corpus.
        cache_dir: The corpus's cache; references are kept in its directory `reference`.

    Returns:
        The full-length values.
    """
    kept = cache_dir / "reference" / track.package / f"{track.path.parent.name}-{track.path.name}.json"
    if not kept.exists():
        measured = json.dumps(asdict(_measure(_whole(track.path))))
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(".partial")
        partial.write_text(measured, encoding="utf-8")
        partial.rename(kept)
    return Reference(**json.loads(kept.read_text(encoding="utf-8")))


def _whole(path: Path) -> NDArray[np.float32]:
    """Decode a track to mono at the reference rate, block by block."""
    with soundfile.SoundFile(path) as file:
        stream = soxr.ResampleStream(file.samplerate, REFERENCE_RATE, 1, dtype="float32")
        blocks = [
            stream.resample_chunk(block.mean(axis=1)) for block in file.blocks(1 << 16, dtype="float32", always_2d=True)
        ]
        blocks.append(stream.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(blocks)


def _measure(samples: NDArray[np.float32]) -> Reference:
    envelope = librosa.onset.onset_strength(y=samples, sr=REFERENCE_RATE, hop_length=REFERENCE_HOP)
    tempo = librosa.feature.tempo(onset_envelope=envelope, sr=REFERENCE_RATE, hop_length=REFERENCE_HOP)
    chroma = librosa.feature.chroma_cqt(y=samples, sr=REFERENCE_RATE, norm=None)
    tonality = match_key(chroma.sum(axis=1, dtype=np.float64))
    return Reference(tempo=float(tempo[0]), key=tonality.key, mode=tonality.mode)
