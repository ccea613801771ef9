"""Agreement of tempo, key and loudness of six windows with the whole track.

`python -m models.evaluation.agreement` compares the descriptors of the six windows that serving decodes with two
references. The same descriptors over windows that cover the whole track show the error of the windows alone. librosa
and the loudness standard over the whole track show the error of method and windows together. The command also compares
our tempo and key with librosa's on the same spectra. It writes `docs/evaluation/agreement.md` and `agreement.json`.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import librosa
import numpy as np
import scipy.signal
import soundfile
import soxr
import torch

from models import checkpoint
from models.arrays import Float32Array
from models.audio.waveform import STEPS_PER_SECOND
from models.corpus.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages
from models.descriptors.describe import Descriptors
from models.descriptors.loudness import integrated_loudness, k_weighting
from models.descriptors.tonality import match_key
from models.encoder import VibeEncoder
from models.evaluation import descriptor_cost
from models.evaluation.demands import Requirement
from models.evaluation.known_pieces import AGREEING, TempoAndKey, audio_file, key_relation, known_pieces, tempo_relation
from models.evaluation.librosa_comparison import (
    LibrosaComparison,
    compare,
    figures,
    ours,
    section,
    window_agreement,
)
from models.evaluation.librosa_descriptors import describe_both
from models.evaluation.page import markdown_table

REFERENCE_RATE = 22_050  # Hz: librosa's default
REFERENCE_HOP = 256  # samples, 12 ms: at librosa's default of 512, lags at 180 BPM lie 7 % apart
STANDARD_CHANNELS = 2  # the standard gives surround channels other weights; the corpus has none


def reference(track: CorpusTrack, cache_dir: Path) -> TempoAndKey:
    """Measure a whole track with librosa, or read the result of an earlier run.

    Args:
        track: A track of the corpus.
        cache_dir: The corpus's cache.

    Returns:
        Tempo, key and mode of the whole track.
    """
    return TempoAndKey(**_cached(cache_dir / "reference", track, lambda: _measure(_whole(track.path))))


def standard_loudness(track: CorpusTrack, cache_dir: Path) -> float:
    """Measure the integrated loudness of a whole track in LUFS, or read it from the cache; see `reference`."""
    directory = cache_dir / "reference-loudness"
    return float(_cached(directory, track, lambda: {"loudness": filtered_loudness(track.path)})["loudness"])


def _cached(directory: Path, track: CorpusTrack, measure: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    file = track.cache_file(directory, ".json")
    if not file.exists():
        measured = json.dumps(measure())
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(measured, encoding="utf-8")
        partial.rename(file)
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def filtered_loudness(path: Path) -> float:
    """Measure the integrated loudness of a file by ITU-R BS.1770-4.

    Args:
        path: Audio file with one or two channels that libsndfile can read.

    Returns:
        LUFS, at least −70.

    Raises:
        ValueError: The file has more than two channels.
    """
    with soundfile.SoundFile(path) as file:
        if file.channels > STANDARD_CHANNELS:
            raise ValueError(f"{path}: {file.channels} channels; only one or two are supported.")
        sections = k_weighting(file.samplerate)
        state = np.zeros((len(sections), 2, file.channels))
        length = file.samplerate // STEPS_PER_SECOND
        power = []
        for block in file.blocks(length, dtype="float64", always_2d=True):
            filtered, state = scipy.signal.sosfilt(sections, block, axis=0, zi=state)
            if len(block) == length:
                power.append(np.square(filtered).sum() / length)
    return integrated_loudness(np.array([power]))


def _whole(path: Path) -> Float32Array:
    """Decode a track to mono at the reference rate, block by block."""
    with soundfile.SoundFile(path) as file:
        stream = soxr.ResampleStream(file.samplerate, REFERENCE_RATE, 1, dtype="float32")
        blocks = [
            stream.resample_chunk(block.mean(axis=1)) for block in file.blocks(1 << 16, dtype="float32", always_2d=True)
        ]
        blocks.append(stream.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(blocks)


def _measure(samples: Float32Array) -> dict[str, float | int]:
    envelope = librosa.onset.onset_strength(y=samples, sr=REFERENCE_RATE, hop_length=REFERENCE_HOP)
    tempo = librosa.feature.tempo(onset_envelope=envelope, sr=REFERENCE_RATE, hop_length=REFERENCE_HOP)
    chroma = librosa.feature.chroma_cqt(y=samples, sr=REFERENCE_RATE, norm=None)
    tonality = match_key(chroma.sum(axis=1, dtype=np.float64))
    return {"tempo": float(tempo[0]), "key": tonality.key, "mode": tonality.mode}


COMMAND = "python -m models.evaluation.agreement"
REQUIRED = 0.90  # share of tracks
ALL_WINDOWS = 10_000  # more than a track of 12 h has
TIMED_EVERY = 33  # every 33rd track: six of 166

_DEFAULT_DIRECTORY = Path("docs/evaluation")
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class MeasuredTrack:
    """Tempo, key and loudness of one track, from its six windows and from the whole track.

    Attributes:
        windows: Our descriptors of the six windows.
        whole: Our descriptors of windows that cover the whole track.
        librosa_windows: librosa's results on the spectra of the six windows.
        librosa_whole: librosa's results on the spectra of windows that cover the whole track.
        librosa: librosa's results on the whole track with its own spectra.
        standard_loudness: LUFS of the whole track.
    """

    windows: Descriptors
    whole: Descriptors
    librosa_windows: TempoAndKey
    librosa_whole: TempoAndKey
    librosa: TempoAndKey
    standard_loudness: float


@dataclass(frozen=True)
class Agreement:
    """Agreement of the windows with one reference of the whole track.

    Attributes:
        tempo: Relation of the tempi → share of tracks.
        key: Relation of the keys → share of tracks.
        tempo_where_sure: Share of equal tempi or octaves in the half of tracks with the greatest tempo confidence.
        key_where_sure: Share of equal or relative keys in the half of tracks with the greatest key confidence.
        loudness: Mean absolute difference in LU.
    """

    tempo: dict[str, float]
    key: dict[str, float]
    tempo_where_sure: float
    key_where_sure: float
    loudness: float

    def share(self, of: str) -> float:
        """Return the share of tracks whose `tempo` or `key` agrees: equal, an octave apart or relative."""
        relations: dict[str, float] = getattr(self, of)
        return sum(relations.get(name, 0.0) for name in AGREEING)


def measure_track(track: CorpusTrack, encoder: VibeEncoder, cache_dir: Path) -> MeasuredTrack:
    """Measure one track with every method.

    Args:
        track: Track of the corpus.
        encoder: Computes the log-mel for the descriptors.
        cache_dir: The corpus's cache; references of whole tracks are kept there.

    Returns:
        All results.
    """
    windows, librosa_windows = describe_both(track.path, encoder)
    whole, librosa_whole = describe_both(track.path, encoder, ALL_WINDOWS)
    return MeasuredTrack(
        windows=windows,
        whole=whole,
        librosa_windows=librosa_windows,
        librosa_whole=librosa_whole,
        librosa=reference(track, cache_dir),
        standard_loudness=standard_loudness(track, cache_dir),
    )


def agreements(measured: Sequence[MeasuredTrack]) -> dict[str, Agreement]:
    """Return the agreement of n tracks' windows with each reference of the whole track."""
    windows = [track.windows for track in measured]
    librosa = [(track.librosa.tempo, track.librosa.key, track.librosa.mode) for track in measured]
    whole = [(track.whole["tempo"], track.whole["key"], track.whole["mode"]) for track in measured]
    return {
        "the same measure": _agreement(windows, whole, [track.whole["loudness"] for track in measured]),
        "librosa and BS.1770": _agreement(windows, librosa, [track.standard_loudness for track in measured]),
    }


def _agreement(
    windows: Sequence[Descriptors], others: Sequence[tuple[float | None, int, int]], loudness: Sequence[float]
) -> Agreement:
    pairs = list(zip(windows, others, strict=True))
    tempo = [tempo_relation(result["tempo"], other) for result, (other, _, _) in pairs]
    key = [key_relation(result["key"], result["mode"], *other) for result, (_, *other) in pairs]
    levels = [result["loudness"] for result in windows]
    return Agreement(
        tempo=_shares(tempo),
        key=_shares(key),
        tempo_where_sure=_where_sure(tempo, [result["tempo_confidence"] for result in windows]),
        key_where_sure=_where_sure(key, [result["key_confidence"] for result in windows]),
        loudness=float(np.abs(np.subtract(levels, loudness)).mean()),
    )


def _shares(relations: Sequence[str]) -> dict[str, float]:
    return {name: count / len(relations) for name, count in Counter(relations).most_common()}


def _where_sure(relations: Sequence[str], confidence: Sequence[float]) -> float:
    surest = np.argsort(confidence)[len(confidence) // 2 :]
    return float(np.mean([relations[index] in AGREEING for index in surest]))


def requirements(found: dict[str, Agreement]) -> list[Requirement]:
    """Return the required and measured agreement of tempo and key."""
    names = {"tempo": "tempo within 4 % or an octave", "key": "key equal or relative"}
    return [
        Requirement(f"{text}, windows against {name}", agreement.share(of), least=REQUIRED)
        for name, agreement in found.items()
        for of, text in names.items()
    ]


def page(found: dict[str, Agreement], n_tracks: int, comparison: LibrosaComparison) -> str:
    """Return the page in Markdown."""
    results = markdown_table(
        ("reference", "required", "measured", "result"),
        [
            (each.test, each.limit, f"{each.measured:.3f}", "met" if each.met else "not met")
            for each in requirements(found)
        ],
    )
    details = "\n".join(_details(name, agreement) for name, agreement in found.items())
    return f"""# Agreement of six windows with the whole track

Written by `{COMMAND}`; do not edit by hand. Figures: `agreement.json`.
Shares of {n_tracks} tracks, the `[validation]` packages of `models/corpus/corpus.toml`.

{results}
- **The same measure**: `models.descriptors.describe` on windows that cover the whole track. The difference is the error
  of the windows.
- **librosa and BS.1770**: librosa's tempo of the whole onset envelope, the best key profile for the whole constant-Q
  chromagram, and K-weighted, gated loudness of the unresampled channels. librosa is not ground truth: it makes errors
  too.

{details}
{section(comparison)}"""


def _details(name: str, agreement: Agreement) -> str:
    rows = [("tempo", relation, f"{share:.3f}") for relation, share in agreement.tempo.items()]
    rows += [("key", relation, f"{share:.3f}") for relation, share in agreement.key.items()]
    return f"""## Against {name}

{markdown_table(("descriptor", "relation", "share"), rows)}
In the half of tracks with the greatest tempo confidence, {agreement.tempo_where_sure:.3f} agree in tempo; in the half
with the greatest key confidence, {agreement.key_where_sure:.3f} agree in key. The mean absolute difference in loudness
is {agreement.loudness:.2f} LU.
"""


def _shown(items: Sequence[_Item], name: str) -> Iterator[_Item]:
    """Yield the items, and print the progress on the terminal."""
    for done, item in enumerate(items):
        sys.stderr.write(f"\r{name}: {done}/{len(items)}")
        yield item
    sys.stderr.write(f"\r{name}: {len(items)}/{len(items)}\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the agreement from the command line."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="corpus cache; default: %(default)s")
    parser.add_argument("--to", type=Path, default=_DEFAULT_DIRECTORY, help="output directory; default: %(default)s")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="use every N-th track, for development")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    encoder = checkpoint.load()
    tracks = fetch(packages("validation"), options.cache)[:: options.every]
    measured = [measure_track(track, encoder, options.cache) for track in _shown(tracks, "tracks")]
    pieces = known_pieces(options.cache)[:: options.every]
    comparison = LibrosaComparison(
        known=compare(pieces, (audio_file(piece, options.cache) for piece in _shown(pieces, "known pieces")), encoder),
        steady=window_agreement(
            [(ours(track.windows), track.librosa_windows) for track in measured],
            [(ours(track.whole), track.librosa_whole) for track in measured],
        ),
        tracks=len(measured),
        cost=descriptor_cost.measure([track.path for track in tracks[::TIMED_EVERY]]),
    )
    found = agreements(measured)
    content = {"command": COMMAND, "tracks": len(measured)} | {name: asdict(value) for name, value in found.items()}
    content["beside librosa"] = figures(comparison)
    options.to.mkdir(parents=True, exist_ok=True)
    (options.to / "agreement.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    (options.to / "agreement.md").write_text(page(found, len(measured), comparison), encoding="utf-8")
    sys.stdout.write(page(found, len(measured), comparison))


if __name__ == "__main__":
    main()
