"""Measures of a space: neighbours, hubs, odd ones, directions of attributes, and two spaces side by side."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from segue_client.lab.library import Library, vectors

Vectors = NDArray[np.float32]

NEIGHBOURS = 10
CHUNK_ROWS = 1000
"""Rows whose similarities with all others are in memory at a time."""

SAME_RECORDING = 0.97
"""Least cosine similarity of tracks that may be the same recording."""

SAME_LENGTH_SECONDS = 2.0
FOLDS = 5
RIDGE = 1.0
LEAST_VALUES = 20
"""A direction from fewer tracks would be noise."""

ATTRIBUTES = ("energy", "valence", "danceability", "acousticness", "instrumentalness", "liveness", "speechiness")
DESCRIPTORS = ("tempo", "loudness", "brightness", "onset_rate", "flux", "mobility")


@dataclass(frozen=True, slots=True)
class Directions:
    """Directions of attributes in the space.

    Attributes:
        explained: Share of each attribute's variance that a line explains on tracks that it was not fitted to.
        cosines: Cosine of the angle between each two directions.
    """

    explained: pd.Series
    cosines: pd.DataFrame


def nearest(space: Vectors, count: int = NEIGHBOURS) -> tuple[NDArray[np.int64], Vectors]:
    """Return (n, count) places of each row's nearest other rows, nearest first, and their cosine similarities."""
    count = min(count, len(space) - 1)
    places = np.empty((len(space), count), np.int64)
    scores = np.empty((len(space), count), np.float32)
    for start in range(0, len(space), CHUNK_ROWS):
        rows = np.arange(start, min(start + CHUNK_ROWS, len(space)))
        similar = space[rows] @ space.T
        similar[np.arange(len(rows)), rows] = -np.inf
        best = np.argsort(-similar, axis=1, kind="stable")[:, :count]
        places[rows], scores[rows] = best, np.take_along_axis(similar, best, axis=1)
    return places, scores


def hubness(space: Vectors, count: int = NEIGHBOURS) -> tuple[NDArray[np.int64], float]:
    """Return how often each row is among the nearest of others, and the skewness of these counts.

    The skewness is 0 if every track is found equally often; a hub is found for many tracks that have little in common
    (Radovanović et al., 2010).
    """
    counts = np.bincount(nearest(space, count)[0].ravel(), minlength=len(space))
    deviation = counts - counts.mean()
    spread = float(np.sqrt(np.mean(deviation**2)))
    return counts, float(np.mean(deviation**3)) / spread**3 if spread > 0 else 0.0


def odd_ones_out(library: Library, count: int = NEIGHBOURS) -> pd.DataFrame:
    """Return the tracks that are filed under one name and sound like another, the clearest ones first.

    `own` is the share of the nearest tracks that are filed under the same name, and `other` of those under
    `sounds_like`, the most frequent other name.
    """
    filed = library.tracks["filed_under"].to_numpy()
    around = filed[nearest(library.space, count)[0]]
    own = (around == filed[:, None]).mean(axis=1)
    names, shares = zip(
        *(_most_frequent_other(each, name) for each, name in zip(around, filed, strict=True)), strict=True
    )
    found = library.tracks[["title", "artist", "filed_under", "energy"]].assign(
        sounds_like=names, own=own, other=shares
    )
    return found[found["other"] > found["own"]].sort_values(["own", "other"], ascending=[True, False])


def _most_frequent_other(around: NDArray[np.object_], own: str) -> tuple[str, float]:
    others = pd.Series(around[around != own]).value_counts()
    return ("", 0.0) if others.empty else (str(others.index[0]), float(others.iloc[0] / len(around)))


def duplicates(library: Library) -> pd.DataFrame:
    """Return the pairs of tracks that may be the same recording: nearly the same sound and length."""
    places, scores = nearest(library.space, NEIGHBOURS)
    seconds = library.tracks["seconds"].to_numpy()
    rows, columns = np.nonzero(scores >= SAME_RECORDING)
    pairs = {
        (min(row, other), max(row, other)): score
        for row, other, score in zip(rows, places[rows, columns], scores[rows, columns], strict=True)
    }
    kept = [
        (*pair, score)
        for pair, score in pairs.items()
        if abs(seconds[pair[0]] - seconds[pair[1]]) <= SAME_LENGTH_SECONDS
    ]
    path = library.tracks["path"].to_numpy()
    table = [(path[one], path[other], float(score), seconds[one], seconds[other]) for one, other, score in kept]
    columns_of_pairs = ["one", "other", "similarity", "seconds_of_one", "seconds_of_other"]
    return pd.DataFrame(table, columns=columns_of_pairs).sort_values("similarity", ascending=False, ignore_index=True)


def albums_by_homogeneity(library: Library, least: int = 3) -> pd.DataFrame:
    """Return the albums with at least so many tracks by the length of their mean vector: 1 if all tracks are one.

    Albums without a name are told apart by their folder.
    """
    tracks = library.tracks
    album = tracks["album"].fillna(tracks["folder"])
    rows = []
    for name, places in pd.Series(np.arange(len(tracks)), index=tracks.index).groupby(album.to_numpy()):
        mean = float(np.linalg.norm(library.space[places.to_numpy()].mean(axis=0)))
        energy = tracks["energy"].iloc[places.to_numpy()]
        rows.append((name, len(places), mean, energy.min(), energy.max()))
    found = pd.DataFrame(rows, columns=["album", "tracks", "homogeneity", "lowest_energy", "highest_energy"])
    return found[found["tracks"] >= least].sort_values("homogeneity", ascending=False, ignore_index=True)


def directions(library: Library, names: tuple[str, ...] = ATTRIBUTES + DESCRIPTORS) -> Directions:
    """Fit a line to each attribute by ridge regression, and measure it on tracks that it was not fitted to."""
    explained, lines = {}, {}
    for name in names:
        known = library.tracks[name].notna().to_numpy()
        values = library.tracks[name].to_numpy(float)[known]
        if known.sum() < LEAST_VALUES or values.std() == 0:
            continue
        explained[name], lines[name] = _cross_validated(library.space[known].astype(float), values)
    unit = np.array(list(lines.values())).reshape(len(lines), -1)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return Directions(
        pd.Series(explained, dtype=float), pd.DataFrame(unit @ unit.T, index=list(lines), columns=list(lines))
    )


def _cross_validated(space: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return the explained share of the variance on left-out folds, and the line of all rows."""
    fold = np.random.default_rng(0).permutation(len(values)) % FOLDS
    guessed = np.empty_like(values)
    for number in range(FOLDS):
        rest = fold != number
        line = _line(space[rest], values[rest])
        guessed[~rest] = values[rest].mean() + (space[~rest] - space[rest].mean(axis=0)) @ line
    share = 1 - float(np.sum((values - guessed) ** 2) / np.sum((values - values.mean()) ** 2))
    return share, _line(space, values)


def _line(space: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = space - space.mean(axis=0)
    penalty = RIDGE * np.eye(space.shape[1])
    return np.linalg.solve(centred.T @ centred + penalty, centred.T @ (values - values.mean()))


def disagreeing_neighbours(
    library: Library, names: tuple[str, ...] = ("energy", "valence", "acousticness")
) -> pd.DataFrame:
    """Return pairs of a track and its nearest one by how much their attributes differ, the worst ones first."""
    places, scores = nearest(library.space, 1)
    values = library.tracks[list(names)].to_numpy(float)
    difference = np.nanmax(np.nan_to_num(np.abs(values - values[places[:, 0]])), axis=1)
    which = np.array(names)[np.nan_to_num(np.abs(values - values[places[:, 0]])).argmax(axis=1)]
    tracks = library.tracks
    found = pd.DataFrame(
        {
            "title": tracks["title"].to_numpy(),
            "nearest": tracks["title"].to_numpy()[places[:, 0]],
            "nearest_id": tracks.index.to_numpy()[places[:, 0]],
            "similarity": scores[:, 0],
            "attribute": which,
            "difference": difference,
        },
        index=tracks.index,
    )
    return found.sort_values("difference", ascending=False)


def descriptor_space(library: Library) -> Vectors:
    """Return a space of signal processing only, to compare with: standardised descriptors, of unit length."""
    values = library.tracks[list(DESCRIPTORS)].to_numpy(float)
    filled = np.where(np.isnan(values), np.nanmean(values, axis=0), values)
    spread = filled.std(axis=0)
    standard = (filled - filled.mean(axis=0)) / np.where(spread > 0, spread, 1)
    lengths = np.linalg.norm(standard, axis=1, keepdims=True)
    return np.asarray(standard / np.maximum(lengths, 1e-9), np.float32)


def read_embeddings(folder: Path, library: Library) -> tuple[Vectors, str]:
    """Return the embeddings of the same tracks by another model version, from an earlier `segue export`, and its name.

    Raises:
        ValueError: the export lacks tracks of the library.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415  takes a moment, and few notebooks need it

    table = pq.read_table(folder / "embeddings")
    places = {track: row for row, track in enumerate(table["track_id"].to_pylist())}
    missing = [each for each in library.tracks.index if each not in places]
    if missing:
        raise ValueError(f"{folder} lacks the embeddings of {len(missing)} tracks, such as {missing[0]}.")
    rows = [places[each] for each in library.tracks.index]
    return vectors(table)[rows], str(table["model_version"][0].as_py())


def compared(one: Vectors, other: Vectors, count: int = NEIGHBOURS) -> NDArray[np.float64]:
    """Return, for each track, the share of its nearest tracks that two spaces have in common."""
    first, second = nearest(one, count)[0], nearest(other, count)[0]
    return np.array([len(np.intersect1d(*pair)) / len(pair[0]) for pair in zip(first, second, strict=True)])
