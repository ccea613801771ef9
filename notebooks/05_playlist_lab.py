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
# # 5. Build a playlist
#
# From words, a path between two tracks, the tastes of a listener and constraints; then listen, judge the order, and
# export an M3U file. Change the cells as you like: nothing is stored in Segue.
#
# `make lab` opens this notebook on a running Segue, or on the demo library with **simulated listeners**.

# %%
from pathlib import Path

import pandas as pd
from segue_client import lab

lab.style()
client = lab.connect()
library = lab.load(client)
tracks = library.tracks
print(f"{len(tracks)} of {library.total} analysed tracks, by model version {library.model_version}")

# %% [markdown]
# ## By words
#
# Segue says what it understood. `order="flow"` puts each track next to those that resemble it. Answers are private
# here: they are not kept in the recommendation log.

# %%
WORDS = "calm piano for a rainy evening"

by_words = client.recommend(text=WORDS, limit=6, diversity=0, order="flow", private=True)
for each in by_words.understood:
    facts = each.filters.model_dump(exclude_none=True) | each.targets.model_dump(exclude_none=True)
    print(f"Words: {each.rest}. Facts: {facts or 'none'}.", *each.warnings)
words = [track.id for track in by_words.tracks]
lab.players(client, lab.playlists.sequence(library, words)[["title", "group", "energy", "tempo"]], seconds=4)

# %% [markdown]
# ## Along a path
#
# From the calmest of these tracks to the most energetic track of the library, in small steps.

# %%
start = min(words, key=lambda track: tracks["energy"].get(track, 1.0))
end = tracks["energy"].idxmax()
path = [track.id for track in client.path(start, end, steps=8).tracks]
steps = lab.playlists.sequence(library, path)
chance = lab.playlists.random_flow(library, steps.index)
print(f"Mean similarity from step to step: {steps['similarity'].mean():.2f}; in random order {chance:.2f}.")
lab.players(client, steps[["title", "group", "energy", "similarity"]], seconds=4)

# %% [markdown]
# ## By the tastes of a listener
#
# The listener with the most listens, or the one that you name.

# %%
LISTENER = None

known = {each.name: each.listens for each in client.users()}
listener = LISTENER or max(known, key=known.get, default="")
print(f"{len(known)} listeners; this is {listener or 'none'}.")
tastes = client.taste(listener).tastes if listener else []
pd.DataFrame([(each.label, each.weight, len(each.plays)) for each in tastes], columns=["taste", "weight", "plays"])

# %% [markdown]
# ## With constraints
#
# The listener's tastes, or the words if there is no listener: no slow track, at most two of an artist, nothing of the
# lists above, and rising energy.

# %%
CONSTRAINTS = {"filters": {"tempo": {"min": 90}}, "max_per_artist": 2, "order": "energy_up", "diversity": 0.4}

wanted = {"user": listener} if listener else {"text": WORDS}
answer = client.recommend(**wanted, **CONSTRAINTS, exclude_tracks=[*words, *path], limit=6, private=True)
chosen = [track.id for track in answer.tracks]
held = lab.playlists.sequence(library, chosen)
print(f"Slowest {held['tempo'].min():.0f} bpm; energy rises: {held['energy'].is_monotonic_increasing}.")
lab.players(client, held[["title", "group", "energy", "tempo"]], seconds=4)

# %% [markdown]
# ## Put it together
#
# Calm first, then the path, then what the listener likes. A track comes once.

# %% tags=["figure-playlist"]
playlist = lab.playlists.sequence(library, list(dict.fromkeys([*words, *path, *chosen])))
minutes = playlist["seconds"].sum() / 60
chance = lab.playlists.random_flow(library, playlist.index)
flow = f"mean similarity {playlist['similarity'].mean():.2f}, in random order {chance:.2f}"
first, *_, last = playlist["energy"]
lab.show(
    lab.playlists.arc_figure(playlist, f"{len(playlist)} tracks, {minutes:.0f} minutes; {flow}"),
    alt=f"Lines of energy, valence and tempo over {len(playlist)} tracks, and bars of the similarity to the track "
    f"before: {flow}. Energy goes from {first:.2f} to {last:.2f}.",
)

# %%
lists = {"by words": words, "path": path, "with constraints": chosen}
lab.show(
    lab.playlists.route_figure(library, lists),
    alt=f"The map of the library in grey, with the ways of the lists: {', '.join(lists)}.",
)

# %% [markdown]
# ## Listen

# %%
lab.players(client, playlist[["position", "title", "artist", "energy", "similarity"]], seconds=6)

# %% [markdown]
# ## Export
#
# An M3U file with the paths of the service. `client.create_playlist(NAME, list(playlist.index))` stores it in Segue
# instead, where all players see it.

# %%
NAME = "From calm to lively"

file = Path(f"{NAME}.m3u8")
file.write_bytes(client.export_tracks(list(playlist.index), NAME, absolute=True))
print(f"{file}, {file.stat().st_size:,} bytes:")
print("\n".join(Path(line).name for line in file.read_text(encoding="utf-8").splitlines()[:8]))
