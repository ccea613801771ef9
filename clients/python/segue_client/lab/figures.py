"""The style of all figures, and those that take more than a few lines."""

from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from cycler import cycler
from IPython.display import Image, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from segue_client.lab.library import Library
from segue_client.lab.spaces import Directions

# Okabe and Ito (2008): told apart by people who see colours differently. Grey is for "other".
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7F7F7F")
SEQUENTIAL = "cividis"
DIVERGING = "PuOr"
DOTS_PER_INCH = 110

UNITS = {
    "tempo": "beats per minute",
    "loudness": "LUFS",
    "brightness": "Hz",
    "onset_rate": "onsets per second",
    "seconds": "seconds",
}
MOODS = {
    (True, True): "energetic and happy",
    (True, False): "energetic and dark",
    (False, True): "calm and happy",
    (False, False): "calm and dark",
}
"""Quarters of the plane of energy and valence (Russell, 1980)."""

HALF = 0.5
HUNDRED = 100
SMALLEST_SHOWN = 0.05
DARK_CELL = 0.55
"""From this share on, a cell is light or dark enough to need the other colour of text."""


def style() -> None:
    """Set the style of Segue's notebooks for matplotlib."""
    plt.rcParams.update(
        {
            "axes.axisbelow": True,
            "axes.grid": True,
            "axes.prop_cycle": cycler(color=PALETTE),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": "medium",
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "grid.color": "#E3E3E3",
            "image.cmap": SEQUENTIAL,
            "legend.frameon": False,
            "savefig.facecolor": "white",
        }
    )


def show(figure: Figure, alt: str) -> None:
    """Show a figure with a text that says what it shows, for readers who do not see it."""
    target = BytesIO()
    figure.savefig(target, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight", pad_inches=0.1)
    plt.close(figure)
    display(Image(target.getvalue(), alt=alt))


def amount(value: float) -> str:
    """Return a number with three significant digits, or all of those before the point, and at most two after it."""
    text = f"{value:,.0f}" if abs(value) >= HUNDRED else f"{value:.3g}" if abs(value) >= 1 else f"{value:.2f}"
    return text.replace("-", "−")


def labelled(name: str) -> str:
    """Return the name of a column as a label of an axis, with its unit."""
    plain = {"seconds": "length"}.get(name, name).replace("_", " ")
    return f"{plain} ({UNITS[name]})" if name in UNITS else f"{plain} (0 to 1)"


def distribution_figure(tracks: pd.DataFrame, names: list[str], columns: int = 3) -> Figure:
    """Return a histogram of each column, with its median."""
    rows = -(-len(names) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(3.6 * columns, 2.3 * rows), squeeze=False)
    for axes, name in zip(grid.flat, names, strict=False):
        values = tracks[name].dropna()
        axes.hist(values, bins=20, range=None if name in UNITS else (0, 1), color=PALETTE[0], edgecolor="white")
        axes.axvline(values.median(), color=PALETTE[5], linewidth=1.5)
        axes.set_title(f"median {amount(values.median())}", color=PALETTE[5], fontsize="small")
        axes.set_xlabel(labelled(name))
        axes.set_ylabel("tracks")
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.xaxis.get_major_locator().set_params(nbins=6)
    for axes in grid.flat[len(names) :]:
        axes.remove()
    figure.suptitle(f"{len(tracks)} tracks by attribute and descriptor", x=0.01, ha="left")
    return figure


def map_figure(library: Library, numbers: str = "energy") -> Figure:
    """Return the map twice: by group, with the names of its regions, and by a number."""
    figure, (by_group, by_number) = plt.subplots(1, 2, figsize=(11.5, 5), sharex=True, sharey=True)
    tracks = library.tracks.dropna(subset=["x", "y"])
    for place, (name, rows) in enumerate(tracks.groupby("group", sort=False)):
        by_group.scatter(
            rows["x"], rows["y"], s=_size(tracks), color=PALETTE[place % len(PALETTE)], label=f"{name} ({len(rows)})"
        )
    by_group.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=3, fontsize="small")
    by_group.set_title("The map by group, with the tags of its regions")
    _name_regions(by_group, library.regions)
    limits = (None, None) if numbers in UNITS else (0, 1)
    points = by_number.scatter(
        tracks["x"], tracks["y"], c=tracks[numbers], s=_size(tracks), vmin=limits[0], vmax=limits[1]
    )
    by_number.set_title(f"The map by {numbers}")
    figure.colorbar(points, ax=by_number, label=labelled(numbers))
    for axes in (by_group, by_number):
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_aspect("equal")
    return figure


def _size(tracks: pd.DataFrame) -> float:
    """Return the size of a point: smaller where there are many."""
    return float(np.clip(9000 / max(len(tracks), 1), 3, 36))


def _name_regions(axes: Axes, regions: pd.DataFrame, width: float = 65_535) -> None:
    if regions.empty:
        return
    for region in regions[regions["level"] == regions["level"].max()].itertuples():
        name = axes.text(region.x / width, region.y / width, region.label, ha="center", va="center", weight="bold")
        name.set_path_effects([withStroke(linewidth=3, foreground="white")])


def mood_figure(tracks: pd.DataFrame) -> Figure:
    """Return the share of each mood in each group; moods are quarters of the plane of energy and valence."""
    known = tracks.dropna(subset=["energy", "valence"])
    quarters = zip(known["energy"] >= HALF, known["valence"] >= HALF, strict=True)
    moods = pd.Categorical([MOODS[bool(energy), bool(valence)] for energy, valence in quarters], list(MOODS.values()))
    shares = pd.crosstab(known["group"], moods, normalize="index", dropna=False).reindex(columns=list(MOODS.values()))
    sizes = known["group"].value_counts()
    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.5 * len(shares)))
    _heat(axes, shares.to_numpy(), "{:.0%}", limits=(0, 1))
    axes.set_xticks(range(len(shares.columns)), shares.columns)
    axes.set_yticks(range(len(shares)), [f"{name} ({sizes[name]})" for name in shares.index])
    axes.set_title("Moods of each group, as shares of its tracks")
    return figure


def direction_figure(found: Directions) -> Figure:
    """Return how well a line explains each attribute, and the angles between the lines."""
    names = [name.replace("_", " ") for name in found.explained.index]
    height = 1.4 + 0.36 * len(names)
    figure, (bars, angles) = plt.subplots(1, 2, figsize=(12, height), width_ratios=(2, 3))
    drawn = bars.barh(names, found.explained.clip(lower=0), color=PALETTE[0])
    bars.bar_label(drawn, fmt="%.2f", padding=3)
    bars.invert_yaxis()
    bars.set_xlim(0, 1)
    bars.set_xlabel("explained share of the variance of other tracks")
    bars.set_title("How well a line in the space explains an attribute")
    _heat(angles, found.cosines.to_numpy(), "{:.1f}", limits=(-1, 1), colours=DIVERGING)
    angles.set_xticks(range(len(names)), names, rotation=60, ha="right")
    angles.set_yticks(range(len(names)), names)
    angles.set_title("Cosine of the angle between two lines")
    return figure


def _heat(axes: Axes, values: np.ndarray, text: str, *, limits: tuple[float, float], colours: str = SEQUENTIAL) -> None:
    """Draw a matrix with its numbers, legible on each colour."""
    axes.imshow(values, cmap=colours, vmin=limits[0], vmax=limits[1], aspect="auto")
    axes.grid(visible=False)
    for (row, column), value in np.ndenumerate(values):
        dark = abs(value) > DARK_CELL * 1.3 if colours == DIVERGING else value < DARK_CELL
        shown = text.format(value if abs(value) >= SMALLEST_SHOWN else 0).replace("-", "−")
        axes.text(column, row, shown, ha="center", va="center", color="white" if dark else "black")
