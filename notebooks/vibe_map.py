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
# # The vibe map of a library
#
# This notebook shows the tracks of a library in the vibe space, their neighbours, and the recommendations for a
# listening history. It uses the HTTP API of a running Segue (`make up`). Set `SEGUE_URL` to use a service on another
# machine, and `SEGUE_API_KEY` if the service requires a key.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from segue_client import Segue

from services.settings import Settings

client = Segue(Settings().service_url, key=Settings().client_key)
status = client.status()
print(f"{status.tracks['ready']} tracks are ready, analysed by {status.model_version}")

# %% [markdown]
# ## The library
#
# One row per track. `folder` is the first part of its path. In the demo library that is the game.

# %%
tracks = list(client.tracks(status="ready"))
features = [client.audio_features(track.id) for track in tracks]
library = pd.DataFrame(
    {
        "title": [track.title for track in tracks],
        "folder": [track.path.split("/")[0] if track.path and "/" in track.path else "." for track in tracks],
        "energy": [found.energy for found in features],
        "valence": [found.valence for found in features],
        "acousticness": [found.acousticness for found in features],
        "tempo": [found.tempo for found in features],
        "loudness": [found.loudness for found in features],
    },
    index=[track.id for track in tracks],
)
library.groupby("folder").agg(
    tracks=("title", "size"),
    energy=("energy", "median"),
    valence=("valence", "median"),
    acousticness=("acousticness", "median"),
    tempo=("tempo", "median"),
    loudness=("loudness", "median"),
).round(2)

# %% [markdown]
# ## The map
#
# The 128 dimensions of the vibe space, projected on the first two principal components of this library. They keep
# only part of the variance, so neighbours in the plot need not be neighbours in the space. The next section requests
# those from the service.

# %%
space = np.array([found.embedding for found in features])
centred = space - space.mean(axis=0)
_, spread, directions = np.linalg.svd(centred, full_matrices=False)
shown = spread[:2] ** 2 / (spread**2).sum()
library[["x", "y"]] = centred @ directions[:2].T

figure, (by_folder, by_energy) = plt.subplots(1, 2, figsize=(13, 5.5), sharex=True, sharey=True)
for folder, group in library.groupby("folder"):
    by_folder.scatter(group.x, group.y, label=f"{folder} ({len(group)})", s=36, alpha=0.8)
by_folder.set_title("by folder")
by_folder.legend(fontsize=8)
coloured = by_energy.scatter(library.x, library.y, c=library.energy, cmap="plasma", vmin=0, vmax=1, s=36)
by_energy.set_title("by energy")
figure.colorbar(coloured, ax=by_energy, label="energy")
for axes in (by_folder, by_energy):
    axes.set_xlabel(f"first direction, {shown[0]:.0%} of the variance")
by_folder.set_ylabel(f"second direction, {shown[1]:.0%}")
figure.tight_layout()

# %% [markdown]
# ## Neighbours
#
# The calmest, the most energetic and the happiest track, each with its most similar tracks. Bars of tracks in the same
# folder are dark.

# %%
seeds = {
    "calmest": library.energy.idxmin(),
    "most energetic": library.energy.idxmax(),
    "happiest": library.valence.idxmax(),
}
figure, panels = plt.subplots(1, len(seeds), figsize=(15, 4.2))
for axes, (name, seed) in zip(panels, seeds.items(), strict=True):
    similar = client.similar(seed, limit=8).tracks[::-1]
    own = [library.folder[track.id] == library.folder[seed] for track in similar]
    axes.barh(
        [f"{track.title[:28]}" for track in similar],
        [track.score for track in similar],
        color=["#33415c" if same else "#a3b1c9" for same in own],
    )
    axes.set_title(f"{name}: {library.title[seed][:32]}", fontsize=10)
    axes.set_xlabel("cosine similarity")
figure.tight_layout()

# %% [markdown]
# ## Are tracks of the same folder similar?
#
# The share of a track's five nearest neighbours that are in the same folder, compared with a random choice. The
# encoder does not use folder names.

# %%
found, chance = [], []
for seed in library.index:
    neighbours = [track.id for track in client.similar(seed, limit=5).tracks]
    found.append(np.mean([library.folder[track_id] == library.folder[seed] for track_id in neighbours]))
    chance.append(((library.folder == library.folder[seed]).sum() - 1) / (len(library) - 1))
library["own_folder"], library["own_folder_by_chance"] = found, chance
library.groupby("folder")[["own_folder", "own_folder_by_chance"]].mean().round(2)

# %% [markdown]
# ## From a history to the next tracks
#
# Two calm tracks are played, one is liked, and the most energetic one is skipped. `because_of` names the plays that
# led to each recommendation.

# %%
calm = list(library.energy.nsmallest(3).index)
history = [calm[0], calm[1], (calm[2], "like"), (library.energy.idxmax(), "skip")]
answer = client.recommend(history, limit=8)
pd.DataFrame(
    {
        "title": [track.title for track in answer.tracks],
        "folder": [library.folder[track.id] for track in answer.tracks],
        "score": [round(track.score, 3) for track in answer.tracks],
        "energy": [library.energy[track.id] for track in answer.tracks],
        "because of": [", ".join(library.title[play] for play in track.because_of) for track in answer.tracks],
    }
)

# %%
client.close()
