"""`python -m models.training`: from empty directories to the encoder's weights and their card.

Fetches the `[train]` packages, renders scores, lets the teachers hear both and mixes of them, fits the vibe space,
compresses the teachers into the student's first weights, trains it and measures the ranks of its attributes. Each step
keeps what it made under `--cache`: an interrupted run goes on where it stopped, and another seed only trains anew.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from models.checkpoint import DEFAULT_VERSION, WEIGHTS_DIRECTORY, ModelCard, save
from models.corpus.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages
from models.corpus.scores import scores
from models.encoder import VibeEncoder
from models.frontend import MelParameters
from models.network import PATCH_FRAMES, VibeNetwork
from models.teachers.musicnn import Teachers
from models.teachers.teachers import build, check_port
from models.training import calibration
from models.training.compression import compress
from models.training.dataset import Dataset
from models.training.examples import Examples, Source, hear_mixes, hear_tracks
from models.training.settling import settle
from models.training.space import VibeSpace
from models.training.train import Run, Schedule

_SHARDS = 200  # of 64 mixes
_WINDOWS_A_SCORE = 8
_PATCHES_TO_COMPRESS = 2_400


@dataclass(frozen=True, slots=True)
class Heard:
    """What the teachers heard.

    Attributes:
        teachers: They.
        tracks: The recordings.
        recorded: Files of examples, one a track.
        mixed: Files of examples, one a shard of mixes.
        rendered: Files of examples, one a rendered score.
    """

    teachers: Teachers
    tracks: list[CorpusTrack]
    recorded: list[Path]
    mixed: list[Path]
    rendered: list[Path]

    @property
    def summary(self) -> str:
        """For the model card."""
        return (
            f"{len(self.recorded)} recordings of the [train] packages, {len(self.mixed)} × 64 mixes of their windows "
            f"and {len(self.rendered)} rendered scores, in windows of 10 s."
        )


def hear(cache: Path) -> Heard:
    """Fetch, render and mix music, and let the teachers hear it."""
    tracks = fetch(packages("train"), cache, lambda name, done, total: _say(f"[{done}/{total}] {name}"))
    pieces = scores.render(cache, lambda name, done, total: _say(f"[{done}/{total}] {name}"))
    teachers = build(cache / "musicnn", MelParameters())
    kept = cache / "examples"
    recordings = [Source(track.path, kept / "train" / track.package / f"{track.key}.npz") for track in tracks]
    recorded = hear_tracks(recordings, teachers, lambda path, error: _say(f"{path}: {error}"))
    check_port(recorded, teachers.tag_names)
    mixed = hear_mixes(
        recorded, teachers, kept / "mix" / "mixes", _SHARDS, lambda done, total: _say(f"[{done}/{total}] mixes")
    )
    renderings = [
        Source(piece, kept / "scores" / piece.parent.name / f"{piece.stem}.npz", _WINDOWS_A_SCORE) for piece in pieces
    ]
    rendered = hear_tracks(renderings, teachers, lambda path, error: _say(f"{path}: {error}"))
    return Heard(teachers, tracks, recorded, mixed, rendered)


class Material(NamedTuple):
    """Examples in memory, 2 GB: windows of each recording, then shards of mixes and windows of each rendered score."""

    recorded: list[Examples]
    others: list[Examples]


def read(heard: Heard) -> Material:
    """Read what the teachers heard."""
    recorded = [Examples.read(file) for file in heard.recorded]
    return Material(recorded, [Examples.read(file) for file in (*heard.mixed, *heard.rendered)])


def train(heard: Heard, material: Material, directory: Path, schedule: Schedule) -> VibeNetwork:
    """Train the student, or go on where an earlier run stopped.

    Args:
        heard: What the examples come from.
        material: What to learn from.
        directory: Of the run: its first weights and its checkpoint.
        schedule: How long and how fast.
    """
    directory.mkdir(parents=True, exist_ok=True)
    space = VibeSpace.fit(material.recorded, heard.teachers.tag_names)
    first = directory / "compressed.pt"
    if not first.exists():
        patches = _patches([*material.recorded, *material.others], np.random.default_rng(schedule.seed))
        torch.save(compress(heard.teachers, patches, space, schedule.seed).state_dict(), first)
        _say("compressed the teachers")
    network = VibeNetwork()
    network.load_state_dict(torch.load(first, weights_only=True))
    dataset = Dataset(material.recorded, [file.parent.name for file in heard.recorded], material.others, space)
    run = Run(directory, network, space, schedule)
    return run.train(dataset, heard.teachers.mel, lambda line, _: _say(line))


def _patches(examples: list[Examples], random: np.random.Generator) -> torch.Tensor:
    """(n, 187, 96): pieces of windows, as many of each track as of each shard."""
    weights = np.array([min(len(each.log_mel), 8) for each in examples], dtype=float)
    chosen = random.choice(len(examples), _PATCHES_TO_COMPRESS, p=weights / weights.sum())
    return torch.from_numpy(np.stack([_patch(examples[index].log_mel, random) for index in chosen]))


def _patch(windows: npt.NDArray[np.float16], random: np.random.Generator) -> npt.NDArray[np.float32]:
    start = random.integers(0, windows.shape[1] - PATCH_FRAMES + 1)
    return windows[random.integers(len(windows)), start : start + PATCH_FRAMES].astype(np.float32)


def ship(network: VibeNetwork, heard: Heard, material: Material, weights: Path, seed: int) -> Path:
    """Fit what is fitted last, write weights and card, rank the attributes; returns the weights file."""
    encoder = VibeEncoder(heard.teachers.mel, heard.teachers.tags)
    encoder.network.load_state_dict(network.state_dict())
    settle(encoder.eval(), *material, seed)
    card = ModelCard(
        version=DEFAULT_VERSION,
        summary="Segue's encoder: musicnn's two networks, compressed into one and trained towards the vibe space.",
        mel=encoder.mel,
        tags=heard.teachers.tags,
        data=(
            "Teachers: musicnn, trained by its authors on the Million Song Dataset and MagnaTagATune.",
            f"Student: {heard.summary} No soundtrack labels, no loudness.",
        ),
        licence="Apache-2.0; the first weights and the targets come from musicnn, ISC (see NOTICE).",
        limits=(
            "Tags are musicnn's opinion at second hand: probabilities are low and rank better than they calibrate.",
            "Trained on game soundtracks, mostly instrumental; vocal music is known through the teachers alone.",
            "Sound above 8 kHz is not heard; a track is known by at most six windows of 10 s.",
            "Valence rests on weak evidence (few tags, the mode) and no listener's ratings were compared.",
        ),
    )
    file = save(encoder, card, weights)
    calibration.calibrate_card(heard.tracks, weights, _say)
    return file


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training", description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="default: %(default)s")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIRECTORY, help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=Schedule().steps, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=2, help="default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    heard = hear(arguments.cache)
    schedule = Schedule(steps=arguments.steps, seed=arguments.seed)
    material = read(heard)
    run = arguments.cache / "runs" / f"{arguments.steps}-steps-seed-{arguments.seed}"
    network = train(heard, material, run, schedule)
    _say(f"Wrote {ship(network, heard, material, arguments.weights, arguments.seed)}")
    _say("Its card lacks figures: run python -m models.evaluation --update-card.")


if __name__ == "__main__":
    main()
