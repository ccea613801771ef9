"""From the recommendation log to a decision: reports of experiments, power, and replays."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import NormalDist
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, urlsplit

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from numpy.typing import NDArray

from segue_client import Segue
from segue_client.lab.figures import PALETTE

PRIMARY = "skip_rate"
"""The metric that a decision is about, as in the service's warnings."""

BETTER = {"skip_rate": -1, "completion": 1, "likes": 1, "session_minutes": 1}
"""Whether less or more of a metric is better. Coverage and new artists depend on what the owner wants."""

LEVEL, POWER = 0.95, 0.8
LIMIT = NormalDist().inv_cdf((1 + LEVEL) / 2)
RUNS = 400
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def report(client: Segue, name: str) -> dict[str, Any]:
    """Return the answer of `GET /v1/experiments/{name}`: the metrics of each variant, and warnings."""
    found: dict[str, Any] = client.request("GET", f"/v1/experiments/{quote(name, safe='')}").json()
    return found


def metrics(found: Mapping[str, Any]) -> pd.DataFrame:
    """Return a row a metric and variant, with the difference to the first variant and its limits.

    `low` and `high` hold for one look at the end; `daily_low` and `daily_high` hold however often one looks. Unknown
    ones are NaN.
    """
    rows = []
    for variant in found["variants"]:
        for each in variant["metrics"]:
            row = {"metric": each["metric"], "variant": variant["variant"]["name"], "value": each["value"]}
            compared = each["difference"] or {}
            row |= {"difference": compared.get("value"), **_limits(compared.get("limits"))}
            rows.append(row | _limits(compared.get("daily_limits"), "daily_") | {"decided": compared.get("decided")})
    table = pd.DataFrame(rows)
    numbers = [name for name in table.columns if name not in ("metric", "variant", "decided")]
    return table.astype(dict.fromkeys(numbers, float))


def _limits(limits: Mapping[str, float] | None, prefix: str = "") -> dict[str, float]:
    found = limits or {"low": np.nan, "high": np.nan}
    return {f"{prefix}low": found["low"], f"{prefix}high": found["high"]}


def difference_figure(found: Mapping[str, Any]) -> Figure:
    """Return the difference of each variant to the first one, as a share of the first one's metric."""
    table = metrics(found)
    first = found["variants"][0]["variant"]["name"]
    base = table[table["variant"] == first].set_index("metric")["value"]
    others = [each["variant"]["name"] for each in found["variants"][1:]]
    names = [name for name in base.index if base[name]]
    figure, axes = plt.subplots(figsize=(9, 1.4 + 0.42 * len(names) * len(others)))
    for place, variant in enumerate(others):
        own = table[table["variant"] == variant].set_index("metric").reindex(names)
        relative = own.drop(columns=["variant", "decided"]).div(base[names], axis=0)
        heights = np.arange(len(names)) + 0.25 * (place - (len(others) - 1) / 2)
        colour = PALETTE[place % len(PALETTE)]
        axes.hlines(heights, relative["daily_low"], relative["daily_high"], color=colour, lw=1.2)
        axes.hlines(heights, relative["low"], relative["high"], color=colour, lw=5, alpha=0.45)
        axes.plot(relative["difference"], heights, "o", color=colour, label=variant)
    axes.axvline(0, color="black", linewidth=1)
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+.0%}".replace("-", "−") if value else "0")
    axes.set_xlabel(f"difference to {first}, as a share of its value; wide: one look, thin: daily looks")
    axes.set_title(f"What each variant changes, compared with {first}")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def decision(found: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each variant but the first: what to do, by limits that hold for daily looks."""
    return [_decided(found, each) for each in found["variants"][1:]]


def _decided(found: Mapping[str, Any], variant: Mapping[str, Any]) -> str:
    first, name = found["variants"][0]["variant"]["name"], variant["variant"]["name"]
    compared = {each["metric"]: each["difference"] for each in variant["metrics"] if each["difference"]}
    changes = {metric: np.sign(each["value"]) for metric, each in compared.items() if each["decided"]}
    words = [f"{'more' if sign > 0 else 'less'} {metric.replace('_', ' ')}" for metric, sign in changes.items()]
    seen = f"{name} has {', '.join(words)} than {first}." if words else f"No difference to {name} is decided."
    worse = any(BETTER.get(metric, 0) * sign < 0 for metric, sign in changes.items())
    if worse:
        return f"Keep {first}: {seen}"
    if PRIMARY in changes:
        return f"Adopt {name}: {seen}"
    needed = (compared.get(PRIMARY) or {}).get("listeners_needed")
    size = f"each variant has {needed:,} listeners" if needed else "there are more listeners"
    return f"Go on until {size}, or keep {first}: the skip rate is not decided. {seen}"


def by_listener(recommended: pd.DataFrame) -> pd.DataFrame:
    """Return the plays and skips that followed recommendations, a row a listener: `skips`, `listens`, `variant`."""
    heard = recommended[recommended["outcome"].isin(["play", "skip"]) & recommended["listener"].notna()]
    grouped = heard.assign(skipped=heard["outcome"] == "skip").groupby("listener")
    return grouped.agg(skips=("skipped", "sum"), listens=("skipped", "size"), variant=("variant", "last"))


def rate(people: pd.DataFrame) -> tuple[float, float]:
    """Return the skip rate of listeners and its standard error over them (the delta method)."""
    skips, listens = people["skips"].to_numpy(float), people["listens"].to_numpy(float)
    values, errors = _rates(skips[None], listens[None])
    return float(values[0]), float(errors[0])


def _rates(skips: NDArray[np.float64], listens: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return the rates and standard errors of rows of listeners."""
    count, total = skips.shape[1], listens.sum(axis=1)
    rates = skips.sum(axis=1) / total
    spread = ((skips - rates[:, None] * listens) ** 2).sum(axis=1)
    return rates, np.sqrt(spread * count / (count - 1)) / total


def looks(recommended: pd.DataFrame, first: str, other: str) -> pd.DataFrame:
    """Return what one would have seen at the end of each day: the difference in skip rate, with limits for one look.

    Days before each variant has 10 listeners are left out.
    """
    days = recommended["given_at"].dt.floor("D")
    rows = {}
    for day in sorted(days.unique())[1:]:
        people = by_listener(recommended[days <= day])
        groups = [people[people["variant"] == name] for name in (first, other)]
        if min(len(group) for group in groups) >= 10:  # noqa: PLR2004  as in the service's reports
            (one, error), (two, other_error) = (rate(group) for group in groups)
            margin = LIMIT * float(np.hypot(error, other_error))
            rows[day] = (two - one, two - one - margin, two - one + margin)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "low", "high"], dtype=float)


def power(people: pd.DataFrame, effect: float, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the probability to find a change of the skip rate with so many listeners of each of two variants.

    `effect` is a share of the skip rate of these people, such as 0.1. Both variants are assumed to vary as they do.
    """
    value, error = rate(people)
    errors = error * np.sqrt(2 * len(people) / counts)
    normal = NormalDist()
    return np.array([normal.cdf(effect * value / each - LIMIT) for each in errors])


def needed(people: pd.DataFrame, effect: float) -> int:
    """Return the listeners of each variant with which a change of this share is found in 4 of 5 experiments."""
    value, error = rate(people)
    quantiles = LIMIT + NormalDist().inv_cdf(POWER)
    return int(np.ceil(2 * len(people) * (error * quantiles / (effect * value)) ** 2))


def planted_power(people: pd.DataFrame, effect: float, count: int, *, runs: int = RUNS, seed: int = 0) -> float:
    """Return how often a planted effect is found: experiments with listeners that are drawn from these people.

    Of the second variant's skips, the share `effect` becomes plays.
    """
    random = np.random.default_rng(seed)
    skips, listens = people["skips"].to_numpy(), people["listens"].to_numpy(float)
    one, two = random.integers(len(people), size=(2, runs, count))
    fewer = random.binomial(skips[two], 1 - effect)
    (first, error), (second, other_error) = _rates(skips[one].astype(float), listens[one]), _rates(fewer, listens[two])
    return float(np.mean(np.abs(second - first) > LIMIT * np.hypot(error, other_error)))


def replay(client: Segue, options: Mapping[str, float], *, at_most: int = 100) -> dict[str, Any] | None:
    """Return what `segue replay --json` says of options of the ranking; None if the service is on another machine.

    Raises:
        RuntimeError: the command failed.
    """
    command = shutil.which("segue", path=str(Path(sys.executable).parent))
    data = client.request("GET", "/v1/status").json()["data_dir"]
    if not command or urlsplit(client.url).hostname not in LOOPBACK or not data or not Path(data).is_dir():
        return None
    with TemporaryDirectory() as folder:
        file = Path(folder) / "options.json"
        file.write_text(json.dumps(dict(options)), encoding="utf-8")
        done = subprocess.run(  # noqa: S603  the command of this installation
            [command, "replay", "--options", file, "--at-most", str(at_most), "--json"],
            env=os.environ | {"SEGUE_DATA_DIR": data},
            check=False,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measures(found: Mapping[str, Any]) -> pd.DataFrame:
    """Return the measures of a replay: both arms, and the change with its interval by listener."""
    unlimited = {"low": None, "high": None}
    rows = {}
    for name, each in found["measures"].items():
        limits = each["lead"]["limits"] or unlimited
        rows[name] = [each["first"], each["other"], each["lead"]["value"], limits["low"], limits["high"]]
    columns = [*found["arms"], "change", "low", "high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=float)
