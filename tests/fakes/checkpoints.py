"""Weights of another model version: those that Segue ships with, with its space rotated.

The vibe and timbre parts of each embedding are rotated, so every track has the same neighbours in both spaces, and a
vector of one space is almost orthogonal to its counterpart in the other: an answer that mixes them shows at once.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from models import checkpoint
from models.network import MOOD_SIZE, TIMBRE_SIZE, VIBE_SIZE

SEED = 11


def write_rotated(folder: Path, version: str) -> Path:
    """Write the rotated weights with their card, and return the weights file."""
    encoder = checkpoint.load()
    rotation = torch.block_diag(_rotation(VIBE_SIZE), torch.eye(MOOD_SIZE), _rotation(TIMBRE_SIZE))
    network = encoder.network
    with torch.no_grad():
        network.place.weight.copy_(rotation @ network.place.weight)
        network.place.bias.copy_(rotation @ network.place.bias)
        network.centre.copy_(rotation @ network.centre)
    card = replace(checkpoint.read_card(), version=version, summary="The space of another one, rotated.")
    return checkpoint.save(encoder, card, folder)


def _rotation(size: int) -> torch.Tensor:
    drawn = np.random.default_rng(SEED + size).normal(size=(size, size))
    return torch.from_numpy(np.linalg.qr(drawn)[0].astype(np.float32))
