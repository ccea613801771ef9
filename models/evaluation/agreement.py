"""Do six windows tell tempo, key and loudness as well as the whole track does?

`python -m models.evaluation.agreement` compares what `models.descriptors` computes for the six windows that serving
decodes with two things: with itself over windows that cover the whole track, which tells what windows lose, and with
librosa and the loudness standard over the full length, which tells what measure and windows lose together. It also
compares our tempo and key with librosa's on the same spectra. It writes `docs/evaluation/agreement.md` and
`agreement.json`.
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
from numpy.typing import NDArray

from models import checkpoint
from models.audio.waveform import STEPS_A_SECOND
from models.corpus.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages
from models.descriptors.describe import Descriptors
from models.descriptors.loudness import integrated_loudness, k_weighting
from models.descriptors.tonality import match_key
from models.encoder import VibeEncoder
from models.evaluation import descriptor_cost
from models.evaluation.beside_librosa import Beside, compare, figures, ours, section, steadiness
from models.evaluation.known_pieces import audio_file, known_pieces
from models.evaluation.librosa_descriptors import describe_both
from models.evaluation.page import markdown_table
from models.evaluation.relations import AGREEING, TempoAndKey, key_relation, tempo_relation
from models.evaluation.report import Requirement

REFERENCE_RATE = 22_050  # Hz: what librosa's defaults are made for
REFERENCE_HOP = 256  # samples, 12 ms: at librosa's default of 512, lags at 180 BPM lie 7 % apart
STANDARD_CHANNELS = 2  # the standard weighs surround channels; the corpus has none


def reference(track: CorpusTrack, cache_dir: Path) -> TempoAndKey:
    """Measure a whole track with librosa, or read what an earlier run measured.

    Args:
        track: A track of the corpus.
        cache_dir: The corpus's cache.

    Returns:
        The full-length values.
    """
    return TempoAndKey(**_kept(cache_dir / "reference", track, lambda: _measure(_whole(track.path))))


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


def _measure(samples: NDArray[np.float32]) -> dict[str, float | int]:
    envelope = librosa.onset.onset_strength(y=samples, sr=REFERENCE_RATE, hop_length=REFERENCE_HOP)
    tempo = librosa.feature.tempo(onset_envelope=envelope, sr=REFERENCE_RATE, hop_length=REFERENCE_HOP)
    chroma = librosa.feature.chroma_cqt(y=samples, sr=REFERENCE_RATE, norm=None)
    tonality = match_key(chroma.sum(axis=1, dtype=np.float64))
    return {"tempo": float(tempo[0]), "key": tonality.key, "mode": tonality.mode}


COMMAND = "python -m models.evaluation.agreement"
DEMANDED = 0.90  # share of tracks, by issue 3
EVERYWHERE = 10_000  # windows: more than 12 h hold
TIMED_EVERY = 33  # tracks: six of all

_DEFAULT_DIRECTORY = Path("docs/evaluation")
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Heard:
    """Tempo, key and loudness of one track as the six windows and as the whole tell them.

    Attributes:
        windows: Our descriptors.
        whole: Likewise, of windows that cover the whole track.
        librosa_windows: What librosa finds in the windows.
        librosa_whole: Likewise in windows that cover the whole track.
        librosa: What librosa finds in the full length by its own spectra.
        standard_loudness: LUFS.
    """

    windows: Descriptors
    whole: Descriptors
    librosa_windows: TempoAndKey
    librosa_whole: TempoAndKey
    librosa: TempoAndKey
    standard_loudness: float


@dataclass(frozen=True)
class Agreement:
    """How often the windows agree with one full-length measure.

    Attributes:
        tempo: Relation of the tempi → share of tracks.
        key: Relation of the keys → share of tracks.
        tempo_where_sure: Share that agrees, up to an octave, in the half of tracks with the surest tempo.
        key_where_sure: Share that agrees, up to the relative key, in the half with the surest key.
        loudness: Mean absolute difference in LU.
    """

    tempo: dict[str, float]
    key: dict[str, float]
    tempo_where_sure: float
    key_where_sure: float
    loudness: float

    def share(self, of: str) -> float:
        """Share of tracks whose `tempo` or `key` agrees as demanded."""
        relations: dict[str, float] = getattr(self, of)
        return sum(relations.get(name, 0.0) for name in AGREEING)


def hear(track: CorpusTrack, encoder: VibeEncoder, cache_dir: Path) -> Heard:
    """Measure one track in every way.

    Args:
        track: Of the corpus.
        encoder: Whose log-mel the descriptors share.
        cache_dir: Where full-length references are kept.
    """
    windows, librosa_windows = describe_both(track.path, encoder)
    whole, librosa_whole = describe_both(track.path, encoder, EVERYWHERE)
    return Heard(
        windows=windows,
        whole=whole,
        librosa_windows=librosa_windows,
        librosa_whole=librosa_whole,
        librosa=reference(track, cache_dir),
        standard_loudness=standard_loudness(track, cache_dir),
    )


def agreements(heard: Sequence[Heard]) -> dict[str, Agreement]:
    """Agreement of n tracks' windows with each full-length measure."""
    windows = [track.windows for track in heard]
    librosa = [(track.librosa.tempo, track.librosa.key, track.librosa.mode) for track in heard]
    whole = [(track.whole["tempo"], track.whole["key"], track.whole["mode"]) for track in heard]
    return {
        "the same measure": _agreement(windows, whole, [track.whole["loudness"] for track in heard]),
        "librosa and BS.1770": _agreement(windows, librosa, [track.standard_loudness for track in heard]),
    }


def _agreement(
    windows: Sequence[Descriptors], others: Sequence[tuple[float | None, int, int]], loudness: Sequence[float]
) -> Agreement:
    pairs = list(zip(windows, others, strict=True))
    tempo = [tempo_relation(mine["tempo"], other) for mine, (other, _, _) in pairs]
    key = [key_relation(mine["key"], mine["mode"], *other) for mine, (_, *other) in pairs]
    levels = [mine["loudness"] for mine in windows]
    return Agreement(
        tempo=_shares(tempo),
        key=_shares(key),
        tempo_where_sure=_where_sure(tempo, [mine["tempo_confidence"] for mine in windows]),
        key_where_sure=_where_sure(key, [mine["key_confidence"] for mine in windows]),
        loudness=float(np.abs(np.subtract(levels, loudness)).mean()),
    )


def _shares(relations: Sequence[str]) -> dict[str, float]:
    return {name: count / len(relations) for name, count in Counter(relations).most_common()}


def _where_sure(relations: Sequence[str], confidence: Sequence[float]) -> float:
    surest = np.argsort(confidence)[len(confidence) // 2 :]
    return float(np.mean([relations[index] in AGREEING for index in surest]))


def verdicts(found: dict[str, Agreement]) -> list[Requirement]:
    """What is demanded beside what was measured."""
    names = {"tempo": "tempo within 4 % or an octave", "key": "key equal or relative"}
    return [
        Requirement(f"{text}, windows against {name}", agreement.share(of), least=DEMANDED)
        for name, agreement in found.items()
        for of, text in names.items()
    ]


def page(found: dict[str, Agreement], n_tracks: int, beside: Beside) -> str:
    """The page for readers, in Markdown."""
    judged = markdown_table(
        ("full-length measure", "demanded", "measured", "verdict"),
        [
            (verdict.test, verdict.limit, f"{verdict.measured:.3f}", "reached" if verdict.met else "not reached")
            for verdict in verdicts(found)
        ],
    )
    details = "\n".join(_details(name, agreement) for name, agreement in found.items())
    return f"""# Do six windows tell tempo, key and loudness?

Written by `{COMMAND}`; do not edit by hand. Figures: `agreement.json`.
Share of {n_tracks} tracks, the `[validation]` packages of `models/corpus/corpus.toml`.

{judged}
- **The same measure**: `models.descriptors.describe` on windows that cover the whole track. It tells what windows lose.
- **librosa and BS.1770**: librosa's tempo of the whole onset envelope, the best key profile for the whole constant-Q
  chromagram, and K-weighted, gated loudness of the unresampled channels. librosa errs too: it is no ground truth.

{details}
{section(beside)}"""


def _details(name: str, agreement: Agreement) -> str:
    rows = [("tempo", relation, f"{share:.3f}") for relation, share in agreement.tempo.items()]
    rows += [("key", relation, f"{share:.3f}") for relation, share in agreement.key.items()]
    return f"""## Against {name}

{markdown_table(("descriptor", "relation", "share"), rows)}
In the half of tracks with the surest tempo, {agreement.tempo_where_sure:.3f} agree in tempo; in the half with the
surest key, {agreement.key_where_sure:.3f} in key. Loudness differs by {agreement.loudness:.2f} LU on average.
"""


def _shown(items: Sequence[_Item], name: str) -> Iterator[_Item]:
    """The items, and on the terminal how many were taken."""
    for done, item in enumerate(items):
        sys.stderr.write(f"\r{name}: {done}/{len(items)}")
        yield item
    sys.stderr.write(f"\r{name}: {len(items)}/{len(items)}\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="music; default: %(default)s")
    parser.add_argument("--to", type=Path, default=_DEFAULT_DIRECTORY, help="page; default: %(default)s")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="judge each N-th track, for development")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    encoder = checkpoint.load()
    tracks = fetch(packages("validation"), options.cache)[:: options.every]
    heard = [hear(track, encoder, options.cache) for track in _shown(tracks, "tracks")]
    pieces = known_pieces(options.cache)[:: options.every]
    beside = Beside(
        known=compare(pieces, (audio_file(piece, options.cache) for piece in _shown(pieces, "known pieces")), encoder),
        steady=steadiness(
            [(ours(track.windows), track.librosa_windows) for track in heard],
            [(ours(track.whole), track.librosa_whole) for track in heard],
        ),
        tracks=len(heard),
        cost=descriptor_cost.measure([track.path for track in tracks[::TIMED_EVERY]]),
    )
    found = agreements(heard)
    content = {"command": COMMAND, "tracks": len(heard)} | {name: asdict(value) for name, value in found.items()}
    content["beside librosa"] = figures(beside)
    options.to.mkdir(parents=True, exist_ok=True)
    (options.to / "agreement.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    (options.to / "agreement.md").write_text(page(found, len(heard), beside), encoding="utf-8")
    sys.stdout.write(page(found, len(heard), beside))


if __name__ == "__main__":
    main()
