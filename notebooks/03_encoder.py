# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3. How good the encoder is here
#
# The encoder places each track in a space of 128 dimensions, from its sound alone. Judge it by ear and by numbers: are
# the nearest tracks alike, does an altered copy still find its original, what do directions mean, and where does it
# fail?
#
# `make lab` opens this notebook on a running Segue, or on the demo library. Set `SEGUE_URL` for another service, and
# `SEGUE_EMBEDDINGS` to the folder of an earlier `segue export` to compare two model versions.

# %%
import os
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from segue_client import lab

lab.style()
client = lab.connect()
library = lab.load(client)
tracks = library.tracks
print(f"{len(tracks)} of {library.total} analysed tracks, by model version {library.model_version}")

# %% [markdown]
# ## Nearest neighbours, to hear
#
# The calmest, the most energetic and the happiest track, each followed by its three nearest ones. Do they fit?

# %%
places, scores = lab.nearest(library.space)
seeds = {"calmest": "energy", "most energetic": "energy", "happiest": "valence"}
heard = []
for role, name in seeds.items():
    row = int(tracks[name].to_numpy().argmin() if role == "calmest" else tracks[name].to_numpy().argmax())
    heard.append((row, role, 1.0))
    heard += [(places[row, rank], f"{rank + 1}. nearest", float(scores[row, rank])) for rank in range(3)]
rows, roles, similarities = zip(*heard, strict=True)
table = tracks.iloc[list(rows)][["title", "group", "energy", "valence"]]
table.insert(0, "role", roles)
lab.players(client, table.assign(similarity=similarities), seconds=4)

# %% [markdown]
# ## Are neighbours from the same group?
#
# The encoder knows neither folders nor genres. The bars are the share of a track's ten nearest that belong to its own
# group, compared with a random choice.

# %%
filed = tracks["filed_under"].to_numpy()
own = (filed[places] == filed[:, None]).mean(axis=1)
chance = (tracks["filed_under"].map(tracks["filed_under"].value_counts()) - 1) / (len(tracks) - 1)
shares = pd.DataFrame({"own group": own, "by chance": chance}).groupby(tracks["group"]).mean()
figure, axes = plt.subplots(figsize=(9, 1.2 + 0.5 * len(shares)))
shares[::-1].plot.barh(ax=axes, color=[lab.PALETTE[0], lab.PALETTE[7]])
axes.set(xlim=(0, 1), xlabel="share of the ten nearest tracks", ylabel="")
axes.set_title("Neighbours from the own group")
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
text = "; ".join(f"{name} {row['own group']:.2f}, by chance {row['by chance']:.2f}" for name, row in shares.iterrows())
lab.show(figure, f"Bars of groups: the share of the ten nearest tracks from the own group. {text}.")

# %% [markdown]
# ## Robustness
#
# Twenty seconds from the middle of a track are altered and sent to `POST /v1/search/audio`. The track itself should
# come first. The tracks are a random sample.

# %%
sample = tracks.sample(min(5, len(tracks)), random_state=0)
ranks = lab.robustness(client, list(sample.index))
print(f"{len(ranks)} tracks × {len(ranks.columns)} alterations; the rank of the track in the answer to its clip:")
ranks.astype("Int64").set_index(sample.loc[ranks.index, "title"])

# %% tags=["figure-robustness"]
found = pd.DataFrame({"first": (ranks == 1).mean(), "among the first five": (ranks <= 5).mean()})
figure, axes = plt.subplots(figsize=(9, 3.4))
found[::-1].plot.barh(ax=axes, color=[lab.PALETTE[0], lab.PALETTE[4]])
axes.set(xlim=(0, 1), xlabel=f"share of {len(ranks)} tracks", title="Tracks that an altered clip of them finds")
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
text = "; ".join(f"{name} {share:.0%}" for name, share in found["first"].items())
lab.show(figure, f"Bars of alterations: how often the altered clip finds its track first. {text}.")

# %% [markdown]
# ## What directions mean
#
# A line through the space for each attribute, by ridge regression, measured on tracks that it was not fitted to (five
# folds). An attribute with a high share can be asked for by moving along its line; two lines with a cosine near 1 or −1
# cannot be moved apart. With few tracks the shares are low: a line in 128 dimensions needs some hundred tracks.

# %% tags=["figure-directions"]
directions = lab.directions(library)
best = directions.explained.sort_values(ascending=False).head(3)
lab.show(
    lab.direction_figure(directions),
    alt="Left: the share of each attribute's variance that a line explains, highest for "
    + ", ".join(f"{name} ({max(share, 0):.2f})" for name, share in best.items())
    + ". Right: the cosine of the angle between each two of these lines.",
)

# %% [markdown]
# ## Where it fails: hubs
#
# Some tracks are among the nearest of very many others, and are then recommended too often. In an even space each track
# is found about ten times, and the skewness is near 0.

# %%
counts, skewness = lab.hubness(library.space)
figure, axes = plt.subplots(figsize=(8, 3))
axes.hist(counts, bins=np.arange(counts.max() + 2) - 0.5, color=lab.PALETTE[0], edgecolor="white")
axes.set(xlabel="times among the ten nearest of others", ylabel="tracks")
axes.set_title(f"How often each track is a neighbour: skewness {lab.amount(skewness)}")
text = f"skewness {skewness:.2f}, {(counts == 0).sum()} tracks never, at most {counts.max()} times"
lab.show(figure, f"Histogram of how often a track is among the ten nearest of others: {text}.")
hubs = tracks.assign(found=counts).nlargest(3, "found")[["title", "group", "energy", "found"]]
lab.players(client, hubs, seconds=4)

# %% [markdown]
# ## Where it fails: near, and yet different
#
# Each track beside its nearest one, by how much one attribute differs. Either the attribute is wrong, or the place.

# %%
lines = []
for track, pair in lab.disagreeing_neighbours(library).head(3).iterrows():
    lines.append((track, "track", pair["attribute"]))
    lines.append((pair["nearest_id"], f"its nearest, similarity {pair['similarity']:.2f}", pair["attribute"]))
ids, roles, names = zip(*lines, strict=True)
values = [float(tracks.loc[track, name]) for track, name in zip(ids, names, strict=True)]
titles = tracks.loc[list(ids), "title"].to_numpy()
table = pd.DataFrame({"role": roles, "title": titles, "attribute": names, "value": values}, index=list(ids))
lab.players(client, table, seconds=4)

# %% [markdown]
# ## Two spaces side by side
#
# The same tracks in another space: that of another model version if `SEGUE_EMBEDDINGS` names an export with it, and
# otherwise a baseline of six descriptors (tempo, loudness, brightness, onset rate, flux, mobility).

# %%
folder = os.environ.get("SEGUE_EMBEDDINGS")
other, name = lab.read_embeddings(Path(folder), library) if folder else (lab.descriptor_space(library), "descriptors")
common = lab.compared(library.space, other)
figure, axes = plt.subplots(figsize=(8, 3))
axes.hist(common, bins=np.arange(12) / 10 - 0.05, color=lab.PALETTE[0], edgecolor="white")
axes.set(xlabel="share of the ten nearest tracks in common", ylabel="tracks", xlim=(-0.05, 1.05))
axes.set_title(f"Neighbours in common of {library.model_version} and {name}: mean {common.mean():.2f}")
lab.show(figure, f"Histogram of the share of nearest tracks that both spaces have in common; mean {common.mean():.2f}.")

# %% [markdown]
# The track about which the two spaces differ most, with its nearest tracks in both:

# %%
row = int(common.argmin())
by_other = lab.nearest(other)[0]
rows = [row, *places[row, :3], *by_other[row, :3]]
roles = ["track", *(f"{rank}. nearest by {by}" for by in ("the encoder", name) for rank in (1, 2, 3))]
table = tracks.iloc[rows][["title", "group", "energy", "tempo"]]
table.insert(0, "role", roles)
lab.players(client, table, seconds=4)
