"""Measure the attributes' ranks on the training corpus and write them into the model card.

`python -m models.training.calibration` runs after `models.training.teachers`, and again whenever a descriptor
or the formula of an attribute changes. It resumes: the descriptors of finished tracks are kept in
`CACHE/descriptors`; delete that directory when a descriptor has changed.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch

from models.attributes import attributes, calibrate
from models.checkpoint import WEIGHTS_DIRECTORY, load, read_card, write_card
from models.decode import read_windows
from models.descriptors import Descriptors, describe
from models.encoder import VibeEncoder
from models.frontend import normalise_loudness
from models.training.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages
from models.training.features import TrackFeatures, extract
from models.training.teachers import features_directory


def descriptors_of(track: CorpusTrack, encoder: VibeEncoder, kept_in: Path) -> Descriptors:
    """Measure a track's descriptors, or read what an earlier run measured."""
    kept = kept_in / track.package / f"{track.path.parent.name}-{track.path.name}.json"
    if not kept.exists():
        windows = read_windows(track.path)
        log_mel = encoder.log_mel(normalise_loudness(torch.from_numpy(windows.samples), encoder.mel.target_dbfs))
        measured = json.dumps(describe(windows, log_mel.numpy()))
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(".partial")
        partial.write_text(measured, encoding="utf-8")
        partial.rename(kept)
    return cast("Descriptors", json.loads(kept.read_text(encoding="utf-8")))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training.calibration", description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="default: %(default)s")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIRECTORY, help="default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    card = read_card(directory=arguments.weights)
    encoder = load(directory=arguments.weights)
    heard: list[TrackFeatures] = []
    examples = []
    tracks = fetch(packages("train"), arguments.cache)
    kept = features_directory(arguments.cache, card.mel)
    for features in extract(tracks, encoder, kept, lambda track, error: _say(f"{track.path}: {error}")):
        tags = dict(zip(encoder.tag_names, features.tags.mean(axis=0).tolist(), strict=True))
        examples.append((tags, descriptors_of(features.track, encoder, arguments.cache / "descriptors")))
        heard.append(features)
        _say(f"[{len(heard)}/{len(tracks)}] {features.track.package}/{features.track.path.name}")
    calibration = calibrate(examples)
    write_card(replace(card, calibration=calibration), arguments.weights)
    for features, (tags, descriptors) in zip(heard, examples, strict=True):
        values = attributes(tags, descriptors, calibration)
        shown = ", ".join(f"{name} {value:.2f}" for name, value in values.items() if value is not None)
        _say(f"{features.track.package}/{features.track.path.name}: {shown}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
