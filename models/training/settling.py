"""What is fitted after training, in closed form: the centre of the space, and the head that says how a track feels.

The head is linear in the network's features. Its targets are balances of the teachers' tags, which alone would follow
an equaliser, hiss or another key as the teachers do; so it is also told to say the same of an altered copy, as far as
it can: ridge regression whose penalty is the variance of the difference between copies.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.encoder import FELT, VibeEncoder
from models.training.augmentation import Augmentation
from models.training.examples import Examples
from models.training.space import log_odds

# Tags that speak for an attribute, and tags that speak against it.
BALANCES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "energy": (
        ("mtt:fast", "mtt:drums", "mtt:beat", "mtt:loud", "mtt:metal", "mtt:rock", "msd:punk", "msd:party"),
        ("mtt:slow", "mtt:quiet", "mtt:soft", "mtt:ambient", "msd:ambient", "msd:chillout", "msd:Mellow"),
    ),
    "valence": (
        ("msd:happy", "msd:catchy", "msd:funk", "mtt:pop"),
        ("msd:sad", "msd:experimental", "mtt:weird", "msd:metal", "msd:heavy metal"),
    ),
    "danceability": (
        ("mtt:dance", "mtt:beat", "mtt:beats", "msd:dance", "msd:House", "msd:party", "msd:funk", "msd:Hip-Hop"),
        ("mtt:classical", "mtt:ambient", "mtt:slow", "mtt:quiet", "msd:ambient", "msd:experimental"),
    ),
    "acousticness": (
        ("msd:acoustic", "msd:folk", "mtt:classical", "mtt:strings", "mtt:piano", "mtt:guitar", "mtt:flute"),
        ("msd:electronic", "msd:electronica", "msd:electro", "mtt:electronic", "mtt:synth", "mtt:techno"),
    ),
}

_WINDOWS_A_FILE = 4
_STEADINESS = 30.0  # weight of the difference between copies, beside 1 of the difference from the teachers
_RIDGE = 1e-4  # of the mean variance of a feature
_SEMITONES = 2.2
_SPEED = 0.06
_TILT = 2.0  # dB an octave
_BATCH = 32

Array = npt.NDArray[np.float64]


@torch.inference_mode()
def settle(encoder: VibeEncoder, recorded: Sequence[Examples], others: Sequence[Examples], seed: int) -> None:
    """Fit centre and head of a trained encoder.

    Args:
        encoder: Changed in place.
        recorded: Clean windows of each recording.
        others: Mixes and rendered scores.
        seed: Of the choice of windows and of their alterations.
    """
    random, augmentation = np.random.default_rng(seed), Augmentation(encoder.mel, seed)
    encoder.network.centre.zero_()
    encoder.network.centre.copy_(_mean([_some(each, random)[0] for each in recorded], encoder))
    chosen = [_some(each, random) for each in (*recorded, *others)]
    windows = torch.cat([log_mel for log_mel, _ in chosen])
    wanted = _balances(np.concatenate([tags for _, tags in chosen]), encoder.tag_names)
    clean = _features(encoder, windows)
    copies = [_features(encoder, windows, copy) for copy in _copies(augmentation)]
    weight, bias = _steady_regression(clean, copies, wanted)
    encoder.feel.weight.copy_(torch.from_numpy(weight))
    encoder.feel.bias.copy_(torch.from_numpy(bias))


def _some(examples: Examples, random: np.random.Generator) -> tuple[Tensor, npt.NDArray[np.float16]]:
    """At most four windows with their tags."""
    chosen = random.choice(len(examples.tags), min(_WINDOWS_A_FILE, len(examples.tags)), replace=False)
    return torch.from_numpy(examples.log_mel[chosen].astype(np.float32)), examples.tags[chosen]


def _mean(tracks: Sequence[Tensor], encoder: VibeEncoder) -> Tensor:
    """(128,): mean over tracks of the mean embedding of each."""
    return torch.stack([encoder.network(windows).embedding.mean(0) for windows in tracks]).mean(0)


def _balances(tags: npt.NDArray[np.float16], names: Sequence[str]) -> Array:
    """(n, 100) probabilities → (n, 4) balances of log-odds in standard deviations."""
    known = log_odds(tags)
    columns = [
        known[:, [names.index(name) for name in favouring]].mean(1)
        - known[:, [names.index(name) for name in opposing]].mean(1)
        for favouring, opposing in (BALANCES[attribute] for attribute in FELT)
    ]
    balances = np.stack(columns, axis=1).astype(np.float64)
    standardised: Array = (balances - balances.mean(0)) / balances.std(0)
    return standardised


def _features(encoder: VibeEncoder, windows: Tensor, altered: Callable[[Tensor], Tensor] = lambda x: x) -> Array:
    """(n, 560)."""
    batches = torch.split(windows, _BATCH)
    features: Array = torch.cat([encoder.network(altered(batch)).features for batch in batches]).double().numpy()
    return features


def _copies(augmentation: Augmentation) -> list[Callable[[Tensor], Tensor]]:
    """Ways in which a copy differs: altered as in training, tilted, in another key, at another speed."""

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


def _steady_regression(clean: Array, copies: Sequence[Array], wanted: Array) -> tuple[Array, Array]:
    """Weight (k, d) and bias (k,) of n windows' features (n, d) towards (n, k), steady from copy to copy."""
    mean = clean.mean(0)
    centred = clean - mean
    gram = centred.T @ centred / len(clean)
    unsteady = sum((copy - clean).T @ (copy - clean) for copy in copies) / (len(copies) * len(clean))
    ridge = _RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    weight = np.linalg.solve(gram + _STEADINESS * unsteady + ridge, centred.T @ wanted / len(clean)).T
    return weight, wanted.mean(0) - weight @ mean
