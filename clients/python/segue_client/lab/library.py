"""The library as a table of tracks and a matrix of embeddings."""

import os
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from segue_client import Segue
from segue_client._sync.connection import DEFAULT_URL

MOST_TRACKS = 20_000
"""Measures of neighbours compare each track with each other one, which takes seconds up to this number."""

GROUPED_BY_GENRE = 0.5
"""Least share of tracks with a genre for groups by genre."""

REGION = ["level", "x", "y", "label", "tracks"]
OTHER = "other"
MOST_GROUPS = 7
"""A palette for colour-blind readers has no more colours."""

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Library:
    """The analysed tracks of a service.

    Attributes:
        tracks: A row a track, by its id: names, attributes, descriptors, `group` and, on the map, `x` and `y`.
        tags: Strength of each tag, 0 to 1: a row a track, a column a tag.
        space: (n, dimension) embeddings of unit length, in the order of the tracks.
        regions: A row a region of the map: `level`, `x`, `y`, `label`, `tracks`.
        model_version: Version of the encoder.
        total: Number of analysed tracks; more than there are rows if these are a sample.
    """

    tracks: pd.DataFrame
    tags: pd.DataFrame
    space: NDArray[np.float32]
    regions: pd.DataFrame
    model_version: str
    total: int


def connect() -> Segue:
    """Return a client of the service at `SEGUE_URL`, with the key in `SEGUE_API_KEY` if there is one."""
    key = os.environ.get("SEGUE_API_KEY") or None
    return Segue(os.environ.get("SEGUE_URL") or DEFAULT_URL, key=key, timeout=TIMEOUT_SECONDS)


def load(client: Segue, *, most: int = MOST_TRACKS, seed: int = 0) -> Library:
    """Read the analysed tracks of a service; of a larger library, a random sample.

    Raises:
        ValueError: no track is analysed.
    """
    embeddings = client.tables.embeddings()
    total = embeddings.num_rows
    if total == 0:
        raise ValueError(f"No track of {client.url} is analysed. Start Segue on a folder of music with `make up`.")
    if total > most:
        embeddings = embeddings.take(np.sort(np.random.default_rng(seed).choice(total, most, replace=False)))
    # The tables are of different moments: a track may be in one of them only.
    wanted = embeddings["track_id"].to_pylist()
    features = client.tables.features(wanted).to_pandas(maps_as_pydicts="strict").set_index("track_id")
    rows = client.tables.tracks(wanted).to_pandas().set_index("track_id")
    ids = [each for each in wanted if each in rows.index and each in features.index]
    found = rows.loc[ids].join(features.loc[ids].drop(columns=["model_version", "duration"]))
    tags = _tags(found.pop("tags"))
    versions = embeddings["model_version"].to_pylist()
    places = {track: row for row, track in enumerate(wanted)}
    return Library(
        tracks=_placed(client, _described(found, tags)),
        tags=tags,
        space=vectors(embeddings)[[places[each] for each in ids]],
        regions=pd.DataFrame(client.request("GET", "/v1/map/regions").json()["regions"], columns=REGION),
        model_version=max(set(versions), key=versions.count),
        total=total,
    )


def vectors(embeddings: pa.Table) -> NDArray[np.float32]:
    """Return the (n, dimension) vectors of a table of embeddings."""
    flat = embeddings["embedding"].combine_chunks().flatten().to_numpy()
    return np.asarray(flat, np.float32).reshape(embeddings.num_rows, -1)


def _tags(strengths: pd.Series) -> pd.DataFrame:
    """Return a column a tag. Two vocabularies have some tags in common, and then the stronger value counts."""
    table = pd.DataFrame(strengths.map(lambda each: each or {}).tolist(), index=strengths.index)
    names = [name.split(":")[-1].lower() for name in table.columns]
    return table.T.groupby(names).max().T


def _described(tracks: pd.DataFrame, tags: pd.DataFrame) -> pd.DataFrame:
    """Return the tracks with names for everything, lengths in seconds and groups."""
    folder = tracks["path"].map(lambda path: path.split("/")[0] if path and "/" in path else ".")
    genre = tracks["genres"].map(lambda genres: genres[0] if len(genres) else None)
    by_genre = genre.notna().mean() >= GROUPED_BY_GENRE
    group = genre.fillna("without a genre") if by_genre else folder
    common = group.value_counts().index[:MOST_GROUPS]
    return tracks.assign(
        title=tracks["title"].fillna("without a title"),
        artist=tracks["artist"].fillna("unknown artist"),
        seconds=tracks["duration_ms"] / 1000,
        folder=folder,
        filed_under=group,
        group=group.where(group.isin(common), OTHER),
        top_tag=tags.idxmax(axis=1) if len(tags.columns) else "",
    )


def _placed(client: Segue, tracks: pd.DataFrame) -> pd.DataFrame:
    """Return the tracks with their places on the service's map, from 0 to 1; NaN for those that have none yet."""
    width = client.request("GET", "/v1/map").json()["width"]
    points = client.request("GET", "/v1/map/points", timeout=TIMEOUT_SECONDS).json()
    places = pd.DataFrame({"x": points["x"], "y": points["y"]}, index=points["ids"], dtype=float) / width
    return tracks.join(places)
