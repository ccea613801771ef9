"""Train the encoder from empty directories: `python -m models.training` writes its weights and their model card.

Fetches the `[train]` packages, renders scores, labels both and mixes of their windows with the teachers, fits the vibe
space, compresses the teachers into the student's first weights, trains the student, and fits the attributes and the
speech head. Each step keeps its results under `--cache`: an interrupted run resumes, and a run with another seed
repeats the training alone.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from models.arrays import Float16Array, Float32Array
from models.audio.frontend import MelParameters
from models.checkpoint import DEFAULT_VERSION, WEIGHTS_DIRECTORY, ModelCard, save
from models.corpus.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages
from models.corpus.scores import rendering
from models.encoder import VibeEncoder
from models.network import PATCH_FRAMES, VibeNetwork
from models.teachers.musicnn import Teachers
from models.teachers.weights import build_teachers, check_tags
from models.training.calibration import calibrate_card, fit_centre_and_feel
from models.training.compression import compress
from models.training.examples import Examples, Source, make_mix_examples, make_track_examples
from models.training.space import VibeSpace
from models.training.speech import fit_speech
from models.training.train import Dataset, Run, Schedule

_SHARDS = 200  # of 64 mixes
_WINDOWS_PER_SCORE = 8
_PATCHES_TO_COMPRESS = 2_400


@dataclass(frozen=True, slots=True)
class LabelledCorpus:
    """The teachers, and the files of examples that they labelled.

    Attributes:
        teachers: The networks that labelled the examples.
        tracks: The recordings of the `[train]` packages.
        recorded: Files of examples, one per recording.
        mixed: Files of examples, one per shard of mixes.
        rendered: Files of examples, one per rendered score.
    """

    teachers: Teachers
    tracks: list[CorpusTrack]
    recorded: list[Path]
    mixed: list[Path]
    rendered: list[Path]

    @property
    def summary(self) -> str:
        """Description of the training data for the model card."""
        return (
            f"{len(self.recorded)} recordings of the [train] packages, {len(self.mixed)} × 64 mixes of their windows "
            f"and {len(self.rendered)} rendered scores, in windows of 10 s."
        )


def label_corpus(cache: Path) -> LabelledCorpus:
    """Fetch, render and mix music, and label it with the teachers.

    Args:
        cache: The corpus's cache; examples are kept in its directory `examples`.

    Returns:
        The teachers and the files of examples.
    """
    tracks = fetch(packages("train"), cache, _print_progress)
    pieces = rendering.render(cache, _print_progress)
    teachers = build_teachers(cache / "musicnn", MelParameters())
    directory = cache / "examples"
    recordings = [Source(track.path, track.cache_file(directory / "train", ".npz")) for track in tracks]
    recorded = make_track_examples(recordings, teachers, _print_skipped)
    check_tags(lambda package, file: _tags_of(recorded, teachers, package, file), _print_line)
    mixed = make_mix_examples(
        recorded,
        teachers,
        directory / "mix" / "mixes",
        _SHARDS,
        lambda done, total: _print_progress("mixes", done, total),
    )
    renderings = [
        Source(piece, directory / "scores" / piece.parent.name / f"{piece.stem}.npz", _WINDOWS_PER_SCORE)
        for piece in pieces
    ]
    rendered = make_track_examples(renderings, teachers, _print_skipped)
    return LabelledCorpus(teachers, tracks, recorded, mixed, rendered)


def _tags_of(recorded: list[Path], teachers: Teachers, package: str, name: str) -> Mapping[str, float]:
    """Mean tag probabilities of the recording whose file has this name."""
    file = next(file for file in recorded if file.parent.name == package and file.stem.endswith(name))
    probabilities = Examples.read(file).tags.astype(float).mean(axis=0)
    return dict(zip(teachers.tag_names, map(float, probabilities), strict=True))


class TrainingData(NamedTuple):
    """Examples in memory, 2 GB: windows of each recording, then shards of mixes and windows of each rendered score."""

    recorded: list[Examples]
    others: list[Examples]


def read_examples(corpus: LabelledCorpus) -> TrainingData:
    """Read all examples into memory."""
    recorded = [Examples.read(file) for file in corpus.recorded]
    return TrainingData(recorded, [Examples.read(file) for file in (*corpus.mixed, *corpus.rendered)])


def train(corpus: LabelledCorpus, data: TrainingData, directory: Path, schedule: Schedule) -> VibeNetwork:
    """Train the student, or resume an earlier run.

    Args:
        corpus: The labelled corpus.
        data: Its examples.
        directory: Directory of the run: first weights and checkpoint.
        schedule: Number of steps and learning rate.

    Returns:
        The trained network.
    """
    directory.mkdir(parents=True, exist_ok=True)
    space = VibeSpace.fit(data.recorded, corpus.teachers.tag_names)
    first = directory / "compressed.pt"
    if not first.exists():
        patches = _patches([*data.recorded, *data.others], np.random.default_rng(schedule.seed))
        torch.save(compress(corpus.teachers, patches, space, schedule.seed).state_dict(), first)
        _print_line("compressed the teachers")
    network = VibeNetwork()
    network.load_state_dict(torch.load(first, weights_only=True))
    dataset = Dataset(data.recorded, [file.parent.name for file in corpus.recorded], data.others, space)
    run = Run(directory, network, space, schedule)
    return run.train(dataset, corpus.teachers.mel, lambda line, _: _print_line(line))


def _patches(examples: list[Examples], random: np.random.Generator) -> torch.Tensor:
    """(2400, 187, 96): random patches; a file's weight is its number of windows, at most 8."""
    weights = np.array([min(len(each.log_mel), 8) for each in examples], dtype=float)
    chosen = random.choice(len(examples), _PATCHES_TO_COMPRESS, p=weights / weights.sum())
    return torch.from_numpy(np.stack([_patch(examples[index].log_mel, random) for index in chosen]))


def _patch(windows: Float16Array, random: np.random.Generator) -> Float32Array:
    start = random.integers(0, windows.shape[1] - PATCH_FRAMES + 1)
    return windows[random.integers(len(windows)), start : start + PATCH_FRAMES].astype(np.float32)


def fit_heads(network: VibeNetwork, corpus: LabelledCorpus, data: TrainingData, cache: Path, seed: int) -> VibeEncoder:
    """Return the encoder of a trained network, with fitted centre, feel head and speech head.

    Args:
        network: The trained network.
        corpus: The labelled corpus.
        data: Its examples.
        cache: The corpus's cache.
        seed: Seed of the fits' alterations.
    """
    encoder = VibeEncoder(corpus.teachers.mel, corpus.teachers.tags)
    encoder.network.load_state_dict(network.state_dict())
    fit_centre_and_feel(encoder.eval(), *data, seed)
    fit_speech(encoder, cache, seed)
    return encoder


def write_weights(encoder: VibeEncoder, corpus: LabelledCorpus, weights: Path) -> Path:
    """Write weights and model card, and calibrate the attributes.

    Args:
        encoder: The encoder.
        corpus: The labelled corpus.
        weights: Directory of weights and card.

    Returns:
        The weights file.
    """
    card = ModelCard(
        version=DEFAULT_VERSION,
        summary="Segue's encoder: musicnn's two networks, compressed into one and trained towards the vibe space.",
        mel=encoder.mel,
        tags=corpus.teachers.tags,
        data=(
            "Teachers: musicnn, trained by its authors on the Million Song Dataset and MagnaTagATune.",
            f"Student: {corpus.summary} No soundtrack labels, no loudness.",
            "Speech head: recordings of people in Debian packages, and eSpeak NG.",
        ),
        licence="Apache-2.0; the first weights and the targets come from musicnn, ISC (see NOTICE).",
        limits=(
            "Tags are learned from musicnn, not from people: they rank tracks better than they state probabilities.",
            "Trained on game soundtracks, mostly instrumental; vocal music is known through the teachers alone.",
            "Sound above 8 kHz is ignored; a track is represented by six windows of 10 s, a long one by up to 24.",
            "Valence rests on weak evidence (few tags, the mode) and was not compared with listeners' ratings.",
            "Speechiness was measured on synthesised singing and instrumental music, not on real singers or rap.",
        ),
    )
    file = save(encoder, card, weights)
    calibrate_card(corpus.tracks, weights, _print_line)
    return file


def _print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _print_progress(name: str, done: int, total: int) -> None:
    _print_line(f"[{done}/{total}] {name}")


def _print_skipped(file: Path, error: Exception) -> None:
    _print_line(f"{file}: {error}")


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training", description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="corpus and results; default: %(default)s")
    parser.add_argument(
        "--weights",
        type=Path,
        default=WEIGHTS_DIRECTORY,
        help="where weights and card are written; default: %(default)s",
    )
    parser.add_argument("--steps", type=int, default=Schedule().steps, help="training steps; default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch; default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    corpus = label_corpus(arguments.cache)
    schedule = Schedule(steps=arguments.steps, seed=arguments.seed)
    data = read_examples(corpus)
    run = arguments.cache / "runs" / f"{arguments.steps}-steps-seed-{arguments.seed}"
    network = train(corpus, data, run, schedule)
    encoder = fit_heads(network, corpus, data, arguments.cache, arguments.seed)
    _print_line(f"Wrote {write_weights(encoder, corpus, arguments.weights)}")
    _print_line("The card has no evaluation figures yet: run `python -m models.evaluation --update-card`.")


if __name__ == "__main__":
    main()
