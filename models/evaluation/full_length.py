"""What the literature's tools measure over the full length of a track, for comparison with a few windows.

librosa's tempo of the whole onset envelope, the key of its whole constant-Q chromagram, and loudness exactly as
ITU-R BS.1770-4 defines it. They take seconds a track, so they are kept in `CACHE/reference` and
`CACHE/reference-loudness`; a run that was interrupted goes on where it stopped.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import scipy.signal
import soundfile
import soxr
from numpy.typing import NDArray

from models.loudness import integrated_loudness, k_weighting
from models.tonality import match_key
from models.training.corpus import CorpusTrack
from models.waveform import STEPS_A_SECOND

REFERENCE_RATE = 22_050  # Hz: what librosa's defaults are made for
REFERENCE_HOP = 256  # samples, 12 ms: at librosa's default of 512, lags at 180 BPM lie 7 % apart
STANDARD_CHANNELS = 2  # the standard weighs surround channels; the corpus has none


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
    """Measure a whole track with librosa, or read what an earlier run measured.

    Args:
        track: A track of the corpus.
        cache_dir: The corpus's cache.

    Returns:
        The full-length values.
    """
    return Reference(**_kept(cache_dir / "reference", track, lambda: asdict(_measure(_whole(track.path)))))


def standard_loudness(track: CorpusTrack, cache_dir: Path) -> float:
    """Measure the integrated loudness of a whole track in LUFS, or read it; arguments as for `reference`."""
    directory = cache_dir / "reference-loudness"
    return float(_kept(directory, track, lambda: {"loudness": filtered_loudness(track.path)})["loudness"])


def _kept(directory: Path, track: CorpusTrack, measure: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    kept = directory / track.package / f"{track.key}.json"
    if not kept.exists():
        measured = json.dumps(measure())
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(".partial")
        partial.write_text(measured, encoding="utf-8")
        partial.rename(kept)
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def filtered_loudness(path: Path) -> float:
    """Filter every channel as ITU-R BS.1770-4 has it, and gate.

    Args:
        path: A file that libsndfile reads, with one or two channels.

    Returns:
        LUFS, at least −70.

    Raises:
        ValueError: more than two channels.
    """
    with soundfile.SoundFile(path) as file:
        if file.channels > STANDARD_CHANNELS:
            raise ValueError(f"{path}: {file.channels} channels, and surround is weighted differently.")
        sections = k_weighting(file.samplerate)
        state = np.zeros((len(sections), 2, file.channels))
        length = file.samplerate // STEPS_A_SECOND
        power = []
        for block in file.blocks(length, dtype="float64", always_2d=True):
            filtered, state = scipy.signal.sosfilt(sections, block, axis=0, zi=state)
            if len(block) == length:
                power.append(np.square(filtered).sum() / length)
    return integrated_loudness(np.array([power]))


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
