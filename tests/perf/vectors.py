"""Libraries of any size for benchmarks: vectors with the distribution of the encoder's, or in clusters, and fields.

`encoder_like` draws albums from a kernel density of the 166 real embeddings in `docs/evaluation/validation.npz`
(mixtures of two neighbours, plus noise with their covariance) and the tracks of an album around it. Its energy, valence
and other numbers follow the vectors as in the real tracks, so that filters are correlated with queries.

`clustered` is the hardest case for a graph: 200 clusters of almost equidistant points; a genre is a set of whole
clusters, and the numbers are independent of the vectors.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from services.domain.filters import ATTRIBUTES
from services.domain.track import EMBEDDING_DIM
from services.domain.vector_index import PayloadValue, Point

REAL = Path(__file__).parents[2] / "docs" / "evaluation" / "validation.npz"
CLUSTERS = 200
CLUSTER_SCALE = 0.7
TRACKS_OF_ALBUM, ALBUMS_OF_ARTIST = 11, 3
ALBUM_SCALE, TRACK_SCALE = 0.85, 0.35
"""Standard deviations of the noise relative to that of the real embeddings: of albums, and of tracks in an album."""
NEIGHBOURS = 10
GENRES, COMMON = 40, 0.12
"""The number of genres, and the share of the most common one; each next one is a little rarer."""
TAGS, TAGS_OF_TRACK = 50, 4
LIBRARIES = ("main", "main", "main", "guests")

Vectors = NDArray[np.float32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Tracks:
    """The tracks of a library.

    Attributes:
        vectors: (n, 128), of unit length.
        numbers: (n,) for each field with a range.
        genres: (n,), the number of each track's genre.
        tags: (n, 4), the numbers of its tags.
    """

    vectors: Vectors
    numbers: dict[str, Numbers]
    genres: NDArray[np.int64]
    tags: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of tracks."""
        return len(self.vectors)

    def payload(self, number: int) -> dict[str, PayloadValue]:
        """Return the fields of a track that filters may use."""
        album = number // TRACKS_OF_ALBUM
        known: dict[str, PayloadValue] = {name: float(values[number]) for name, values in self.numbers.items()}
        return known | {
            "genre": [f"genre {self.genres[number]}"],
            "tags": [f"tag {tag}" for tag in self.tags[number]],
            "artist": [f"artist {album // ALBUMS_OF_ARTIST}"],
            "album": [f"album {album}"],
            "library": [LIBRARIES[album % len(LIBRARIES)]],
        }

    def points(self) -> Iterator[Point]:
        """Iterate over the points of all tracks."""
        return (Point(identifier(number), self.vectors[number], self.payload(number)) for number in range(len(self)))


def identifier(number: int) -> str:
    """Return a track's id, in no order of the numbers."""
    return str(UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128))


def encoder_like(count: int, seed: int = 0) -> Tracks:
    """Return tracks whose vectors and numbers have the distribution of real ones."""
    random = np.random.default_rng(seed)
    with np.load(REAL, allow_pickle=False) as file:
        real, described = file["embeddings"].astype(float), json.loads(str(file["tracks"]))
    spread = np.linalg.cholesky(np.cov(real.T) + 1e-6 * np.eye(EMBEDDING_DIM)).T.astype(np.float32)
    albums = _density(random, real, spread, -(-count // TRACKS_OF_ALBUM))
    vectors = np.repeat(albums, TRACKS_OF_ALBUM, axis=0)[:count]
    for part in np.array_split(np.arange(count), max(1, count // 50_000)):
        noise = random.standard_normal((len(part), EMBEDDING_DIM), dtype=np.float32) @ spread
        vectors[part] = _unit(vectors[part] + TRACK_SCALE * noise)
    numbers = _independent(random, count)
    for name in (*ATTRIBUTES, "tempo", "loudness", "brightness", "onset_rate"):
        values = [track["attributes"].get(name, track["descriptors"].get(name)) for track in described]
        if None not in values:
            numbers[name] = _following(random, vectors, real, np.array(values, dtype=float))
    directions = random.standard_normal((EMBEDDING_DIM, GENRES), dtype=np.float32)
    return Tracks(vectors, numbers, _genres(albums @ directions, count), _tags(vectors, random))


def clustered(count: int, seed: int = 0) -> Tracks:
    """Return tracks in clusters."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((CLUSTERS, EMBEDDING_DIM), dtype=np.float32)
    clusters = np.arange(count) % CLUSTERS
    vectors = CLUSTER_SCALE * random.standard_normal((count, EMBEDDING_DIM), dtype=np.float32)
    vectors = _unit(vectors + centres[clusters])
    return Tracks(vectors, _independent(random, count), clusters % GENRES, _tags(vectors, random))


def _density(random: np.random.Generator, real: Numbers, spread: Vectors, count: int) -> Vectors:
    nearest = np.argsort(-(real @ real.T), axis=1)[:, 1 : NEIGHBOURS + 1]
    first = random.integers(len(real), size=count)
    second = nearest[first, random.integers(NEIGHBOURS, size=count)]
    share = random.random((count, 1), dtype=np.float32)
    mixed = share * real[first] + (1 - share) * real[second]
    noise = random.standard_normal((count, EMBEDDING_DIM), dtype=np.float32) @ spread
    return _unit((mixed + ALBUM_SCALE * noise).astype(np.float32))


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _following(random: np.random.Generator, vectors: Vectors, real: Numbers, values: Numbers) -> Numbers:
    """Return numbers with the distribution of real values that depend on the vectors as those do (ridge regression)."""
    weights = np.linalg.solve(real.T @ real + np.eye(EMBEDDING_DIM), real.T @ (values - values.mean()))
    rest = np.std(values - values.mean() - real @ weights)
    scores = vectors @ weights.astype(np.float32) + random.normal(scale=rest, size=len(vectors))
    ranks = np.argsort(np.argsort(scores)) / max(1, len(scores) - 1)
    following: Numbers = np.quantile(values, ranks)
    return following


def _independent(random: np.random.Generator, count: int) -> dict[str, Numbers]:
    numbers = {name: random.random(count) for name in (*ATTRIBUTES, "flux", "mobility")}
    numbers |= {"tempo": 60 + 120 * random.random(count), "loudness": -30 * random.random(count)}
    numbers |= {"brightness": 4_000 * random.random(count), "onset_rate": 8 * random.random(count)}
    for name, low, high in (("key", 0, 12), ("mode", 0, 2), ("time_signature", 3, 5), ("year", 1960, 2027)):
        numbers[name] = random.integers(low, high, count).astype(float)
    return numbers | {"duration_ms": random.integers(60_000, 480_000, count).astype(float)}


def _genres(affinity: Vectors, count: int) -> NDArray[np.int64]:
    """Return a genre for each track, the same in an album: the one to which its direction fits, common ones first."""
    order = np.argsort(np.argsort(affinity, axis=0), axis=0) / len(affinity)
    shares = COMMON * 0.9 ** np.arange(GENRES)
    best: NDArray[np.int64] = np.argmax((order - 1) / shares, axis=1)
    return np.repeat(best, TRACKS_OF_ALBUM)[:count]


def _tags(vectors: Vectors, random: np.random.Generator) -> NDArray[np.int64]:
    directions = random.standard_normal((EMBEDDING_DIM, TAGS), dtype=np.float32)
    chosen = [
        np.argpartition(-(part @ directions), TAGS_OF_TRACK, axis=1)[:, :TAGS_OF_TRACK]
        for part in np.array_split(vectors, max(1, len(vectors) // 50_000))
    ]
    return np.concatenate(chosen)
