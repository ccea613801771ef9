"""The report's plots, drawn without a display."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from models.evaluation.listening import HALF_WHITENED, SHIPPED
from models.evaluation.report import Report
from models.evaluation.trials import Figure

_DPI = 110
_COLOURS = {SHIPPED: "#c2410c", HALF_WHITENED: "#1d4ed8"}
_OTHERS = "#94a3b8"


def draw(report: Report, directory: Path) -> None:
    """Draw everything that the report holds as PNG files."""
    _save(_retrieval(report), directory / "retrieval.png")
    _save(_soundtracks(report), directory / "soundtracks.png")
    _save(_hubness(report), directory / "hubness.png")
    if report.robustness:
        _save(_robustness(report), directory / "robustness.png")


def _save(canvas: Canvas, file: Path) -> None:
    # No date and no version inside: the same figures give the same file.
    canvas.savefig(file, dpi=_DPI, metadata={"Software": None})


def _retrieval(report: Report) -> Canvas:
    canvas = Canvas(figsize=(9, 3.6), layout="constrained")
    left, right = canvas.subplots(1, 2, sharey=True)
    names = [row.name for row in report.rows]
    _intervals(left, names, [row.same_track_r1 for row in report.rows], "same-track R@1")
    _intervals(right, names, [row.soundtrack_p10 for row in report.rows], "same-soundtrack P@10")
    return canvas


def _intervals(axes: Axes, names: Sequence[str], figures: Sequence[Figure], title: str) -> None:
    places = np.arange(len(names))[::-1]
    values = np.array([figure.value for figure in figures])
    reach = np.array([(figure.value - figure.low, figure.high - figure.value) for figure in figures]).T
    axes.barh(places, values, color=[_COLOURS.get(name, _OTHERS) for name in names])
    axes.errorbar(values, places, xerr=np.maximum(reach, 0.0), fmt="none", ecolor="black", capsize=3)
    axes.set_yticks(places, names)
    axes.set_title(f"{title}, 95 % interval over tracks", fontsize=9)
    axes.set_xlim(left=0.0)


def _soundtracks(report: Report) -> Canvas:
    canvas = Canvas(figsize=(9, 3.6), layout="constrained")
    axes = canvas.subplots()
    shown = [name for name in (HALF_WHITENED, SHIPPED) if name in report.p10_by_soundtrack]
    _grouped(axes, list(report.soundtracks), {name: list(report.p10_by_soundtrack[name].values()) for name in shown})
    axes.set_title("same-soundtrack P@10 by soundtrack", fontsize=9)
    return canvas


def _robustness(report: Report) -> Canvas:
    canvas = Canvas(figsize=(9, 4.0), layout="constrained")
    axes = canvas.subplots()
    series = {name: [stood.r1[name] for stood in report.robustness] for name in report.robustness[0].r1}
    _grouped(axes, [stood.name for stood in report.robustness], series)
    for place, stood in enumerate(report.robustness):
        axes.hlines(stood.least_r1, place - 0.45, place + 0.45, colors="black", linestyles="dashed", linewidth=1)
    axes.set_title("R@1 of altered copies; dashed: demanded of the shipped encoder", fontsize=9)
    return canvas


def _grouped(axes: Axes, groups: Sequence[str], series: dict[str, list[float]]) -> None:
    width = 0.8 / len(series)
    places = np.arange(len(groups))
    for index, (name, values) in enumerate(series.items()):
        shift = (index - (len(series) - 1) / 2) * width
        axes.bar(places + shift, values, width, label=name, color=_COLOURS.get(name, _OTHERS))
    axes.set_xticks(places, groups, rotation=30, ha="right", fontsize=8)
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _hubness(report: Report) -> Canvas:
    canvas = Canvas(figsize=(9, 3.2), layout="constrained")
    axes = canvas.subplots()
    shown = {name: report.n10[name] for name in (HALF_WHITENED, SHIPPED) if name in report.n10}
    edges = [count - 0.5 for count in range(max(map(max, shown.values())) + 2)]
    for name, counts in shown.items():
        axes.hist(counts, edges, histtype="step", linewidth=1.6, label=name, color=_COLOURS[name])
    axes.set_xlabel("times among the 10 nearest of another track (N10)", fontsize=8)
    axes.set_ylabel("tracks", fontsize=8)
    axes.legend(fontsize=8)
    return canvas
