"""What listeners played and skipped: vibes over weeks, hours of the day, and means with intervals by listener."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.cluster.vq import kmeans2

from segue_client import Segue
from segue_client.lab.figures import PALETTE
from segue_client.lab.library import MOST_GROUPS, Library

VIBES = 6
NAMING_TAGS = 2
SAMPLES = 1_000
"""Bootstrap samples of the listeners."""

LEVEL = 0.95
LISTENERS_MIN = 2
"""One listener shows no spread."""

SIMULATED = "simulated-"
"""Start of the names that `segue demo-listeners` gives."""

SESSION_GAP = pd.Timedelta(minutes=30)
"""Time between two listens from which on they belong to different sessions, as in reports of experiments."""


def vibes(library: Library, count: int = VIBES, *, seed: int = 0) -> pd.Series:
    """Return the name of a cluster for each track: k-means in the space, named by the tags that stand out in it."""
    count = min(count, len(library.space), MOST_GROUPS)
    labels = kmeans2(library.space.astype(float), count, minit="++", seed=seed)[1]
    strengths = library.tags.fillna(0.0).reset_index(drop=True)
    lead = strengths.groupby(labels).mean() - strengths.mean()
    names: dict[int, str] = {}
    for label in pd.Series(labels).value_counts().index:
        name = ", ".join(lead.loc[label].nlargest(NAMING_TAGS).index) or "vibe"
        names[label] = f"{name} ({label + 1})" if name in names.values() else name
    return pd.Series([names[label] for label in labels], index=library.tracks.index, name="vibe")


def listening(client: Segue, library: Library, *, zone: str = "UTC") -> pd.DataFrame:
    """Return the dated plays and skips of the library's tracks, oldest first, with the columns of the tracks.

    Further columns: `at`, `week` (its Monday) and `hour` in the time zone, `skipped`, `first` (the listener had not
    played the track before), and `vibe`.

    Raises:
        ValueError: there are none.
    """
    listens = client.tables.listens().to_pandas()
    heard = listens[listens["kind"].isin(["play", "skip"]) & listens["happened_at"].notna()]
    heard = heard[heard["track_id"].isin(library.tracks.index)].sort_values(["happened_at", "listen_id"])
    if heard.empty:
        raise ValueError(
            f"{client.url} has no dated listens. `segue import-listens` reads histories, and `segue demo-listeners` "
            "adds simulated ones."
        )
    at = heard["happened_at"].dt.tz_convert(zone)
    events = heard[["listener", "track_id", "kind", "played_ms"]].assign(
        at=at,
        week=at.dt.tz_localize(None).dt.to_period("W").dt.start_time,
        hour=at.dt.hour,
        skipped=heard["kind"] == "skip",
        first=~heard.duplicated(["listener", "track_id"]),
    )
    described = library.tracks[["title", "artist", "group", "energy", "valence", "tempo"]].join(vibes(library))
    return events.join(described, on="track_id").reset_index(drop=True)


def listeners(events: pd.DataFrame) -> pd.DataFrame:
    """Return a row a listener, the most active first: listens, sessions, skip rate, different tracks, their energy."""
    pauses = events.groupby("listener")["at"].diff()
    starts = pauses.isna() | (pauses >= SESSION_GAP)
    found = (
        events.assign(session=starts)
        .groupby("listener")
        .agg(
            listens=("kind", "size"),
            sessions=("session", "sum"),
            skip_rate=("skipped", "mean"),
            tracks=("track_id", "nunique"),
            energy=("energy", "mean"),
            favourite=("vibe", lambda names: names.mode().iloc[0]),
        )
    )
    return found.sort_values("listens", ascending=False)


def mean_by_listener(events: pd.DataFrame, by: str, value: str, *, seed: int = 0) -> pd.DataFrame:
    """Return the mean of a column in each group, with a 95 % interval: `mean`, `low`, `high`, `events`.

    Listeners are resampled, never events (cluster bootstrap, percentiles): the events of a listener resemble each
    other. With one listener, there is no interval.
    """
    known = events.dropna(subset=[value])
    sums = known.pivot_table(index="listener", columns=by, values=value, aggfunc="sum", observed=True).fillna(0.0)
    sizes = known.pivot_table(index="listener", columns=by, values=value, aggfunc="size", observed=True).fillna(0.0)
    people = len(sums)
    low = high = np.full(sums.shape[1], np.nan)
    if people >= LISTENERS_MIN:
        drawn = np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), SAMPLES)
        with np.errstate(invalid="ignore"):  # a sample may have no listener of a group
            means = (drawn @ sums.to_numpy(float)) / (drawn @ sizes.to_numpy(float))
        low, high = np.nanquantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    total = sizes.sum()
    return pd.DataFrame({"mean": sums.sum() / total, "low": low, "high": high, "events": total.astype(int)})


def interval_bars(axes: Axes, found: pd.DataFrame, colour: str = PALETTE[0]) -> None:
    """Draw the means of `mean_by_listener` as points with their intervals, the highest at the top."""
    ordered = found.sort_values("mean")
    places = np.arange(len(ordered))
    axes.hlines(places, ordered["low"], ordered["high"], color=colour, linewidth=2)
    axes.plot(ordered["mean"], places, "o", color=colour)
    axes.set_yticks(places, [f"{name} ({events:,})" for name, events in ordered["events"].items()])


def interval_line(axes: Axes, found: pd.DataFrame, colour: str = PALETTE[0], label: str | None = None) -> None:
    """Draw the means of `mean_by_listener` as a line over their index, with a band for the intervals."""
    axes.plot(found.index, found["mean"], "o-", color=colour, markersize=4, label=label)
    axes.fill_between(found.index, found["low"], found["high"], color=colour, alpha=0.2, linewidth=0)


def taste_figure(events: pd.DataFrame, people: list[str]) -> Figure:
    """Return the share of each vibe in the plays of each week: of all listeners, and of some of them."""
    plays = events[~events["skipped"]]
    order = list(plays["vibe"].value_counts().index)
    panels = {f"all {plays['listener'].nunique()} listeners": plays}
    panels |= {name: plays[plays["listener"] == name] for name in people}
    rows = -(-len(panels) // 2)
    figure, grid = plt.subplots(rows, 2, figsize=(11, 2.5 * rows), sharex=True, sharey=True, squeeze=False)
    for axes, (name, own) in zip(grid.flat, panels.items(), strict=False):
        _vibe_weeks(axes, own, order)
        axes.set_title(f"{name}: {len(own):,} plays")
    for axes in grid.flat[len(panels) :]:
        axes.remove()
    weeks = sorted(plays["week"].unique())
    grid[0, 0].set_xticks(weeks, [f"{week:%-d %b}" for week in weeks])
    for axes in grid[-1]:
        axes.tick_params("x", rotation=30, labelsize="small")
    for axes in grid[:, 0]:
        axes.set_ylabel("share of plays")
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _vibe_weeks(axes: Axes, plays: pd.DataFrame, order: list[str]) -> None:
    shares = pd.crosstab(plays["week"], plays["vibe"], normalize="index").reindex(columns=order, fill_value=0.0)
    bottom = np.zeros(len(shares))
    for colour, name in zip(PALETTE, order, strict=False):
        axes.bar(shares.index, shares[name], width=6, bottom=bottom, color=colour, label=name, edgecolor="white")
        bottom += shares[name].to_numpy()
    axes.set_ylim(0, 1)
    axes.grid(visible=False)


def drift(events: pd.DataFrame) -> pd.Series:
    """Return for each listener how much the vibes of the later half of the plays differ from those of the first half.

    The total variation distance: 0 for the same shares, 1 for none in common. Chance alone makes it more than 0.
    """
    plays = events[~events["skipped"]]
    halves = plays.assign(later=plays.groupby("listener")["at"].rank(pct=True) > 0.5)  # noqa: PLR2004  a half
    found = {}
    for listener, own in halves.groupby("listener"):
        shares = pd.crosstab(own["later"], own["vibe"], normalize="index")
        if len(shares) == 2:  # noqa: PLR2004  both halves
            found[listener] = float((shares.iloc[0] - shares.iloc[1]).abs().sum() / 2)
    return pd.Series(found, dtype=float).sort_values(ascending=False)


def not_found(client: Segue) -> pd.DataFrame:
    """Return what was played and is not in the library, most often first: plays and listeners of each recording."""
    listens = client.tables.listens().to_pandas()
    missing = listens[listens["track_id"].isna()].assign(plays=lambda each: each["undated_plays"].fillna(1))
    names = missing[["artist", "title"]].fillna("unknown")
    grouped = missing.assign(**names).groupby(["artist", "title"])
    found = grouped.agg(plays=("plays", "sum"), listeners=("listener", "nunique")).astype(int)
    return found.sort_values(["plays", "listeners"], ascending=False).reset_index()


def simulated(events: pd.DataFrame) -> str:
    """Return a sentence that says how many listeners are simulated."""
    names = events["listener"].unique()
    count = sum(name.startswith(SIMULATED) for name in names)
    if not count:
        return f"{len(names)} listeners, none of them simulated by `segue demo-listeners`."
    return f"{count} of {len(names)} listeners are SIMULATED: figures from them say nothing of people."
