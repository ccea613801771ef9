"""Train the text tower into the vibe space of an encoder: `python -m models.training.text`.

The tower learns from captions that `models.training.captions` makes of the training corpus. A caption names concepts,
and each piece of music has a score of each concept, computed from the teachers' tags, the attributes and the
descriptors. The training is contrastive with graded targets: the softmax over the cosines of a caption to all pieces
must match a softmax over the pieces' scores. So a piece that fits a caption nearly as well as the best one, such as a
near-duplicate, is not pushed away (InfoNCE with soft labels; van den Oord et al., 2018).

It needs the examples that `python -m models.training` made, and makes them if they are missing.
"""

import argparse
import hashlib
import json
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor, nn

from models import checkpoint
from models.arrays import Float32Array, Float64Array, cached_arrays, read_arrays, unit_rows, write_arrays
from models.audio.decode import read_windows
from models.audio.frontend import MelParameters
from models.checkpoint import WEIGHTS_DIRECTORY
from models.corpus.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages
from models.descriptors.describe import describe
from models.encoder import FEEL_ATTRIBUTES, VibeEncoder
from models.network import EMBEDDING_SIZE
from models.tag_balances import log_odds
from models.teachers.weights import build_teachers
from models.text.sentences import E5, SentenceEncoder
from models.text.tower import LANGUAGES, Projection, TextCard, is_foreign, prepare, write
from models.training.captions import DIRECTORY, Caption, Lexicon
from models.training.examples import Examples, Source, make_mix_examples, make_track_examples

_DESCRIPTORS = ("tempo", "brightness", "onset_rate", "flux", "mobility", "mode")
_SHARDS = 200  # of 64 mixes
_COMPOSED = 20_000  # captions of several concepts
_SENTENCES_AT_ONCE = 256


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of music: windows of recordings and mixes of windows.

    Attributes:
        embeddings: (n, 128) of unit length.
        features: (n, n_features), standardised; 0 where a feature is unknown.
        names: The names of the features.
        titles: Title of a recording → indices of its windows.
    """

    embeddings: Float64Array
    features: Float64Array
    names: Sequence[str]
    titles: Mapping[str, Sequence[int]]


@torch.inference_mode()
def read_pieces(cache: Path, encoder: VibeEncoder) -> Pieces:
    """Embed the windows of the training corpus, and read their tags, attributes and descriptors.

    Args:
        cache: The corpus's cache.
        encoder: The encoder of the vibe space.

    Returns:
        The pieces.
    """
    tracks = fetch(packages("train"), cache)
    teachers = build_teachers(cache / "musicnn", MelParameters())
    directory = cache / "examples"
    sources = [Source(track.path, track.cache_file(directory / "train", ".npz")) for track in tracks]
    recorded = make_track_examples(sources, teachers, lambda file, error: _print(f"{file}: {error}"))
    mixed = make_mix_examples(
        recorded, teachers, directory / "mix" / "mixes", _SHARDS, lambda done, total: _print(f"[{done}/{total}] mixes")
    )
    described = {track.cache_file(directory / "train", ".npz"): track for track in tracks}
    embeddings, features, titles, count = [], [], {}, 0
    for file in (*recorded, *mixed):
        examples = Examples.read(file)
        output = encoder.network(torch.from_numpy(examples.log_mel.astype(np.float32)))
        size = len(examples.log_mel)
        embeddings.append(output.embedding.numpy())
        track = described.get(file)
        descriptors = np.full(len(_DESCRIPTORS), np.nan) if track is None else _descriptors(track, cache, encoder)
        feel = encoder.feel(output.features).numpy()
        features.append(np.hstack([log_odds(examples.tags.astype(np.float64)), feel, np.tile(descriptors, (size, 1))]))
        if track is not None:
            titles[track.title] = range(count, count + size)
        count += size
    table = np.concatenate(features)
    scaled = (table - np.nanmean(table, axis=0)) / np.nanstd(table, axis=0)
    names = (*teachers.tag_names, *FEEL_ATTRIBUTES, *_DESCRIPTORS)
    return Pieces(np.concatenate(embeddings).astype(np.float64), np.nan_to_num(scaled), names, titles)


def _descriptors(track: CorpusTrack, cache: Path, encoder: VibeEncoder) -> Float64Array:
    def described() -> dict[str, Float64Array]:
        windows = read_windows(track.path)
        found = describe(windows, encoder.log_mel(torch.from_numpy(windows.samples)).numpy())
        majorness = found["mode_confidence"] * (1.0 if found["mode"] else -1.0)
        values = [(dict(found) | {"mode": majorness})[name] for name in _DESCRIPTORS]
        return {"values": np.array([np.nan if value is None else value for value in values], dtype=np.float64)}

    return cached_arrays(track.cache_file(cache / "examples" / "descriptors", ".npz"), described)["values"]


def encode_texts(texts: Sequence[str], sentences: SentenceEncoder, cache: Path) -> Float32Array:
    """Encode texts, or read their vectors from the cache.

    Args:
        texts: n texts, prepared with `models.text.tower.prepare`.
        sentences: The sentence encoder.
        cache: Directory of the cache.

    Returns:
        (n, d).
    """
    file = cache / f"sentences-{sentences.name}.npz"
    known: dict[str, Float32Array] = {}
    if file.exists():
        stored = read_arrays(file)
        known = dict(zip(stored["texts"].tolist(), stored["vectors"], strict=True))
    missing = list(dict.fromkeys(text for text in texts if text not in known))
    for start in range(0, len(missing), _SENTENCES_AT_ONCE * 4):
        part = missing[start : start + _SENTENCES_AT_ONCE * 4]
        for first in range(0, len(part), _SENTENCES_AT_ONCE):
            batch = part[first : first + _SENTENCES_AT_ONCE]
            known.update(zip(batch, sentences.encode(batch), strict=True))
        write_arrays(file, {"texts": np.array(list(known)), "vectors": np.stack(list(known.values()))})
        _print(f"[{start + len(part)}/{len(missing)}] sentences")
    return np.stack([known[text] for text in texts]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class TextSchedule:
    """Settings of the training.

    Attributes:
        epochs: Passes over the captions.
        batch: Captions in a step.
        pieces: Pieces of music in a step.
        learning_rate: Of AdamW at the start; it falls to 0 along a half cosine.
        hidden: Units of the hidden layer.
        dropout: Share of the sentence vector's and the hidden layer's values that are dropped.
        temperature: Of the softmax over cosines.
        sharpness: Of the softmax over the pieces' scores; greater values count only the best pieces as positives.
        weight_decay: Of AdamW.
        seed: Of weights, batches and captions.
    """

    epochs: int = 20
    batch: int = 256
    pieces: int = 4_096
    learning_rate: float = 1e-3
    hidden: int = 512
    dropout: float = 0.2
    temperature: float = 0.1
    sharpness: float = 2.0
    weight_decay: float = 0.05
    seed: int = 0


class ProjectionNetwork(nn.Module):
    """The trainable form of `models.text.tower.Projection.points`.

    Args:
        size: Size of a sentence vector.
        schedule: The settings.
    """

    def __init__(self, size: int, schedule: TextSchedule) -> None:
        super().__init__()
        self.hidden = nn.Linear(size, schedule.hidden)
        self.output = nn.Linear(schedule.hidden, EMBEDDING_SIZE, bias=False)
        self.linear = nn.Linear(size, EMBEDDING_SIZE, bias=False)
        self.dropout = nn.Dropout(schedule.dropout)

    def forward(self, centred: Tensor) -> Tensor:
        """Project centred sentence vectors (n, d) to unit vectors (n, 128)."""
        centred = self.dropout(centred)
        projected = self.output(self.dropout(F.relu(self.hidden(centred)))) + self.linear(centred)
        return F.normalize(projected, dim=1)


def train_projection(
    sentences: Float32Array,
    captions: Sequence[Caption],
    pieces: Pieces,
    scores: Mapping[str, Float64Array],
    schedule: TextSchedule,
) -> ProjectionNetwork:
    """Train the projection.

    Args:
        sentences: (n, d) centred sentence vectors of unit length.
        captions: The n captions.
        pieces: The music.
        scores: Concept → (n_pieces,), from `Lexicon.scores`.
        schedule: The settings.

    Returns:
        The trained network, in evaluation mode.
    """
    torch.manual_seed(schedule.seed)
    random = np.random.default_rng(schedule.seed)
    network = ProjectionNetwork(sentences.shape[1], schedule)
    optimiser = torch.optim.AdamW(network.parameters(), schedule.learning_rate, weight_decay=schedule.weight_decay)
    steps = schedule.epochs * (len(captions) // schedule.batch)
    annealing = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    music = torch.from_numpy(pieces.embeddings.astype(np.float32))
    names = list(scores)
    table = torch.from_numpy(np.stack([scores[name] for name in names]).astype(np.float32))  # (concepts, pieces)
    weights = _weights(captions, names)
    texts = torch.from_numpy(sentences)
    network.train()
    for epoch in range(schedule.epochs):
        losses = []
        for batch in np.array_split(random.permutation(len(captions)), len(captions) // schedule.batch):
            chosen = torch.from_numpy(random.choice(len(music), min(schedule.pieces, len(music)), replace=False))
            wanted = weights[torch.from_numpy(batch)] @ table[:, chosen]
            wanted = (wanted - wanted.mean(1, keepdim=True)) / wanted.std(1, keepdim=True)
            cosines = network(texts[torch.from_numpy(batch)]) @ music[chosen].T
            target = F.softmax(schedule.sharpness * wanted, dim=1)
            loss = F.cross_entropy(cosines / schedule.temperature, target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            annealing.step()
            losses.append(loss.item())
        _print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}")
    return network.eval()


def _weights(captions: Sequence[Caption], names: Sequence[str]) -> Tensor:
    """(captions, concepts): the sign of each concept that a caption names."""
    columns = {name: column for column, name in enumerate(names)}
    weights = torch.zeros(len(captions), len(names))
    for row, caption in enumerate(captions):
        for name, weight in caption.concepts.items():
            weights[row, columns[name]] = weight
    return weights


def train_understanding(understood: Float32Array, refused: Float32Array, seed: int) -> nn.Sequential:
    """Train the classifier of understood texts.

    Args:
        understood: (n, d) centred sentence vectors of texts that the tower must accept.
        refused: (m, d) of texts that it must refuse.
        seed: Of weights and batches.

    Returns:
        A network whose output, (n, 1) log-odds, is positive for understood texts; both kinds have the same weight.
    """
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Dropout(0.2), nn.Linear(understood.shape[1], _UNDERSTANDING_UNITS), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(_UNDERSTANDING_UNITS, 1),
    )  # fmt: skip
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.05)
    texts = torch.from_numpy(np.concatenate([understood, refused]))
    targets = torch.cat([torch.ones(len(understood)), torch.zeros(len(refused))])
    weights = torch.where(targets > 0, 0.5 / len(understood), 0.5 / len(refused)) * len(texts)
    random = np.random.default_rng(seed)
    network.train()
    for _ in range(_UNDERSTANDING_EPOCHS):
        for batch in np.array_split(random.permutation(len(texts)), max(1, len(texts) // 512)):
            rows = torch.from_numpy(batch)
            loss = F.binary_cross_entropy_with_logits(network(texts[rows])[:, 0], targets[rows], weights[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network.eval()


_UNDERSTANDING_UNITS = 64
_UNDERSTANDING_EPOCHS = 20


def _feel_directions(pieces: Pieces) -> Float64Array:
    """(2, 128): the unit directions in which valence and energy rise, by ridge regression."""
    gram = pieces.embeddings.T @ pieces.embeddings + _RIDGE * len(pieces.embeddings) * np.eye(EMBEDDING_SIZE)
    targets = [pieces.features[:, list(pieces.names).index(name)] for name in ("valence", "energy")]
    return unit_rows(np.stack([np.linalg.solve(gram, pieces.embeddings.T @ target) for target in targets]))


_RIDGE = 1e-3  # of the number of pieces
