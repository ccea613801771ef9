"""Fit of the speech head: logistic regression from the features of a window to the probability that it is speech.

Speech: recordings of people and eSpeak NG, plain and with quiet music under it. Everything else is not speech: music,
melodies of one instrument, singing with and without instruments, and music with a voice that is a little louder at
most. So a voice alone does not make a song speech. All windows are heard twice: as they are, and altered (equaliser,
noise, room, tempo, pitch).

`python -m models.training.speech` fits the head of existing weights again; see `models.evaluation.speech` for figures.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor, nn

from models.checkpoint import WEIGHTS_DIRECTORY, load, read_card, save
from models.corpus.corpus import DEFAULT_CACHE
from models.encoder import VibeEncoder
from models.training.augmentation import Augmentation
from models.training.voices import Heard, Material, collect

_WINDOWS_PER_VOICE = 8
_WINDOWS_PER_PIECE = 3
_BATCH = 32
_BED = (14.0, 26.0)  # dB of the music below the speech
_VOICE = (-6.0, 12.0)  # dB of a voice below the music: it is at most 6 dB louder
_TEMPO, _SEMITONES = 0.2, 4.0
_WEIGHT_DECAY = 1e-2
_STEPS = 200


class _Group(NamedTuple):
    """Windows of one kind: log-mel (n, n_frames, n_mels), whether it is speech, and the weight of all together."""

    log_mel: Tensor
    speech: bool
    weight: float


def fit_speech(encoder: VibeEncoder, cache: Path, seed: int = 0) -> None:
    """Fit the speech head of a trained encoder.

    Args:
        encoder: Its speech head is replaced in place.
        cache: The corpus's cache; missing packages are fetched, missing voices synthesised.
        seed: Seed of the choice of windows, mixes and alterations.

    Raises:
        models.corpus.speech.SpeechError: eSpeak NG is missing or fails.
        models.corpus.debian.PackageError: apt cannot fetch a package.
    """
    fit_head(encoder, collect(encoder, cache, held_out=False), seed)


def fit_head(encoder: VibeEncoder, material: Material, seed: int) -> None:
    """Fit the speech head of a trained encoder on speech, singing and music; see `fit_speech`."""
    augmentation = Augmentation(encoder.mel, seed)
    features, labels, weights = [], [], []
    for group in _groups(material, encoder, seed):
        batches = torch.split(group.log_mel, _BATCH)
        altered = torch.cat([augmentation.altered(_warped(batch, augmentation)) for batch in batches])
        rows = torch.cat([window_features(encoder, log_mel) for log_mel in (group.log_mel, altered)])
        features.append(rows)
        labels.append(torch.full((len(rows),), float(group.speech)))
        weights.append(torch.full((len(rows),), group.weight / len(rows)))
    encoder.speech = logistic_regression(torch.cat(features), torch.cat(labels), torch.cat(weights))


def _groups(material: Material, encoder: VibeEncoder, seed: int) -> list[_Group]:
    random, augmentation = np.random.default_rng(seed), Augmentation(encoder.mel, seed)
    recorded, synthesised = windows_of(material.recorded), windows_of(material.synthesised)
    sung, music = windows_of(material.sung), windows_of(material.music, _WINDOWS_PER_PIECE)
    spoken = torch.cat([recorded, synthesised])

    def mixed(first: Tensor, second: Tensor, levels: tuple[float, float]) -> Tensor:
        other = second[random.integers(len(second), size=len(first))]
        return augmentation.mixed(first, other, augmentation.uniform(len(first), *levels))

    return [
        _Group(recorded, speech=True, weight=0.4),
        _Group(synthesised, speech=True, weight=0.2),
        _Group(mixed(spoken, music, _BED), speech=True, weight=0.4),
        _Group(music, speech=False, weight=0.4),
        _Group(windows_of(material.melodies, _WINDOWS_PER_PIECE), speech=False, weight=0.2),
        _Group(sung, speech=False, weight=0.2),
        _Group(mixed(music[: len(music) // 2], sung, _VOICE), speech=False, weight=0.2),
        _Group(mixed(music[len(music) // 2 :], spoken, _VOICE), speech=False, weight=0.2),
    ]


def windows_of(sounds: Iterable[Heard], most: int = _WINDOWS_PER_VOICE) -> Tensor:
    """Return some windows of each voice or piece, spread evenly: (n, n_frames, n_mels) float32."""
    chosen = []
    for heard in sounds:
        count = min(most, len(heard.log_mel))
        places = ((np.arange(count) + 0.5) * len(heard.log_mel) / count).astype(int)
        chosen.append(heard.log_mel[places].astype(np.float32))
    longest = max(log_mel.shape[1] for log_mel in chosen)
    return torch.from_numpy(np.concatenate([log_mel for log_mel in chosen if log_mel.shape[1] == longest]))


def _warped(log_mel: Tensor, augmentation: Augmentation) -> Tensor:
    tempo = torch.exp(augmentation.uniform(len(log_mel), -_TEMPO, _TEMPO))
    return augmentation.warped(log_mel, tempo, augmentation.uniform(len(log_mel), -_SEMITONES, _SEMITONES))


@torch.inference_mode()
def window_features(encoder: VibeEncoder, log_mel: Tensor) -> Tensor:
    """Return the features (n, 560) of windows (n, n_frames, n_mels)."""
    return torch.cat([encoder.network(batch).features for batch in torch.split(log_mel, _BATCH)])


def logistic_regression(features: Tensor, labels: Tensor, weights: Tensor) -> nn.Linear:
    """Fit a logistic regression with a penalty on its weights for standardised features.

    Args:
        features: (n, d).
        labels: (n,), 0 or 1.
        weights: (n,), how much each row counts; their sum is about 1.

    Returns:
        A layer d → 1 for features that are not standardised.
    """
    mean, deviation = features.mean(0), features.std(0) + 1e-3
    rows = ((features - mean) / deviation).clone()
    weight = torch.zeros(rows.shape[1], requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        error = F.binary_cross_entropy_with_logits(rows @ weight + bias, labels, weights, reduction="sum")
        total = error / weights.sum() + _WEIGHT_DECAY * weight.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    layer = nn.Linear(rows.shape[1], 1)
    with torch.no_grad():
        layer.weight.copy_((weight / deviation)[None])
        layer.bias.copy_(bias - (weight / deviation) @ mean)
    return layer.requires_grad_(requires_grad=False)


def main() -> None:
    """Fit the head of existing weights from the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training.speech", description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="corpus cache; default: %(default)s")
    parser.add_argument(
        "--weights", type=Path, default=WEIGHTS_DIRECTORY, help="weights and model card; default: %(default)s"
    )
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    encoder = load(directory=arguments.weights)
    fit_speech(encoder, arguments.cache, arguments.seed)
    sys.stdout.write(f"Wrote {save(encoder, read_card(directory=arguments.weights), arguments.weights)}\n")


if __name__ == "__main__":
    main()
