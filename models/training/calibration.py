"""Fits made after training, in closed form: centre of the space, feel head, and quantiles of the attributes.

The feel head is linear in the network's features. Its targets are balances of the teachers' tags. Those change with an
equaliser, noise or another key, so the head is fitted to give an altered copy the same value: ridge regression whose
penalty includes the variance of the difference between copies.

`python -m models.training.calibration` measures the quantiles again and writes them into the model card. Run it after
a change to a descriptor or to the formula of an attribute; it takes about a minute and needs no training.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.arrays import Float16Array, Float64Array
from models.attributes import attributes, calibrate
from models.audio.decode import read_windows
from models.checkpoint import WEIGHTS_DIRECTORY, load, read_card, write_card
from models.corpus.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages
from models.descriptors.describe import describe
from models.encoder import FEEL_ATTRIBUTES, VibeEncoder
from models.errors import AnalysisError
from models.tag_balances import FEEL_BALANCES, log_odds
from models.training.augmentation import Augmentation
from models.training.examples import Examples

_WINDOWS_PER_FILE = 4
_INVARIANCE = 30.0  # weight of the difference between copies, relative to 1 for the difference from the targets
_RIDGE = 1e-4  # of the mean variance of a feature
_SEMITONES = 2.2
_SPEED = 0.06
_TILT = 2.0  # dB per octave
_BATCH = 32


@torch.inference_mode()
def fit_centre_and_feel(
    encoder: VibeEncoder, recorded: Sequence[Examples], others: Sequence[Examples], seed: int
) -> None:
    """Fit the centre of the space and the feel head of a trained encoder.

    Args:
        encoder: Changed in place.
        recorded: Clean windows of each recording; the centre is fitted on these alone.
        others: Mixes and rendered scores.
        seed: Seed of the choice of windows and of their alterations.
    """
    random, augmentation = np.random.default_rng(seed), Augmentation(encoder.mel, seed)
    encoder.network.centre.zero_()
    encoder.network.centre.copy_(_mean_embedding([_sample(each, random)[0] for each in recorded], encoder))
    chosen = [_sample(each, random) for each in (*recorded, *others)]
    windows = torch.cat([log_mel for log_mel, _ in chosen])
    targets = _feel_targets(np.concatenate([tags for _, tags in chosen]), encoder.tag_names)
    clean = _features(encoder, windows)
    copies = [_features(encoder, windows, alter) for alter in _alterations(augmentation)]
    weight, bias = _invariant_regression(clean, copies, targets)
    encoder.feel.weight.copy_(torch.from_numpy(weight))
    encoder.feel.bias.copy_(torch.from_numpy(bias))


def _sample(examples: Examples, random: np.random.Generator) -> tuple[Tensor, Float16Array]:
    """Draw at most four windows with their tags."""
    chosen = random.choice(len(examples.tags), min(_WINDOWS_PER_FILE, len(examples.tags)), replace=False)
    return torch.from_numpy(examples.log_mel[chosen].astype(np.float32)), examples.tags[chosen]


def _mean_embedding(tracks: Sequence[Tensor], encoder: VibeEncoder) -> Tensor:
    """(128,): mean over tracks of the mean embedding of each."""
    return torch.stack([encoder.network(windows).embedding.mean(0) for windows in tracks]).mean(0)


def _feel_targets(tags: Float16Array, names: Sequence[str]) -> Float64Array:
    """(n, 100) probabilities → (n, 4) balances of log-odds in standard deviations."""
    odds = log_odds(tags.astype(np.float32))
    balances = np.stack([FEEL_BALANCES[attribute].scores(odds, names) for attribute in FEEL_ATTRIBUTES], axis=1)
    balances = balances.astype(np.float64)
    standardised: Float64Array = (balances - balances.mean(0)) / balances.std(0)
    return standardised


def _features(
    encoder: VibeEncoder, windows: Tensor, alter: Callable[[Tensor], Tensor] = lambda batch: batch
) -> Float64Array:
    """(n, 560) features of n windows."""
    batches = torch.split(windows, _BATCH)
    features: Float64Array = torch.cat([encoder.network(alter(batch)).features for batch in batches]).double().numpy()
    return features


def _alterations(augmentation: Augmentation) -> list[Callable[[Tensor], Tensor]]:
    """Alterations of a batch: as in training, tilted spectrum, other key, other speed."""

    def between(batch: Tensor, most: float) -> Tensor:
        return augmentation.uniform(len(batch), -most, most)

    def transposed(batch: Tensor) -> Tensor:
        return augmentation.warped(batch, torch.ones(len(batch)), between(batch, _SEMITONES))

    def sped(batch: Tensor) -> Tensor:
        speed = 1.0 + between(batch, _SPEED)
        return augmentation.warped(batch, speed, 12.0 * torch.log2(speed))

    def tilted(batch: Tensor) -> Tensor:
        return augmentation.tilted(batch, between(batch, _TILT))

    return [augmentation.altered, augmentation.altered, tilted, tilted, transposed, transposed, sped]


def _invariant_regression(
    clean: Float64Array, copies: Sequence[Float64Array], targets: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Regress features (n, d) on targets (n, k), penalising differences between copies: weight (k, d), bias (k,)."""
    mean = clean.mean(0)
    centred = clean - mean
    gram = centred.T @ centred / len(clean)
    variation = sum((copy - clean).T @ (copy - clean) for copy in copies) / (len(copies) * len(clean))
    ridge = _RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    weight = np.linalg.solve(gram + _INVARIANCE * variation + ridge, centred.T @ targets / len(clean)).T
    return weight, targets.mean(0) - weight @ mean


def calibrate_card(tracks: Iterable[CorpusTrack], weights: Path, report: Callable[[str], None]) -> None:
    """Measure the quantiles of the attributes and their cues over tracks, and write them into the model card.

    Args:
        tracks: The training corpus; a file that cannot be decoded is reported and omitted.
        weights: Directory of weights and card.
        report: Called with a line for each track: its attributes, or why it was omitted.
    """
    encoder = load(directory=weights)
    analysed = []
    for track in tracks:
        try:
            windows = read_windows(track.path)
        except AnalysisError as error:
            report(f"{track.path}: {error}")
            continue
        log_mel = encoder.log_mel(torch.from_numpy(windows.samples))
        analysed.append((track, encoder.encode_log_mel(log_mel), describe(windows, log_mel.numpy())))
    calibration = calibrate([(encoding, descriptors) for _, encoding, descriptors in analysed])
    write_card(replace(read_card(directory=weights), calibration=calibration), weights)
    for track, encoding, descriptors in analysed:
        values = attributes(encoding, descriptors, calibration)
        shown = ", ".join(f"{name} {value:.2f}" for name, value in values.items() if value is not None)
        report(f"{track.package}/{track.path.name}: {shown}")


def _print_line(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    """Calibrate the model card from the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training.calibration", description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="corpus cache; default: %(default)s")
    parser.add_argument(
        "--weights", type=Path, default=WEIGHTS_DIRECTORY, help="weights and model card; default: %(default)s"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tracks = fetch(packages("train"), arguments.cache)
    calibrate_card(tracks, arguments.weights, _print_line)


if __name__ == "__main__":
    main()
