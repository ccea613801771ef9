"""Training the student: batches of clean windows and of mixes, altered, against what the teachers said."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.frontend import MelParameters
from models.network import Heard, VibeNetwork
from models.training.augmentation import Augmentation
from models.training.dataset import Batch, Dataset
from models.training.losses import LossWeights, contrast, distillation
from models.training.space import VibeSpace

_CHECKPOINT = "checkpoint.pt"
_MAX_GRADIENT = 2.0
_AVERAGING = 0.999  # of the weights over steps: the average generalises better than the last step
_ALTERED = 0.5  # share of windows that the student hears otherwise than the teachers
_COSINE = 1.2  # of the steps
_LOWEST_RATE = 0.02  # of the learning rate, at the end of its cosine


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    Attributes:
        steps: Batches in all.
        frozen_steps: At the start, with the front end as it is: they cost a third, and settle what is behind it.
        learning_rate: The greatest, after the warm-up.
        warm_up: Steps.
        weight_decay: Of AdamW.
        seed: Of batches and alterations.
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
        """Learning rate at a step: a linear warm-up under five sixths of a cosine, whose end brings nothing."""
        cosine = 0.5 * (1.0 + math.cos(math.pi * step / (_COSINE * self.steps)))
        return self.learning_rate * min(1.0, (step + 1) / self.warm_up) * (_LOWEST_RATE + (1 - _LOWEST_RATE) * cosine)


@dataclass(slots=True)
class Run:
    """One training run; everything that a later session needs to go on is in its checkpoint.

    Attributes:
        directory: Of the checkpoint.
        network: What to train, with its first weights; a checkpoint's replace them.
        space: Of the targets.
        schedule: Must stay the same over sessions.
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
        """Train to the end of the schedule, from the checkpoint on.

        Args:
            dataset: What to learn from.
            mel: What its windows were made with.
            report: Called with a line of progress and the averaged network, every `report_every` steps.

        Returns:
            The averaged network, in evaluation mode.
        """
        self.network.train()
        losses: list[float] = []
        started = time.perf_counter()
        while self.step < self.schedule.steps:
            losses.append(self._learn(dataset, mel))
            if self.step % self.schedule.report_every == 0 or self.step == self.schedule.steps:
                self._checkpoint()
                pace = (time.perf_counter() - started) / len(losses)
                recent = float(np.mean(losses[-self.schedule.report_every :]))
                report(
                    f"step {self.step}/{self.schedule.steps}: loss {recent:.3f}, {pace:.2f} s a step", self.averaged()
                )
        return self.averaged()

    def averaged(self) -> VibeNetwork:
        """The network with weights averaged over the last steps."""
        network = VibeNetwork()
        network.load_state_dict(self.average)
        return network.eval()

    def _learn(self, dataset: Dataset, mel: MelParameters) -> float:
        """One step; its randomness depends on seed and step alone, so that a resumed run repeats nothing."""
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
        self._follow()
        return loss.item()

    def _loss(self, batch: Batch, augmentation: Augmentation) -> Tensor:
        log_mel = torch.from_numpy(batch.log_mel.astype(np.float32))
        altered = augmentation.uniform(len(log_mel), 0.0, 1.0) < _ALTERED
        log_mel = torch.where(altered[:, None, None], augmentation.altered(log_mel), log_mel)
        with torch.autocast("cpu", torch.bfloat16):  # half the time where the processor knows bfloat16
            heard = self.network(log_mel)
        heard = Heard(*[part.float() for part in heard])
        known = heard.embedding[: 2 * len(batch.tracks)]
        loss = distillation(heard, batch.targets, altered, self.space, self.weights)
        return loss + self.weights.contrast * contrast(known, torch.from_numpy(batch.tracks), self.weights.temperature)

    def _follow(self) -> None:
        keep = min(_AVERAGING, (1 + self.step) / (20 + self.step))
        for name, value in self.network.state_dict().items():
            if value.dtype.is_floating_point:
                self.average[name].lerp_(value, 1.0 - keep)
            else:
                self.average[name].copy_(value)

    def _checkpoint(self) -> None:
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
