"""Pieces of music that the text tower is trained with: their points in the vibe space, and their features."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models.arrays import Arrays, Float64Array, cached_arrays, unit_rows
from models.audio.decode import read_windows
from models.audio.frontend import MelParameters
from models.corpus.corpus import CorpusTrack, fetch, packages
from models.descriptors.describe import describe
from models.encoder import FEEL_ATTRIBUTES, VibeEncoder
from models.errors import AnalysisError
from models.network import EMBEDDING_SIZE
from models.tag_balances import log_odds
from models.teachers.weights import build_teachers
from models.training.examples import Examples, Source, make_track_examples

_DESCRIPTORS = ("tempo", "brightness", "onset_rate", "flux", "mobility", "mode")
_RIDGE = 1e-3  # of the number of pieces


@dataclass(frozen=True, slots=True)
class Pieces:
    """Windows of recordings.

    Attributes:
        embeddings: (n, 128) of unit length.
        features: (n, n_features), standardised; 0 where a feature is unknown.
        names: The names of the features.
        titles: Title of a recording → the rows of its windows.
    """

    embeddings: Float64Array
    features: Float64Array
    names: Sequence[str]
    titles: Mapping[str, range]

    def feature(self, name: str) -> Float64Array:
        """Return (n,): a feature of all pieces."""
        return self.features[:, list(self.names).index(name)]

    def direction(self, values: Float64Array) -> Float64Array:
        """Return the unit vector (128,) along which values of all pieces (n,) rise, by ridge regression."""
        gram = self.embeddings.T @ self.embeddings + _RIDGE * len(self.embeddings) * np.eye(EMBEDDING_SIZE)
        solved = np.linalg.solve(gram, self.embeddings.T @ values)
        direction: Float64Array = unit_rows(solved[None])[0]
        return direction

    def likeness(self, rows: range) -> Float64Array:
        """Return (n,), standardised: the cosine of each piece to the mean of some rows."""
        cosines = self.embeddings @ self.embeddings[rows].mean(axis=0)
        likeness: Float64Array = (cosines - cosines.mean()) / cosines.std()
        return likeness


@torch.inference_mode()
def read_pieces(cache: Path, encoder: VibeEncoder, on_progress: Callable[[str], None]) -> Pieces:
    """Embed the training corpus, and read its tags, attributes and descriptors.

    The examples are those of `python -m models.training`; missing ones are made.

    Args:
        cache: The corpus's cache.
        encoder: The encoder of the vibe space.
        on_progress: Called with a line for each step.

    Returns:
        The pieces.
    """
    tracks = fetch(packages("train"), cache)
    teachers = build_teachers(cache / "musicnn", MelParameters())
    directory = cache / "examples"
    sources = {track.cache_file(directory / "train", ".npz"): track for track in tracks}
    recorded = make_track_examples(
        (Source(track.path, file) for file, track in sources.items()),
        teachers,
        lambda file, error: on_progress(f"{file}: {error}"),
    )
    embeddings, features, titles, count = [], [], {}, 0
    for file in recorded:
        examples, track = Examples.read(file), sources[file]
        output = encoder.network(torch.from_numpy(examples.log_mel.astype(np.float32)))
        size = len(examples.log_mel)
        descriptors = _descriptors(track, directory / "descriptors", encoder)
        feel = encoder.feel(output.features).numpy()
        embeddings.append(output.embedding.numpy())
        features.append(np.hstack([log_odds(examples.tags.astype(np.float64)), feel, np.tile(descriptors, (size, 1))]))
        titles[track.title] = range(count, count + size)
        count += size
    table = np.concatenate(features)
    scaled = (table - np.nanmean(table, axis=0)) / np.nanstd(table, axis=0)
    names = (*teachers.tag_names, *FEEL_ATTRIBUTES, *_DESCRIPTORS)
    return Pieces(np.concatenate(embeddings).astype(np.float64), np.nan_to_num(scaled), names, titles)


def _descriptors(track: CorpusTrack, directory: Path, encoder: VibeEncoder) -> Float64Array:
    """(n_descriptors,), NaN where a descriptor is unknown; mode is its confidence, negative for minor."""

    def described() -> Arrays:
        try:
            windows = read_windows(track.path)
        except AnalysisError:
            return {"values": np.full(len(_DESCRIPTORS), np.nan)}
        found = describe(windows, encoder.log_mel(torch.from_numpy(windows.samples)).numpy())
        majorness = found["mode_confidence"] * (1.0 if found["mode"] else -1.0)
        values = dict(found) | {"mode": majorness}
        return {"values": np.array([np.nan if values[name] is None else values[name] for name in _DESCRIPTORS])}

    return cached_arrays(track.cache_file(directory, ".npz"), described)["values"].astype(np.float64)
