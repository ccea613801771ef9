"""`python -m models.evaluation`: the shipped encoder beside chance, loudness and MFCC, on unseen soundtracks."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from models import checkpoint
from models.decode import read_windows
from models.encoder import VibeEncoder
from models.errors import AnalysisError
from models.evaluation import report
from models.evaluation.baselines import cosine, loudness, mfcc, nearness
from models.evaluation.retrieval import Retrieval, retrieve
from models.training.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages

_DEFAULT_PAGE = Path("docs/evaluation/README.md")
_SEED = 0

FloatArray = npt.NDArray[np.float64]


def evaluate(tracks: Iterable[CorpusTrack], encoder: VibeEncoder) -> tuple[dict[str, Retrieval], list[str]]:
    """Judge every representation on the same windows.

    Args:
        tracks: What to judge on; a track that decodes to a single window is left out.
        encoder: The shipped one.

    Returns:
        Name → figures, the encoder last; and the soundtracks of the tracks judged.
    """
    first, second, soundtracks = [], [], []
    for track in tracks:
        try:
            windows = read_windows(track.path).samples
        except AnalysisError as error:
            _say(f"{track.path}: {error}")
            continue
        half = len(windows) // 2
        if half == 0:
            continue
        first.append(_Half.of(windows[:half], encoder))
        second.append(_Half.of(windows[-half:], encoder))
        soundtracks.append(track.package)
        _say(f"{len(soundtracks)} {track.package}/{track.path.name}")
    similarities = {
        "random": np.random.default_rng(_SEED).random((len(soundtracks), len(soundtracks))),
        "loudness only": nearness([half.loudness for half in first], [half.loudness for half in second]),
        "MFCC mean+std, 60-d": cosine([half.mfcc for half in first], [half.mfcc for half in second]),
        "shipped encoder, 128-d": np.stack([half.embedding for half in first])
        @ np.stack([half.embedding for half in second]).T,
    }
    return {name: retrieve(values, soundtracks) for name, values in similarities.items()}, soundtracks


@dataclass(frozen=True, slots=True)
class _Half:
    """Half a track, in each representation."""

    loudness: FloatArray
    mfcc: FloatArray
    embedding: FloatArray

    @classmethod
    def of(cls, windows: npt.NDArray[np.float32], encoder: VibeEncoder) -> "_Half":
        embedding = encoder.encode(torch.from_numpy(windows)).embedding
        return cls(loudness(windows), mfcc(windows), embedding.astype(np.float64))


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog=report.COMMAND, description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="music; default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--page", type=Path, default=_DEFAULT_PAGE, help="default: %(default)s")
    parser.add_argument("--update-card", action="store_true", help="write the figures into the model card")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    card = checkpoint.read_card()
    tracks = fetch(packages("validation"), options.cache, lambda name, done, total: _say(f"[{done}/{total}] {name}"))
    results, soundtracks = evaluate(tracks, checkpoint.load())
    figures = report.build(results, soundtracks, card.version, card.sha256)
    sys.stdout.write(report.table(figures))
    report.write_page(figures, options.page)
    if options.update_card:
        checkpoint.write_card(replace(card, metrics=report.metrics(figures)))
    if options.json:
        options.json.write_text(report.as_json(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
