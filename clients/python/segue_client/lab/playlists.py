"""Tracks in an order: how they follow each other, and their way over the map."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from segue_client.lab.figures import PALETTE, UNITS
from segue_client.lab.library import Library

ORDERS = 1_000
"""Random orders that a playlist is compared with."""


def sequence(library: Library, ids: Sequence[str]) -> pd.DataFrame:
    """Return the tracks in this order, with their `position` from 1 and the cosine `similarity` to the one before."""
    places = library.tracks.index.get_indexer(list(ids))
    kept = places[places >= 0]  # of a large library, only a sample is here
    space = library.space[kept]
    similar = np.full(len(kept), np.nan)
    similar[1:] = np.einsum("ij,ij->i", space[1:], space[:-1])
    found = library.tracks.iloc[kept]
    return found.assign(position=np.arange(1, len(kept) + 1), similarity=similar)


def random_flow(library: Library, ids: Sequence[str], *, seed: int = 0) -> float:
    """Return the mean similarity of tracks that follow each other, of random orders of the same tracks."""
    space = library.space[library.tracks.index.get_indexer(list(ids))]
    similar, random = space @ space.T, np.random.default_rng(seed)
    orders = [random.permutation(len(space)) for _ in range(ORDERS)]
    return float(np.mean([similar[order[1:], order[:-1]].mean() for order in orders]))


def arc_figure(tracks: pd.DataFrame, title: str) -> Figure:
    """Return energy, valence and tempo of a `sequence`, and the cosine similarity of each track to the one before."""
    figure, (mood, tempo, flow) = plt.subplots(3, 1, figsize=(9, 6), sharex=True, height_ratios=(3, 2, 2))
    for colour, name in zip(PALETTE, ("energy", "valence"), strict=False):
        mood.plot(tracks["position"], tracks[name], "o-", color=colour, label=name)
    mood.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    mood.set(ylim=(0, 1), ylabel="0 to 1", title=title)
    tempo.plot(tracks["position"], tracks["tempo"], "o-", color=PALETTE[2])
    tempo.set_ylabel(UNITS["tempo"].replace(" per", "\nper"))
    flow.bar(tracks["position"], tracks["similarity"], color=PALETTE[7], width=0.6)
    flow.set(ylim=(min(-0.1, tracks["similarity"].min()), 1), ylabel="similarity to\nthe one before")
    flow.axhline(0, color="black", linewidth=0.8)
    names = [f"{row.position}. {row.title[:24]}" for row in tracks.itertuples()]
    flow.set_xticks(tracks["position"], names, rotation=50, ha="right", fontsize="small")
    return figure


def route_figure(library: Library, lists: Mapping[str, Sequence[str]]) -> Figure:
    """Return the map with the way of each list over it, from its first track (a ring) to its last."""
    tracks = library.tracks.dropna(subset=["x", "y"])
    figure, axes = plt.subplots(figsize=(8, 5.4))
    axes.scatter(tracks["x"], tracks["y"], s=14, color="#CFCFCF", label=f"the library ({len(tracks)})")
    for colour, (name, ids) in zip(PALETTE, lists.items(), strict=False):
        way = tracks.loc[[each for each in ids if each in tracks.index]]
        axes.plot(way["x"], way["y"], "o-", color=colour, markersize=5, linewidth=1.4, label=f"{name} ({len(way)})")
        axes.plot(way["x"].head(1), way["y"].head(1), "o", color=colour, markersize=13, fillstyle="none")
    axes.set(xticks=[], yticks=[], title="The lists on the map; a ring is the first track")
    axes.set_aspect("equal")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
