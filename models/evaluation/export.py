"""`python -m models.evaluation.export`: what the shipped encoder heard of the validation packages, in one small file.

The recommender is judged on it (`python -m services.evaluation`), which neither imports torch nor needs the music.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.analysis import TrackAnalysis, analyse
from models.corpus.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages
from models.errors import AnalysisError
from models.evaluation.store import Arrays

DEFAULT_FILE = Path("docs/evaluation/validation.npz")
TAG_DIGITS = 3  # enough to put a taste into words


def exported(heard: Sequence[tuple[CorpusTrack, TrackAnalysis]]) -> Arrays:
    """The analyses of n tracks as arrays that need no pickle.

    Returns:
        `embeddings` float32 (n, 128); `tracks` and `model_version`, JSON texts: of each track the package, title,
        author, length in seconds, attributes, descriptors and tags.
    """
    tracks = [
        {
            "package": track.package,
            "title": track.title,
            "author": track.author,
            "seconds": track.seconds,
            "attributes": analysis.attributes,
            "descriptors": dict(analysis.descriptors),
            "tags": {name: round(strength, TAG_DIGITS) for name, strength in analysis.tags.items()},
        }
        for track, analysis in heard
    ]
    return {
        "embeddings": np.stack([analysis.embedding for _, analysis in heard]),
        "tracks": np.array(json.dumps(tracks)),
        "model_version": np.array(heard[0][1].model_version),
    }


def _hear(tracks: Sequence[CorpusTrack]) -> list[tuple[CorpusTrack, TrackAnalysis]]:
    heard = []
    for track in tracks:
        try:
            heard.append((track, analyse(track.path)))
        except AnalysisError as error:
            sys.stderr.write(f"{track.path}: {error}\n")
    return heard


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.evaluation.export", description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="music; default: %(default)s")
    parser.add_argument("--to", type=Path, default=DEFAULT_FILE, help="default: %(default)s")
    options = parser.parse_args(arguments)
    heard = _hear(fetch(packages("validation"), options.cache))
    with options.to.open("wb") as stream:
        np.savez_compressed(stream, **exported(heard))  # type: ignore[arg-type]  # a name might be "allow_pickle"
    sys.stdout.write(f"{len(heard)} tracks in {options.to}\n")


if __name__ == "__main__":
    main()
