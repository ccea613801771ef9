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
# # 2. What listeners play
#
# How tastes change over weeks, what is played at which hour, which vibes are skipped, how much is new to a listener,
# and what they played that the library does not have.
#
# `make lab` opens this notebook on a running Segue, or on the demo library with **simulated listeners**: figures from
# those show how the notebook works, and say nothing of people. The key needs the scope `admin` for all listeners.

# %%
import numpy as np
from matplotlib import pyplot as plt
from segue_client import lab

ZONE = "UTC"  # the time zone of your listeners, such as "Europe/Berlin"

lab.style()
client = lab.connect()
library = lab.load(client)
events = lab.listening(client, library, zone=ZONE)
days = f"{events['at'].min():%-d %b %Y} to {events['at'].max():%-d %b %Y}"
print(f"{len(events):,} plays and skips from {days}.", lab.simulated(events), sep="\n")

# %% [markdown]
# ## The listeners
#
# A session ends when nothing is played for 30 minutes. `favourite` is the vibe that is played most. A **vibe** is a
# cluster of the library in the space of the encoder, named by the two tags that stand out in it.

# %%
people = lab.listeners(events)
people.head(10).round(2)

# %% [markdown]
# ## Tastes over weeks
#
# The share of each vibe in what was played and not skipped, for all listeners and for the three with at least 50 such
# plays whose vibes changed most between the first and the second half of them.

# %% tags=["figure-tastes"]
plays = events[~events["skipped"]]
changes = lab.drift(events)
changed = changes[plays["listener"].value_counts()[changes.index] >= 50].head(3)
lab.show(
    lab.taste_figure(events, list(changed.index)),
    alt="Stacked bars of weeks: the share of each vibe in the plays of all listeners, and of those who changed most: "
    + ", ".join(f"{name} ({change:.0%} of the plays)" for name, change in changed.items())
    + f". Most played vibes: {'; '.join(events['vibe'].value_counts().index[:3])}.",
)

# %% [markdown]
# Chance changes vibes, too: with few plays, two halves of the same taste differ. Compare with the same measure on plays
# whose order is shuffled.

# %%
chance = lab.drift(events.assign(at=events["at"].sample(frac=1, random_state=0).to_numpy()))
figure, axes = plt.subplots(figsize=(8, 3.2))
options = {"as played": {"color": lab.PALETTE[0]}, "shuffled": {"color": lab.PALETTE[5], "histtype": "step", "lw": 2}}
for name, values in {"as played": changes, "shuffled": chance}.items():
    axes.hist(values, np.linspace(0, 1, 21), label=f"{name}: median {values.median():.2f}", **options[name])
axes.set(xlabel="share of plays that moved to another vibe (0 to 1)", ylabel="listeners")
axes.set_title("How much tastes change from the first to the second half")
axes.legend()
text = f"median {changes.median():.2f}, with shuffled plays {chance.median():.2f}"
lab.show(figure, f"Histograms of listeners by the share of plays that moved to another vibe: {text}.")

# %% [markdown]
# ## Hours of the day
#
# Intervals here and below are of 95 %, by listener: they tell what other listeners of this kind might have done.

# %% tags=["figure-hours"]
hours = lab.mean_by_listener(plays, "hour", "energy").query("events >= 20").reindex(range(24))
figure, (counts, energy) = plt.subplots(2, 1, figsize=(9, 4.6), sharex=True, height_ratios=(1, 2))
counts.bar(hours.index, hours["events"], color=lab.PALETTE[7])
counts.set(ylabel="plays", title="What is played at which hour")
lab.interval_line(energy, hours)
energy.set(ylabel="mean energy (0 to 1)", xlabel=f"hour of the day ({ZONE})", xticks=range(0, 24, 2), xlim=(-0.5, 23.5))
most, least = hours["mean"].idxmax(), hours["mean"].idxmin()
text = f"highest at {most} h ({hours['mean'][most]:.2f}), lowest at {least} h ({hours['mean'][least]:.2f})"
lab.show(figure, f"Plays by hour of the day, and their mean energy with an interval: {text}.")

# %% [markdown]
# ## Skips by vibe
#
# A vibe that is skipped more often than others does not fit those who get it. The grey line is the rate of all tracks.

# %%
skips = lab.mean_by_listener(events, "vibe", "skipped")
figure, axes = plt.subplots(figsize=(8, 1.2 + 0.4 * len(skips)))
lab.interval_bars(axes, skips)
overall = events["skipped"].mean()
axes.axvline(overall, color=lab.PALETTE[7], linestyle="--")
axes.set(xlabel="share of plays and skips that are skips (0 to 1)", title=f"Skip rate by vibe; of all {overall:.2f}")
axes.set_xlim(left=0)
rates = "; ".join(f"{name} {rate:.2f}" for name, rate in skips["mean"].sort_values(ascending=False).items())
lab.show(figure, f"Skip rate of each vibe with an interval by listener: {rates}.")

# %% [markdown]
# The tracks that are skipped most, of those with at least 20 plays and skips. Do you hear why?

# %%
by_track = events.groupby("track_id").agg(skip_rate=("skipped", "mean"), events=("skipped", "size"))
often = by_track[by_track["events"] >= 20].nlargest(5, "skip_rate")
lab.players(client, library.tracks.loc[often.index, ["title", "group", "energy"]].join(often), seconds=4)

# %% [markdown]
# ## Discovery against repetition
#
# The share of plays and skips whose track the listener had not heard before. It starts at 1 in a history that starts
# with the log, and falls as a library is known: a small one is soon heard.

# %%
new = lab.mean_by_listener(events, "week", "first")
heard = events.assign(heard=np.where(events["first"], "for the first time", "again"))
figure, axes = plt.subplots(figsize=(9, 3.2))
lab.interval_line(axes, new)
axes.set(ylim=(0, 1), xlabel="week from", ylabel="share heard for the first time", title="Discovery by week")
axes.set_xticks(new.index, [f"{week:%-d %b}" for week in new.index])
text = f"{new['mean'].iloc[0]:.0%} in the first week, {new['mean'].iloc[-1]:.0%} in the last"
lab.show(figure, f"A line of the share of tracks that are heard for the first time, by week: {text}.")
lab.mean_by_listener(heard, "heard", "skipped").rename(columns={"mean": "skip rate"}).round(2)

# %% [markdown]
# ## Played elsewhere, and not in the library
#
# Recordings that players reported and that no track matches: candidates for the library. Segue does not keep what
# people searched for.

# %%
missing = lab.not_found(client)
print(f"{missing['plays'].sum():,} plays of {len(missing)} recordings that the library does not have.")
missing.head(12)
