"""Export the shipped encoder's analyses of the validation packages: `python -m models.evaluation.export`.

`python -m services.evaluation` evaluates the recommender on the file, without torch and without the music.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.analysis import TrackAnalysis, analyse
from models.arrays import Arrays
from models.corpus.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages
from models.errors import AnalysisError

DEFAULT_FILE = Path("docs/evaluation/validation.npz")
TAG_DIGITS = 3  # enough for the labels of tastes


def as_arrays(analysed: Sequence[tuple[CorpusTrack, TrackAnalysis]]) -> Arrays:
    """Return the analyses of n tracks as arrays that need no pickle.

    Args:
        analysed: At least one track with its analysis.

    Returns:
        `embeddings` float32 (n, 128); `tracks`, a JSON text with package, title, author, duration in seconds,
        attributes, descriptors and tags of each track; `model_version`, a text.
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
        for track, analysis in analysed
    ]
    return {
        "embeddings": np.stack([analysis.embedding for _, analysis in analysed]),
        "tracks": np.array(json.dumps(tracks)),
        "model_version": np.array(analysed[0][1].model_version),
    }


def _analyse_all(tracks: Sequence[CorpusTrack]) -> list[tuple[CorpusTrack, TrackAnalysis]]:
    analysed = []
    for track in tracks:
        try:
            analysed.append((track, analyse(track.path)))
        except AnalysisError as error:
            sys.stderr.write(f"{track.path}: {error}\n")
    return analysed


def main(arguments: Sequence[str] | None = None) -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.evaluation.export", description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="corpus cache; default: %(default)s")
    parser.add_argument("--to", type=Path, default=DEFAULT_FILE, help="output file; default: %(default)s")
    options = parser.parse_args(arguments)
    analysed = _analyse_all(fetch(packages("validation"), options.cache))
    with options.to.open("wb") as stream:
        np.savez_compressed(stream, **as_arrays(analysed))  # type: ignore[arg-type]  # no array is named "allow_pickle"
    sys.stdout.write(f"{len(analysed)} tracks in {options.to}\n")


if __name__ == "__main__":
    main()
