"""What the student is told: be near the teachers' place first, then name their tags, then know a track again."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor

from models.network import Heard
from models.training.space import SMALLEST_PROBABILITY, Targets, VibeSpace


@dataclass(frozen=True, slots=True)
class LossWeights:
    """How much each term counts beside the cosine to the teachers' place, which counts 1.

    `altered` is what place, timbre and features of an altered window count beside 1 of a clean one: an equaliser
    changes them for the teachers too, and a student that must not hear it no longer tells soundtracks apart. Mood and
    tags count alike: they should hold for any copy.
    """

    mood: float = 0.5
    timbre: float = 0.5
    tags: float = 0.5
    penultimate: float = 0.3
    altered: float = 0.4
    contrast: float = 0.03
    temperature: float = 0.1


def distillation(heard: Heard, targets: Targets, altered: Tensor, space: VibeSpace, weights: LossWeights) -> Tensor:
    """Compare a batch of n windows with its targets.

    Args:
        heard: What the student says.
        targets: What the teachers say, tags and features in the space's standard deviations.
        altered: (n,) whether the student heard a window otherwise than the teachers.
        space: Of the targets.
        weights: Of the terms.

    Returns:
        Scalar. The vibe is judged by cosine, which beats squared error for embeddings ("S-SONDO", 2026); all else
        by the smooth absolute error, which a rare tag's outliers do not rule.
    """
    share = torch.where(altered, weights.altered, 1.0)
    share = share / share.sum()
    log_odds = torch.logit(heard.tags.clamp(SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY))
    features = _standardised(heard.penultimate, space.penultimate)
    cosine = (heard.vibe * torch.from_numpy(targets.vibe)).sum(1)
    loss: Tensor = (
        ((1.0 - cosine) * share).sum()
        + weights.timbre * (_error(heard.timbre, targets.timbre) * share).sum()
        + weights.penultimate * (_error(features, targets.penultimate) * share).sum()
        + weights.mood * _error(heard.mood, targets.mood).mean()
        + weights.tags * _error(_standardised(log_odds, space.tags), targets.tags).mean()
    )
    return loss


def _error(guess: Tensor, target: npt.NDArray[np.float32]) -> Tensor:
    """(n, d) and (n, d) → (n,)."""
    return F.smooth_l1_loss(guess, torch.from_numpy(target), reduction="none").mean(1)


def _standardised(values: Tensor, moments: npt.NDArray[np.float32]) -> Tensor:
    mean, deviation = torch.from_numpy(moments)
    standardised: Tensor = (values - mean) / deviation
    return standardised


def contrast(embedding: Tensor, tracks: Tensor, temperature: float) -> Tensor:
    """NT-Xent between two windows of each track (Chen et al., "SimCLR", 2020).

    Args:
        embedding: (2 n, 128) of length 1; rows 2 i and 2 i + 1 are windows of one track.
        tracks: (n,) which track; the same track twice in a batch is no negative of itself.
        temperature: Of the softmax.

    Returns:
        Scalar.
    """
    first, second = embedding[0::2], embedding[1::2]
    logits = first @ second.T / temperature
    itself = torch.eye(len(tracks), dtype=torch.bool)
    again = (tracks[:, None] == tracks[None]) & ~itself
    logits = logits.masked_fill(again, -1e4)
    own = torch.arange(len(tracks))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
