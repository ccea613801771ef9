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
# # 4. From the log to a decision
#
# An experiment gives listeners different variants of the ranking, by chance. The recommendation log keeps what each one
# got and what came of it. This notebook reads the report, checks how far it can be trusted, asks what other options
# would have changed, and says what to do.
#
# On the demo library, the listeners and the experiment `simulated` are **simulated**: figures from them show how the
# notebook works, and say nothing of people. Set `SEGUE_EXPERIMENT` to the name of another experiment. The key needs the
# scope `admin`.

# %%
import os

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.dates import DateFormatter
from segue_client import lab

lab.style()
client = lab.connect()
names = [each["name"] for each in client.request("GET", "/v1/experiments").json()["experiments"]]
if not names:
    raise ValueError("There is no experiment. docs/experiments.md says how to start one.")
name = os.environ.get("SEGUE_EXPERIMENT") or names[0]
report = lab.experiments.report(client, name)
recommended = client.tables.export("recommendations").to_pandas()
recommended = recommended[recommended["experiment"] == name]
days = f"{recommended['given_at'].min():%-d %b %Y} to {recommended['given_at'].max():%-d %b %Y}"
print(f"Experiments: {', '.join(names)}. This is {name}, with answers from {days}.")
print(lab.simulated(recommended))

# %% [markdown]
# ## Who took part
#
# The groups should be about as large as their weights say. If they are not, something other than chance divides
# listeners, and nothing below holds.

# %%
groups = pd.DataFrame(report["variants"])[["listeners", "answers", "listens", "tracks"]]
groups.index = [each["variant"]["name"] for each in report["variants"]]
groups["weight"] = [each["variant"]["weight"] for each in report["variants"]]
print("Warnings of the report:", *(report["warnings"] or ["none"]), sep="\n")
groups

# %% [markdown]
# ## The report
#
# The metrics of each variant, from `GET /v1/experiments/{name}`. `difference` is to the first variant. `low` and `high`
# are its limits for one look at the end, `daily_low` and `daily_high` those that hold however often you look. Both are
# of 95 %, by listener.

# %%
metrics = lab.experiments.metrics(report)
metrics.set_index(["metric", "variant"]).round(3).astype(object).fillna("")

# %% tags=["figure-experiment"]
compared = metrics.dropna(subset=["difference"])
lab.show(
    lab.experiments.difference_figure(report),
    alt=f"Differences of each variant to {groups.index[0]} with two intervals: "
    + "; ".join(
        f"{row.metric.replace('_', ' ')} {row.difference:+.3f} ({'decided' if row.decided else 'not decided'})"
        for row in compared.itertuples()
    ),
)

# %% [markdown]
# ## Why one look is not many
#
# The difference in skip rate as it would have been seen at the end of each day, with limits for **one** look. Whoever
# stops at the first day that excludes zero finds differences that are not there. The bar at the right has the limits
# that hold for daily looks.

# %%
first, other = groups.index[:2]
seen = lab.experiments.looks(recommended, first, other)
final = compared[(compared["metric"] == "skip_rate") & (compared["variant"] == other)].iloc[0]
figure, axes = plt.subplots(figsize=(9, 3.4))
lab.interval_line(axes, seen, label="limits for one look")
end = seen.index[-1] + pd.Timedelta(days=2)
axes.vlines(end, final["daily_low"], final["daily_high"], color=lab.PALETTE[5], lw=2, label="limits for daily looks")
axes.plot(end, final["difference"], "o", color=lab.PALETTE[5])
axes.axhline(0, color="black", linewidth=1)
axes.set(ylabel="difference in skip rate", title=f"Skip rate of {other} less that of {first}, day by day")
axes.xaxis.set_major_formatter(DateFormatter("%-d %b"))
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
outside = f"on {((seen['low'] > 0) | (seen['high'] < 0)).sum()} of {len(seen)} days"
lab.show(figure, f"A line of the difference in skip rate by day; zero is outside of the limits for one look {outside}.")

# %% [markdown]
# ## Power: how many listeners does an answer need?
#
# The probability to find a change of the skip rate by 5, 10 and 20 % with one look, if listeners vary as those of these
# two variants. Lines are computed; each dot is the result of 400 simulated experiments with a planted change, to check
# them. A change lowers the spread, too, so dots are a little above their lines. The report measures the spread of each
# variant by itself, so it may need some more or fewer listeners.

# %% tags=["figure-power"]
people = lab.experiments.by_listener(recommended)
base = people[people["variant"].isin([first, other])]
counts = np.unique(np.geomspace(10, 3000, 60).astype(int))
figure, axes = plt.subplots(figsize=(9, 3.6))
for colour, effect in zip(lab.PALETTE, (0.2, 0.1, 0.05), strict=False):
    axes.plot(counts, lab.experiments.power(base, effect, counts), color=colour, label=f"{effect:.0%}")
    planted = {count: lab.experiments.planted_power(base, effect, count) for count in (40, 100, 250, 600)}
    axes.plot(list(planted), list(planted.values()), "o", color=colour)
here = base["variant"].value_counts().min()
axes.axvline(here, color=lab.PALETTE[7], linestyle="--", label=f"here: {here}")
axes.set(xscale="log", ylim=(0, 1.02), xlabel="listeners of each variant", ylabel="probability to find the change")
axes.set_xticks([10, 30, 100, 300, 1000, 3000], ["10", "30", "100", "300", "1,000", "3,000"])
axes.set_title(f"Power for changes of a skip rate of {lab.experiments.rate(base)[0]:.2f}")
axes.legend(title="change", loc="center left", bbox_to_anchor=(1, 0.5))
wanted = ", ".join(f"{lab.experiments.needed(base, effect):,} for {effect:.0%}" for effect in (0.2, 0.1, 0.05))
print(f"Listeners of each variant to find a change in 4 of 5 experiments: {wanted}.")
lab.show(figure, f"Power against the number of listeners, for changes of 20, 10 and 5 %. Needed: {wanted}.")

# %% [markdown]
# ## Skips by place in the answer
#
# If later places are skipped more, the ranking orders well. Intervals are of 95 %, by listener.

# %%
heard = recommended[recommended["outcome"].isin(["play", "skip"]) & recommended["listener"].notna()]
heard = heard.assign(skipped=heard["outcome"] == "skip")
figure, axes = plt.subplots(figsize=(8, 3.2))
for colour, variant in zip(lab.PALETTE, groups.index, strict=False):
    ranks = lab.mean_by_listener(heard[(heard["variant"] == variant) & (heard["rank"] <= 20)], "rank", "skipped")
    lab.interval_line(axes, ranks, colour, f"{variant} ({ranks['events'].sum():,})")
axes.set(xlabel="place in the answer, from 1", ylabel="skip rate (0 to 1)", title="Skips by place", xticks=ranks.index)
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
overall = ", ".join(f"{each} {rate:.2f}" for each, rate in heard.groupby("variant")["skipped"].mean().items())
lab.show(figure, f"Skip rate by place in the answer, with a line a variant. Of all places: {overall}.")

# %% [markdown]
# The recommended tracks that were skipped most, of those that were heard at least 15 times.

# %%
by_track = heard.groupby("track_id").agg(skip_rate=("skipped", "mean"), heard=("skipped", "size"))
often = by_track[by_track["heard"] >= 15].nlargest(4, "skip_rate")
titles = client.tables.tracks(often.index).to_pandas().set_index("track_id")[["title", "artist"]].fillna("")
lab.players(client, titles.loc[often.index].join(often), seconds=4)

# %% [markdown]
# ## Replay: what would other options have changed?
#
# `segue replay` asks logged questions again with other options, and nobody notices. It tells how different the answers
# are, not whether listeners like them; where exploration was logged, it also estimates what would have been played. It
# reads the catalogue, so it runs only on the machine of the service.

# %%
options = {"diversity": 0.0}
replayed = lab.experiments.replay(client, options)
if replayed is None:
    print(f"Run `segue replay --options FILE` where the service runs, with {options} in the file.")
else:
    print(replayed["conclusion"], *replayed["silent"], sep="\n")
    display(lab.experiments.measures(replayed).round(3))  # noqa: F821  IPython's

# %% [markdown]
# ## The decision
#
# By limits that hold for daily looks: adopt a variant whose skip rate is decidedly lower, unless completion, likes or
# sessions are decidedly worse; keep the first one if something is; otherwise go on.

# %%
print(*lab.experiments.decision(report), sep="\n")
