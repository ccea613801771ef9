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
# # 1. What is in this library
#
# How the music is distributed, how it lies on the map, and which tracks deserve a look: those that sound unlike their
# neighbours on the shelf, possible duplicates, and clipped files.
#
# `make lab` opens this notebook on a running Segue, or on the demo library: 46 tracks of three games, without genres.
# Set `SEGUE_URL` for a service on another machine, and `SEGUE_API_KEY` if it needs a key.

# %%
import numpy as np
from matplotlib import pyplot as plt
from segue_client import lab

lab.style()
client = lab.connect()
library = lab.load(client)
tracks = library.tracks
print(f"{len(tracks)} of {library.total} analysed tracks, by model version {library.model_version}")

# %% [markdown]
# ## Sizes and formats
#
# Groups are genres if at least half of the tracks have one, and otherwise folders.

# %%
sizes = tracks.groupby("group").agg(
    tracks=("title", "size"),
    hours=("seconds", lambda seconds: seconds.sum() / 3600),
    gigabytes=("size", lambda size: size.sum() / 1e9),
    energy=("energy", "median"),
    loudness=("loudness", "median"),
)
sizes.round(2).sort_values("tracks", ascending=False)

# %%
formats = tracks["format"].value_counts()
print("Formats:", ", ".join(f"{count} {name}" for name, count in formats.items()))
without = tracks[["artist", "album", "year"]].isna().sum()
without["genre"] = (tracks["genres"].map(np.size) == 0).sum()
print("Tracks without a tag:", ", ".join(f"{name} {count}" for name, count in without.items()))

# %% [markdown]
# ## Distributions
#
# Attributes are between 0 (none) and 1 (entirely). The orange line is the median.

# %%
names = ["energy", "valence", "danceability", "acousticness", "instrumentalness", "tempo", "loudness", "brightness"]
medians = ", ".join(f"{name} {tracks[name].median():.3g}" for name in names)
lab.show(
    lab.distribution_figure(tracks, [*names, "seconds"]),
    alt=f"Nine histograms of the tracks. Medians: {medians}, length {tracks['seconds'].median():.0f} s.",
)

# %% [markdown]
# ## The map
#
# Tracks that are near each other sound alike. It is the map of Segue's page. A map keeps only part of the 128
# dimensions of the vibe space, so the neighbours of the next sections come from the space itself.

# %% tags=["figure-map"]
regions = "; ".join(sorted(library.regions["label"].unique()))
lab.show(
    lab.map_figure(library),
    alt="Two maps of the library with a point a track. Left: coloured by group, with the tags of the regions: "
    f"{regions}. Right: the same points coloured by energy.",
)

# %% [markdown]
# On the next map you can drag to pan, scroll to zoom, hover for names, choose the colour, and click a track to hear six
# seconds of it.

# %%
lab.explore(client, library)

# %% [markdown]
# ## Filed under one name, sounds like another
#
# Of each track, the ten nearest in the space. These tracks have more neighbours of another group than of their own.

# %%
odd = lab.odd_ones_out(library)
print(f"{len(odd)} of {len(tracks)} tracks sound more like another group than like their own.")
lab.players(client, odd.head(6))

# %% [markdown]
# ## Possible duplicates
#
# Pairs with a cosine similarity of at least .97 and nearly the same length: the same recording twice, in two formats or
# on two albums. Exact copies of a file are one track already.

# %%
pairs = lab.duplicates(library)
copies = tracks[tracks["files"] > 1]
print(f"{len(pairs)} pairs may be the same recording; {len(copies)} tracks have several files.")
pairs.head(10).round(3)

# %% [markdown]
# ## Albums by homogeneity
#
# The length of an album's mean vector: 1 if all of its tracks sound the same, and less the more they differ. Tracks
# without an album count as an album of their folder.

# %%
albums = lab.albums_by_homogeneity(library)
shown = albums if len(albums) <= 16 else albums.iloc[[*range(8), *range(-8, 0)]]
figure, axes = plt.subplots(figsize=(8, 0.8 + 0.36 * len(shown)))
drawn = axes.barh([f"{row.album[:44]} ({row.tracks})" for row in shown.itertuples()], shown["homogeneity"])
axes.bar_label(drawn, fmt="%.2f", padding=3)
axes.invert_yaxis()
axes.set(xlim=(0, 1), xlabel="homogeneity (0 to 1)", title="How much the tracks of an album sound alike")
bars = "; ".join(f"{row.album} {row.homogeneity:.2f}" for row in shown.itertuples())
lab.show(figure, f"Bars of albums by homogeneity: {bars}.")

# %% [markdown]
# ## Loudness and clipping
#
# Loudness is measured by the analysis (ITU-R BS.1770). Peaks are not, so this reads the files of the eight loudest
# tracks. Clipped: three or more samples in a row at full scale.

# %%
loudest = tracks.nlargest(8, "loudness")
levels = lab.clipping(client, list(loudest.index))
checked = loudest[["title", "loudness"]].join(levels)
print(f"{(checked['clipped'] > 0).sum()} of the {len(checked)} loudest tracks have clipped samples.")
units = {"loudness": "loudness (LUFS)", "peak": "peak (dB of full scale)", "clipped": "clipped (samples per million)"}
checked.assign(clipped=1e6 * checked["clipped"]).rename(columns=units).set_index("title").round(1)

# %%
figure, axes = plt.subplots(figsize=(9, 3.6))
for place, (name, rows) in enumerate(tracks.groupby("group", sort=False)):
    colour = lab.PALETTE[place % len(lab.PALETTE)]
    axes.scatter(rows["loudness"], rows["energy"], s=24, color=colour, label=f"{name} ({len(rows)})")
rank = tracks[["loudness", "energy"]].corr(method="spearman").iloc[0, 1]
axes.set(xlabel="loudness (LUFS)", ylabel="energy (0 to 1)")
axes.set_title(f"Loudness and energy of the tracks: rank correlation {lab.amount(rank)}")
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
lab.show(figure, f"Points of tracks by loudness and energy, coloured by group; their rank correlation is {rank:.2f}.")

# %% [markdown]
# ## Groups and moods
#
# The four quarters of the plane of energy and valence, each side divided at one half.

# %% tags=["figure-moods"]
lab.show(
    lab.mood_figure(tracks),
    alt="A table of shares: each row a group, each column a mood, from energetic and happy to calm and dark.",
)
