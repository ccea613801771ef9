"""Training of the student network: batches of clean windows and mixes, losses, and a run that can be resumed."""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from numpy.typing import NDArray
from torch import Tensor, nn

from models.arrays import Float16Array, Float32Array
from models.audio.frontend import MelParameters
from models.network import NetworkOutput, VibeNetwork
from models.tag_balances import SMALLEST_PROBABILITY
from models.training.augmentation import Augmentation
from models.training.examples import Examples
from models.training.space import Targets, VibeSpace

# A package of 44 tracks has more weight than one of 3, but less than 15 times as much.
_PACKAGE_DAMPING = 0.35

_CHECKPOINT = "checkpoint.pt"
_MAX_GRADIENT = 2.0
_AVERAGING = 0.999  # of the weights over steps: the average generalises better than the last step
_ALTERED = 0.5  # share of windows that are altered for the student but not for the teachers
_COSINE = 1.2  # length of the cosine schedule relative to the number of steps
_LOWEST_RATE = 0.02  # of the learning rate, at the end of its cosine


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows of one training step.

    Attributes:
        log_mel: (n, n_frames, n_mels) float16.
        targets: Of the n windows.
        tracks: (k,): rows 2 i and 2 i + 1 are windows of track `tracks[i]`; rows from 2 k on are mixes.
    """

    log_mel: Float16Array
    targets: Targets
    tracks: NDArray[np.int64]


class Dataset:
    """All examples in memory (about 2 GB) with their targets.

    Args:
        clean: Windows of each track.
        packages: Package of each track; tracks of large packages are drawn less often.
        mixes: Shards of mixes, and windows of rendered scores.
        space: The fitted space, which gives the targets.
        batch_size: Windows per batch; half of them are clean.
    """

    def __init__(
        self,
        clean: Sequence[Examples],
        packages: Sequence[str],
        mixes: Sequence[Examples],
        space: VibeSpace,
        batch_size: int = 64,
    ) -> None:
        self._clean = [track.log_mel for track in clean]
        self._clean_targets = [space.targets(track) for track in clean]
        self._mixes = [shard.log_mel for shard in mixes]
        self._mix_targets = [space.targets(shard) for shard in mixes]
        self._pairs = batch_size // 4
        sizes = Counter(packages)
        weights = [math.sqrt(len(x)) / sizes[p] ** _PACKAGE_DAMPING for x, p in zip(self._clean, packages, strict=True)]
        self._chances = np.array(weights) / sum(weights)
        shard_sizes = np.array([len(log_mel) for log_mel in self._mixes])
        self._mix_chances = shard_sizes / shard_sizes.sum()

    def draw(self, random: np.random.Generator) -> Batch:
        """Draw a batch: pairs of windows of the same track, then as many windows of mixes and scores."""
        tracks = random.choice(len(self._clean), self._pairs, p=self._chances)
        chosen = [(self._clean[track], self._clean_targets[track]) for track in np.repeat(tracks, 2)]
        shards = random.choice(len(self._mixes), 2 * self._pairs, p=self._mix_chances)
        chosen += [(self._mixes[shard], self._mix_targets[shard]) for shard in shards]
        places = [int(random.integers(len(windows))) for windows, _ in chosen]
        return Batch(
            log_mel=np.stack([windows[place] for (windows, _), place in zip(chosen, places, strict=True)]),
            targets=Targets.concatenated(
                [targets.at(np.array([place])) for (_, targets), place in zip(chosen, places, strict=True)]
            ),
            tracks=tracks,
        )


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Weight of each loss term relative to the cosine distance from the target, which has weight 1.

    `altered` is the weight of vibe, timbre and features of an altered window relative to 1 for a clean window: an
    equaliser changes the teachers' features too, and a student that ignores it separates soundtracks less well. Mood
    and tags have the same weight for both, because they should be equal for any copy.
    """

    mood: float = 0.5
    timbre: float = 0.5
    tags: float = 0.5
    penultimate: float = 0.3
    altered: float = 0.4
    contrast: float = 0.03
    temperature: float = 0.1


def distillation_loss(
    output: NetworkOutput, targets: Targets, altered: Tensor, space: VibeSpace, weights: LossWeights
) -> Tensor:
    """Compare the student's output for a batch of n windows with the targets.

    The vibe is compared by cosine, which beats squared error for embeddings ("S-SONDO", 2026). Everything else is
    compared by the smooth absolute error, which limits the influence of outliers of rare tags.

    Args:
        output: The student's output.
        targets: The teachers' outputs; tags and features in standard deviations of the space.
        altered: (n,) bool, whether the student's window was altered.
        space: The space of the targets.
        weights: Weights of the terms.

    Returns:
        Scalar ≥ 0.
    """
    share = torch.where(altered, weights.altered, 1.0)
    share = share / share.sum()
    odds = torch.logit(output.tags.clamp(SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY))
    features = _standardised(output.penultimate, space.penultimate)
    cosine = (output.vibe * torch.from_numpy(targets.vibe)).sum(1)
    loss: Tensor = (
        ((1.0 - cosine) * share).sum()
        + weights.timbre * (_error(output.timbre, targets.timbre) * share).sum()
        + weights.penultimate * (_error(features, targets.penultimate) * share).sum()
        + weights.mood * _error(output.mood, targets.mood).mean()
        + weights.tags * _error(_standardised(odds, space.tags), targets.tags).mean()
    )
    return loss


def _error(predicted: Tensor, target: Float32Array) -> Tensor:
    """(n, d) and (n, d) → (n,)."""
    return F.smooth_l1_loss(predicted, torch.from_numpy(target), reduction="none").mean(1)


def _standardised(values: Tensor, moments: Float32Array) -> Tensor:
    mean, deviation = torch.from_numpy(moments)
    standardised: Tensor = (values - mean) / deviation
    return standardised


def contrastive_loss(embedding: Tensor, tracks: Tensor, temperature: float) -> Tensor:
    """Compute NT-Xent between two windows of each track.

    Args:
        embedding: (2 n, 128) of length 1; rows 2 i and 2 i + 1 are windows of one track.
        tracks: (n,) indices of the tracks; a track that is twice in a batch is not a negative of itself.
        temperature: Temperature of the softmax, > 0.

    Returns:
        Scalar ≥ 0.

    Source: Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations" (SimCLR, 2020).
    """
    first, second = embedding[0::2], embedding[1::2]
    logits = first @ second.T / temperature
    itself = torch.eye(len(tracks), dtype=torch.bool)
    repeated = (tracks[:, None] == tracks[None]) & ~itself
    logits = logits.masked_fill(repeated, -1e4)
    own = torch.arange(len(tracks))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


@dataclass(frozen=True, slots=True)
class Schedule:
    """Number of steps and learning rate.

    Attributes:
        steps: Number of batches.
        frozen_steps: Steps at the start that leave the front end unchanged: they take a third of the time, and the
            later layers adapt first.
        learning_rate: Greatest learning rate, after the warm-up.
        warm_up: Steps of the linear warm-up.
        weight_decay: Of AdamW.
        seed: Seed of batches and alterations.
        report_every: Steps between checkpoints and reports.
    """

    steps: int = 3_000
    frozen_steps: int = 1_500
    learning_rate: float = 1e-3
    warm_up: int = 200
    weight_decay: float = 0.03
    seed: int = 0
    report_every: int = 300

    def rate(self, step: int) -> float:
        """Return the learning rate of a step: linear warm-up times the first five sixths of a cosine."""
        cosine = 0.5 * (1.0 + math.cos(math.pi * step / (_COSINE * self.steps)))
        return self.learning_rate * min(1.0, (step + 1) / self.warm_up) * (_LOWEST_RATE + (1 - _LOWEST_RATE) * cosine)


@dataclass(slots=True)
class Run:
    """One training run; its checkpoint holds everything that a later process needs to resume it.

    Attributes:
        directory: Directory of the checkpoint.
        network: Network to train, with its first weights; the weights of a checkpoint replace them.
        space: Space of the targets.
        schedule: Must be the same when a run is resumed.
        weights: Of the losses.
    """

    directory: Path
    network: VibeNetwork
    space: VibeSpace
    schedule: Schedule
    weights: LossWeights = field(default_factory=LossWeights)
    average: dict[str, Tensor] = field(init=False)
    optimiser: torch.optim.AdamW = field(init=False)
    step: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.average = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.optimiser = torch.optim.AdamW(self.network.parameters(), weight_decay=self.schedule.weight_decay)
        if (self.directory / _CHECKPOINT).exists():
            self._resume()

    def train(self, dataset: Dataset, mel: MelParameters, report: Callable[[str, VibeNetwork], None]) -> VibeNetwork:
        """Train from the checkpoint, or from the start, to the end of the schedule.

        Args:
            dataset: Training examples.
            mel: Parameters of the dataset's log-mel.
            report: Called with a line of progress and the averaged network, every `report_every` steps.

        Returns:
            The averaged network, in evaluation mode.
        """
        self.network.train()
        losses: list[float] = []
        started = time.perf_counter()
        while self.step < self.schedule.steps:
            losses.append(self._train_step(dataset, mel))
            if self.step % self.schedule.report_every == 0 or self.step == self.schedule.steps:
                self._write_checkpoint()
                pace = (time.perf_counter() - started) / len(losses)
                recent = float(np.mean(losses[-self.schedule.report_every :]))
                report(
                    f"step {self.step}/{self.schedule.steps}: loss {recent:.3f}, {pace:.2f} s per step", self.averaged()
                )
        return self.averaged()

    def averaged(self) -> VibeNetwork:
        """Return a network with the running average of the weights, in evaluation mode."""
        network = VibeNetwork()
        network.load_state_dict(self.average)
        return network.eval()

    def _train_step(self, dataset: Dataset, mel: MelParameters) -> float:
        """Train on one batch; randomness depends on seed and step alone, so a resumed run repeats no draw."""
        batch = dataset.draw(np.random.default_rng([self.schedule.seed, self.step]))
        augmentation = Augmentation(mel, self.schedule.seed + self.step * 1009)
        self.network.peaks.requires_grad_(self.step >= self.schedule.frozen_steps)
        for group in self.optimiser.param_groups:
            group["lr"] = self.schedule.rate(self.step)
        loss = self._loss(batch, augmentation)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), _MAX_GRADIENT)
        self.optimiser.step()
        self.step += 1
        self._update_average()
        return loss.item()

    def _loss(self, batch: Batch, augmentation: Augmentation) -> Tensor:
        log_mel = torch.from_numpy(batch.log_mel.astype(np.float32))
        altered = augmentation.uniform(len(log_mel), 0.0, 1.0) < _ALTERED
        log_mel = torch.where(altered[:, None, None], augmentation.altered(log_mel), log_mel)
        with torch.autocast("cpu", torch.bfloat16):  # half the time on processors with bfloat16
            output = self.network(log_mel)
        output = NetworkOutput(*[part.float() for part in output])
        clean = output.embedding[: 2 * len(batch.tracks)]
        loss = distillation_loss(output, batch.targets, altered, self.space, self.weights)
        contrast = contrastive_loss(clean, torch.from_numpy(batch.tracks), self.weights.temperature)
        return loss + self.weights.contrast * contrast

    def _update_average(self) -> None:
        keep = min(_AVERAGING, (1 + self.step) / (20 + self.step))
        for name, value in self.network.state_dict().items():
            if value.dtype.is_floating_point:
                self.average[name].lerp_(value, 1.0 - keep)
            else:
                self.average[name].copy_(value)

    def _write_checkpoint(self) -> None:
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
        }
        self.directory.mkdir(parents=True, exist_ok=True)
        partial = self.directory / f"{_CHECKPOINT}.partial"
        torch.save(state, partial)
        partial.rename(self.directory / _CHECKPOINT)

    def _resume(self) -> None:
        state = torch.load(self.directory / _CHECKPOINT, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]
