"""Measure the attributes' ranks on the training corpus and write them into the model card.

`python -m models.training.calibration` does it again whenever a descriptor or the formula of an attribute changes; it
takes a minute, and no training.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import torch

from models.attributes import attributes, calibrate
from models.audio.decode import read_windows
from models.checkpoint import WEIGHTS_DIRECTORY, load, read_card, write_card
from models.corpus.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages
from models.descriptors.describe import describe
from models.errors import AnalysisError


def calibrate_card(tracks: Iterable[CorpusTrack], weights: Path, say: Callable[[str], None]) -> None:
    """Rank each piece of evidence over the tracks, and print the attributes that follow.

    Args:
        tracks: The training corpus.
        weights: Directory of weights and card.
        say: Prints a line.
    """
    encoder = load(directory=weights)
    heard = []
    for track in tracks:
        try:
            windows = read_windows(track.path)
        except AnalysisError as error:
            say(f"{track.path}: {error}")
            continue
        log_mel = encoder.log_mel(torch.from_numpy(windows.samples))
        heard.append((track, encoder.encode_log_mel(log_mel), describe(windows, log_mel.numpy())))
    calibration = calibrate([(encoding, descriptors) for _, encoding, descriptors in heard])
    write_card(replace(read_card(directory=weights), calibration=calibration), weights)
    for track, encoding, descriptors in heard:
        values = attributes(encoding, descriptors, calibration)
        shown = ", ".join(f"{name} {value:.2f}" for name, value in values.items() if value is not None)
        say(f"{track.package}/{track.path.name}: {shown}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training.calibration", description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="default: %(default)s")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIRECTORY, help="default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tracks = fetch(packages("train"), arguments.cache)
    calibrate_card(tracks, arguments.weights, _say)


if __name__ == "__main__":
    main()
