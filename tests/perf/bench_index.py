"""Measure build, recall and latency of the embedded index, by filter.

    python tests/perf/bench_index.py [--points 100000] [--page]

`--page` writes docs/evaluation/index.md, index.json and index.png. The vectors are those of `tests/perf/vectors.py`.
Recall is that of the ten nearest of 100 returned, against a comparison with every point. Queries exclude their track.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # a script's folder is on the path, not the repository

from services.domain.filters import Filters, Range
from services.domain.vector_index import Query
from services.index import cells
from services.index.cell_builder import build
from services.index.embedded import IvfIndex
from tests.perf import vectors
from tests.perf.verdicts import show

BATCH = 2_000
QUERIES = 48
LIMIT, COMPARED = 100, 10
SHARES = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001)
PAGE = Path(__file__).parents[2] / "docs" / "evaluation" / "index.md"
INTRODUCTION = """# The embedded index: recall and latency by filter

`python tests/perf/bench_index.py --points {points} --page` wrote this page on {cores} cores at a load average of
{load:.1f}. Every query asks for 100 points and excludes one; recall is that of the ten nearest, against a comparison
with every point. "New filter" is a query whose filter is not among the latest eight, so that its mask is computed
first. "Near" filters fit the query (a range of energy around its own), "far" ones are the opposite, and "independent"
ones are a range of the duration. ADR 030 has the same for Qdrant Edge.

![Recall and latency by the share of matching points](index.png)
"""


Sorted = dict[str, np.ndarray]


def filters_of(tracks: vectors.Tracks, ordered: Sorted, number: int) -> dict[str, Filters]:
    """Return filters for the query with a track's own vector, by name, given each field's sorted numbers."""
    random = np.random.default_rng(number)

    def around(field: str, share: float, *, opposite: bool = False) -> Range:
        values = ordered[field]
        place = np.searchsorted(values, tracks.numbers[field][number]) / len(tracks)
        middle = (place + 0.5) % 1 if opposite else place
        low = min(max(middle - share / 2, 0), 1 - share)
        return Range(*(float(values[int(part * (len(tracks) - 1))]) for part in (low, low + share)))

    def above(field: str, share: float) -> Range:
        return Range(min=float(ordered[field][int((1 - share) * (len(tracks) - 1))]))

    fast, loud, bright = {"tempo": Range(90, 150)}, {"energy": above("energy", 0.7)}, {"valence": above("valence", 0.4)}
    genre = f"genre {tracks.genres[number]}"
    named = {"no filter": Filters()}
    for share in SHARES:
        named[f"near {share:.1%}"] = Filters({"energy": around("energy", share)})
        named[f"far {share:.1%}"] = Filters({"energy": around("energy", share, opposite=True)})
        named[f"independent {share:.1%}"] = Filters({"duration_ms": around("duration_ms", share)})
    return named | {
        "two ranges": Filters({**fast, **loud}),
        "three ranges": Filters({**fast, **loud, **bright}),
        "four ranges": Filters({**fast, **loud, **bright, "year": Range(1980, 1999)}),
        "own genre": Filters(any_of={"genre": (genre,)}),
        "another genre": Filters(any_of={"genre": (f"genre {random.integers(vectors.GENRES)}",)}),
        "not the own genre": Filters(none_of={"genre": (genre,)}),
        "a library and a range": Filters({"energy": around("energy", 0.3)}, {"library": ("guests",)}),
    }


def matching(tracks: vectors.Tracks, filters: Filters) -> np.ndarray:
    """Return the tracks that meet the filters, without the code of the index."""
    mask = np.ones(len(tracks), dtype=bool)
    for field, wanted in filters.ranges.items():
        values = tracks.numbers[field]
        mask &= (values >= (wanted.min if wanted.min is not None else -np.inf)) & (
            values <= (wanted.max if wanted.max is not None else np.inf)
        )
    for field, names in filters.any_of.items():
        albums = np.arange(len(tracks)) // vectors.TRACKS_OF_ALBUM
        owned = np.array(vectors.LIBRARIES)[albums % len(vectors.LIBRARIES)]
        mask &= np.isin(owned, names) if field == "library" else np.isin(tracks.genres, _numbers(names))
    for names in filters.none_of.values():
        mask &= ~np.isin(tracks.genres, _numbers(names))
    return mask


def _numbers(names: tuple[str, ...]) -> list[int]:
    return [int(name.split()[-1]) for name in names]


def measured(kind: str, points: int, folder: Path) -> dict[str, Any]:
    """Build an index of a kind of vectors, and return its figures."""
    tracks = getattr(vectors, kind)(points)
    seconds: dict[str, float] = {}
    began = last = time.perf_counter()

    def after_step(now: str, _done: int) -> None:
        nonlocal last
        seconds[now] = seconds.get(now, 0.0) + time.perf_counter() - last
        last = time.perf_counter()

    build(folder, _parts(tracks), after_step)
    total = time.perf_counter() - began
    IvfIndex.create(folder).close()
    began = time.perf_counter()
    index = IvfIndex.load(folder)
    load = time.perf_counter() - began
    chosen = [int(number) for number in np.random.default_rng(5).integers(points, size=QUERIES)]
    ordered = {field: np.sort(values) for field, values in tracks.numbers.items()}
    filters = {number: filters_of(tracks, ordered, number) for number in chosen}
    names = filters[chosen[0]]
    rows = [_row(index, tracks, {number: named[name] for number, named in filters.items()}, name) for name in names]
    size = sum(file.stat().st_size for file in folder.iterdir())
    index.close()
    return {"build_s": total, "cells_s": seconds["cells"], "load_s": load, "bytes": size, "rows": rows}


def _parts(tracks: vectors.Tracks) -> Any:
    points = tracks.points()
    while batch := [point for point, _ in zip(points, range(BATCH), strict=False)]:
        yield batch


def _row(index: IvfIndex, tracks: vectors.Tracks, asked: dict[int, Filters], name: str) -> dict[str, Any]:
    first, again, recalls, shares = [], [], [], []
    for number, filters in asked.items():
        mask = matching(tracks, filters)
        mask[number] = False
        shares.append(mask.mean())
        query = Query(tracks.vectors[number], LIMIT, filters, frozenset({vectors.identifier(number)}))
        hits = index.query([query])[0]  # its pages are in memory now
        assert index._cells is not None
        index._cells._selections = ()  # so that the mask is computed
        for times in (first, again):
            began = time.perf_counter()
            hits = index.query([query])[0]
            times.append((time.perf_counter() - began) * 1000)
        scores = np.sort((tracks.vectors @ query.vector)[mask])[::-1][:COMPARED]
        if len(scores):
            recalls.append(np.mean([hit.score >= scores[-1] - 1e-5 for hit in hits[: len(scores)]]) if hits else 0.0)
    middle, high = np.percentile(again, [50, 95])
    return {
        "filter": name,
        "share": float(np.mean(shares)),
        "recall": float(np.mean(recalls)) if recalls else 1.0,
        "new_ms": float(np.median(first)),
        "p50_ms": float(middle),
        "p95_ms": float(high),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--page", action="store_true", help="Write docs/evaluation/index.md, index.json and index.png.")
    options = parser.parse_args()
    results = {}
    for kind in ("encoder_like", "clustered"):
        with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
            results[kind] = measured(kind, options.points, Path(folder))
        show(f"{kind}: {_title(options.points, results[kind])}", HEADER, _cells(results[kind]))
    if options.page:
        write_page(options.points, results)


HEADER = ("filter", "matching", "recall@10", "new filter, p50 ms", "p50 ms", "p95 ms")


def _title(points: int, result: dict[str, Any]) -> str:
    return (
        f"{points:,} points, {cells.LEAST_VISITED:,} to {cells.VISITED_POINTS:,} compared: "
        f"build {result['build_s']:.0f} s "
        f"({result['cells_s']:.0f} s without reading them), load {result['load_s']:.2f} s, "
        f"{result['bytes'] / 1e6:.0f} MB of files"
    )


def _cells(result: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            row["filter"],
            f"{row['share']:.1%}",
            f"{row['recall']:.3f}",
            *(f"{row[name]:.1f}" for name in ("new_ms", "p50_ms", "p95_ms")),
        )
        for row in result["rows"]
    ]


def write_page(points: int, results: dict[str, Any]) -> None:
    """Write the page, its data and its picture."""
    texts = [INTRODUCTION.format(points=points, cores=os.cpu_count(), load=os.getloadavg()[0])]
    for kind, result in results.items():
        lines = ["| " + " | ".join(row) + " |" for row in (HEADER, ("---",) * len(HEADER), *_cells(result))]
        texts.append(
            f"## {kind.replace('_', '-').capitalize()} vectors\n\n{_title(points, result)}.\n\n" + "\n".join(lines)
        )
    PAGE.write_text("\n".join(text.strip() + "\n" for text in texts), encoding="utf-8")
    PAGE.with_suffix(".json").write_text(json.dumps({"points": points, **results}, indent=1) + "\n", encoding="utf-8")
    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  after the choice of the backend

    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for kind, result in results.items():
        rows = sorted(result["rows"], key=lambda row: row["share"])
        shares = [max(row["share"], 1e-4) for row in rows]
        for axis, name in zip(axes, ("recall", "new_ms"), strict=True):
            axis.plot(shares, [row[name] for row in rows], "o", label=kind.replace("_", "-"), alpha=0.7)
    for axis, label in zip(axes, ("recall@10", "p50 with a new filter, ms"), strict=True):
        axis.set(xscale="log", xlabel="share of matching points", ylabel=label)
        axis.grid(visible=True, alpha=0.3)
    axes[0].set_ylim(0.9, 1.005)
    axes[1].set_ylim(bottom=0)
    axes[0].legend()
    figure.savefig(PAGE.with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main()
